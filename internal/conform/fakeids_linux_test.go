package conform

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/testenv"
)

// capabilitiesProgram asks by every version of the structures.
func capabilitiesProgram(r *recorder) {
	for _, version := range []uint32{0x19980330, 0x20071026, 0x20080522, 0, 0x12345678} {
		for _, pid := range []int{0, -1, 1, os.Getpid(), 999999} {
			head := shown{fmt.Sprintf("%x %d", version, min(pid, 2)), uint32s(version, uint32(pid))}
			data := buffer(24)
			value, errno := invoke("capget", head, data)
			sets := ""
			if errno == 0 && version != 0 && pid != 1 { // the first process is not the same one
				sets = capSets(data.data, version)
			}
			r.plain(text("capget", head), fmt.Sprint(result(value, errno), " ", sets))
			_, errno = invoke("capget", head, nil)
			r.plain(text("capget", head, nil), errnoText(errno)+fmt.Sprintf(" %x", head.data[:4]))
		}
	}
	for _, p := range []any{nil, address{"8", 8}} {
		r.say("capget", p, buffer(24))
		r.say("capset", p, buffer(24))
		r.say("capget", shown{"head", uint32s(0x20080522, 0)}, address{"8", 8})
	}
}

// deniedToOracle are the capabilities that the tests' own root has not got, of
// the first 32: a container is often without CAP_SYS_RESOURCE.
func deniedToOracle() uint32 {
	n, _ := strconv.ParseUint(os.Getenv(deniedVariable), 16, 32)
	return uint32(n)
}

// capSets leaves out what only the oracle was denied.
func capSets(b []byte, version uint32) string {
	words := 6
	if version == 0x19980330 {
		words = 3
	}
	var s []string
	for i := range words {
		v := binary.NativeEndian.Uint32(b[4*i:])
		if i < 3 {
			v &^= deniedToOracle()
		}
		s = append(s, fmt.Sprintf("%x", v))
	}
	return strings.Join(s, " ")
}

// apart runs a helper in a process of its own and notes its lines.
func (r *recorder) apart(helper string, args ...string) {
	self, err := os.Executable()
	must(err)
	c := exec.Command(self)
	c.Args, c.Stderr = testenv.HelperArgs(helper, args...), os.Stderr
	out, err := c.Output()
	r.plain(helper+" "+strings.Join(args, " "), err)
	for i, l := range strings.Split(strings.TrimSpace(string(out)), "\n") {
		do, got, _ := strings.Cut(l, ": ")
		r.plain(fmt.Sprint(helper, args, i, " ", do), got)
	}
}

func idsProgram(r *recorder) {
	for seed := range 60 {
		r.apart("ids", strconv.Itoa(seed))
	}
}

// someIDs are tried as arguments of the calls that change ids.
var someIDs = []int{0, 0, 1, 2, 3, -1, 65534, 65535, 70000, 1 << 31, -2}

// runIDs is the helper "ids": random changes of ids, and who it is then.
func runIDs(args []string) int {
	runtime.LockOSThread()
	seed, err := strconv.Atoi(args[0])
	must(err)
	rnd := rand.New(rand.NewPCG(uint64(seed), 7))
	id := func() int { return someIDs[rnd.IntN(len(someIDs))] }
	tell := func(name string, args ...any) {
		value, errno := invoke(name, args...)
		fmt.Printf("%s: %s\n", text(name, args...), result(value, errno))
		fmt.Printf("then: %s\n", whoami())
	}
	for range 12 {
		switch rnd.IntN(10) {
		case 0:
			tell("setuid", id())
		case 1:
			tell("setgid", id())
		case 2:
			tell("setreuid", id(), id())
		case 3:
			tell("setregid", id(), id())
		case 4:
			tell("setresuid", id(), id(), id())
		case 5:
			tell("setresgid", id(), id(), id())
		case 6:
			tell("setfsuid", id())
		case 7:
			tell("setfsgid", id())
		case 8:
			groups := make([]uint32, rnd.IntN(5))
			for i := range groups {
				groups[i] = uint32(max(0, id()))
			}
			tell("setgroups", len(groups), shown{fmt.Sprint(groups), uint32s(groups...)})
		case 9:
			keep := rnd.Uint64() & (1<<(unix.CAP_LAST_CAP+1) - 1)
			if rnd.IntN(2) == 0 {
				keep |= 1<<unix.CAP_SETUID | 1<<unix.CAP_SETGID | 1<<unix.CAP_SETPCAP
			}
			keep &^= uint64(deniedToOracle())
			sets := []uint64{keep & rnd.Uint64(), keep, keep & rnd.Uint64()}
			var data []uint32
			for word := range 2 {
				for _, s := range sets {
					data = append(data, uint32(s>>(32*word)))
				}
			}
			tell("capset", shown{"head", uint32s(0x20080522, 0)}, shown{fmt.Sprintf("%x", sets), uint32s(data...)})
		}
	}
	return 0
}

// whoami asks for all ids, groups and capabilities.
func whoami() string {
	var ids [6]uint32
	invoke("getresuid", address{"", uintptr(unsafe.Pointer(&ids[0]))}, address{"", uintptr(unsafe.Pointer(&ids[1]))}, address{"", uintptr(unsafe.Pointer(&ids[2]))})
	invoke("getresgid", address{"", uintptr(unsafe.Pointer(&ids[3]))}, address{"", uintptr(unsafe.Pointer(&ids[4]))}, address{"", uintptr(unsafe.Pointer(&ids[5]))})
	uid, _ := invoke("getuid")
	euid, _ := invoke("geteuid")
	gid, _ := invoke("getgid")
	egid, _ := invoke("getegid")
	fsuid, _ := invoke("setfsuid", -1)
	fsgid, _ := invoke("setfsgid", -1)
	groups := shown{"", make([]byte, 64)}
	n, errno := invoke("getgroups", 16, groups)
	caps := shown{"", make([]byte, 24)}
	invoke("capget", shown{"", uint32s(0x20080522, 0)}, caps)
	return fmt.Sprint(ids, uid, euid, gid, egid, fsuid, fsgid, n, errno, fmt.Sprintf(" %x ", groups.data[:4*max(n, 0)]), capSets(caps.data, 0x20080522))
}
