package supervisor

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/abi"
	"github.com/catbox-go/catbox/internal/target"
)

// TestCredentialsAreTheKernels makes random calls that change credentials, by
// the kernel on a thread of its own and by setID and capset, and compares who
// that is after each. It takes root: nobody else can change them.
func TestCredentialsAreTheKernels(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Log("only real root can be compared with")
		return
	}
	var limit unix.Rlimit
	must(t, unix.Getrlimit(unix.RLIMIT_RTTIME, &limit))
	defer unix.Setrlimit(unix.RLIMIT_RTTIME, &limit)
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for seed := range uint64(400) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		must(t, unix.Setrlimit(unix.RLIMIT_RTTIME, &limit))
		k := newKernelThread()
		f := newFakeThread()
		f.caps = k.who().permitted
		var done []string
		for range 15 {
			c := randomChange(rnd, f.caps)
			done = append(done, c.String())
			want, got := k.do(c), f.do(c)
			if w, g := fmt.Sprint(want, k.who()), fmt.Sprint(got, f.who()); w != g {
				t.Fatalf("%v:\nkernel %s\nfake   %s", done, w, g)
			}
		}
		k.end()
	}
}

// change is a call that changes credentials.
type credChange struct {
	name string
	args [3]uint32
	data []byte // of setgroups and capset
}

func (c credChange) String() string { return fmt.Sprintf("%s%x%x", c.name, c.args, c.data) }

func randomChange(rnd *rand.Rand, caps uint64) credChange {
	some := []uint32{0, 0, 0, 1, 2, 1 << 16, ^uint32(0), ^uint32(0), ^uint32(1)}
	c := credChange{name: []string{"setuid", "setgid", "setreuid", "setregid", "setresuid", "setresgid", "setfsuid", "setfsgid", "setgroups", "capset"}[rnd.IntN(10)]}
	for i := range c.args {
		c.args[i] = some[rnd.IntN(len(some))]
	}
	switch c.name {
	case "setgroups":
		for range rnd.IntN(4) {
			c.data = binary.NativeEndian.AppendUint32(c.data, rnd.Uint32N(70000))
		}
		c.args[0] = uint32(len(c.data) / 4)
	case "capset":
		sets := [3]uint64{caps &^ (rnd.Uint64() & rnd.Uint64()), caps &^ (rnd.Uint64() & rnd.Uint64() & rnd.Uint64()), caps & rnd.Uint64()}
		for word := range 2 {
			for _, s := range sets {
				c.data = binary.NativeEndian.AppendUint32(c.data, uint32(s>>(32*word)))
			}
		}
	}
	return c
}

// registers are the arguments as the kernel gets them. What they point to is in c and head.
func (c *credChange) registers(head *[2]uint32) [3]uint64 {
	regs := [3]uint64{uint64(c.args[0]), uint64(c.args[1]), uint64(c.args[2])}
	data := uint64(uintptr(unsafe.Pointer(unsafe.SliceData(c.data))))
	switch c.name {
	case "setgroups":
		regs[1] = data
	case "capset":
		*head = [2]uint32{capsVersion3, 0}
		regs[0], regs[1] = uint64(uintptr(unsafe.Pointer(head))), data
	}
	return regs
}

// person is what is compared of credentials.
type person struct {
	uid, gid                        ids
	groups                          []uint32
	effective, permitted, inherited uint64
}

// kernelThread is a thread whose credentials change: they are each thread's own.
type kernelThread struct{ work chan func() }

func newKernelThread() kernelThread {
	k := kernelThread{make(chan func())}
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends
		for f := range k.work {
			f()
		}
	}()
	k.on(func() { _ = unix.Prctl(unix.PR_SET_SECUREBITS, 0, 0, 0, 0); rawSetgroups([]uint32{0}) })
	return k
}

func rawSetgroups(groups []uint32) {
	unix.RawSyscall(unix.SYS_SETGROUPS, uintptr(len(groups)), uintptr(unsafe.Pointer(unsafe.SliceData(groups))), 0)
}

func (k kernelThread) on(f func()) {
	done := make(chan struct{})
	k.work <- func() { f(); close(done) }
	<-done
}

func (k kernelThread) end() { close(k.work) }

func (k kernelThread) do(c credChange) (s string) {
	k.on(func() {
		head := new([2]uint32)
		regs := c.registers(head)
		nr, _ := abi.Number(abi.Native()[0], c.name)
		value, _, errno := unix.RawSyscall(uintptr(nr), uintptr(regs[0]), uintptr(regs[1]), uintptr(regs[2]))
		runtime.KeepAlive(c.data)
		if s = fmt.Sprint(value); errno != 0 {
			s = errno.Error()
		}
	})
	return s
}

func (k kernelThread) who() (p person) {
	k.on(func() {
		three := func(nr uintptr) (i ids) {
			unix.RawSyscall(nr, uintptr(unsafe.Pointer(&i.real)), uintptr(unsafe.Pointer(&i.effective)), uintptr(unsafe.Pointer(&i.saved)))
			return i
		}
		fs := func(nr uintptr) uint32 { v, _, _ := unix.RawSyscall(nr, ^uintptr(0), 0, 0); return uint32(v) }
		p.uid, p.gid = three(unix.SYS_GETRESUID), three(unix.SYS_GETRESGID)
		p.uid.fs, p.gid.fs = fs(unix.SYS_SETFSUID), fs(unix.SYS_SETFSGID)
		buf := make([]uint32, 64)
		n, _, _ := unix.RawSyscall(unix.SYS_GETGROUPS, 64, uintptr(unsafe.Pointer(&buf[0])), 0)
		p.groups = append(p.groups, buf[:n]...)
		head, data := [2]uint32{capsVersion3, 0}, [6]uint32{}
		unix.RawSyscall(unix.SYS_CAPGET, uintptr(unsafe.Pointer(&head)), uintptr(unsafe.Pointer(&data)), 0)
		p.effective = uint64(data[0]) | uint64(data[3])<<32
		p.permitted = uint64(data[1]) | uint64(data[4])<<32
		p.inherited = uint64(data[2]) | uint64(data[5])<<32
	})
	return p
}

// fakeThread is this thread, as a fake root sees it.
type fakeThread struct {
	r    *receiver
	tid  target.Thread
	caps uint64 // that the kernel's thread has at most
}

func newFakeThread() *fakeThread {
	f := &FakeRoot{}
	return &fakeThread{r: &receiver{s: &Supervisor{Config: Config{Fake: f}}}, tid: target.Thread(unix.Gettid())}
}

func (f *fakeThread) do(c credChange) string {
	head := new([2]uint32)
	row, _ := abi.ByName(c.name)
	h := &held{s: f.r.s, thread: f.tid, arch: abi.Native()[0], row: row, name: c.name}
	regs := c.registers(head)
	copy(h.args[:], regs[:])
	a := Answer{}
	if c.name == "capset" {
		a = f.r.caps(h)
	} else {
		a = f.r.setID(h)
	}
	runtime.KeepAlive(c.data)
	if a.kind == answerReturn && a.errno == 0 {
		return fmt.Sprint(a.value)
	}
	return a.errno.Error()
}

func (f *fakeThread) who() person {
	c := f.r.s.Fake.creds.of(f.tid)
	return person{c.uid, c.gid, c.groups, c.effective & f.caps, c.permitted & f.caps, c.inherited & f.caps}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
