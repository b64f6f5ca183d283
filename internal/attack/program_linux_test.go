//go:build amd64

package attack

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// program is one hostile act. It returns nil if, as far as it can see, the act succeeded.
type program func(target) error

// programs are all acts by name.
var programs = map[string]program{}

func init() {
	for _, family := range []map[string]program{openPrograms, treePrograms, metadataPrograms, racePrograms, descriptorPrograms,
		linkPrograms, processPrograms, socketPrograms, filterPrograms, otherPrograms, specialPrograms,
		rootPrograms, chrootPrograms, metadataRaces} {
		maps.Copy(programs, family)
	}
}

// runProgram plays a hostile program. "done" is what rows about the filter look for.
func runProgram(name string, args []string) int {
	var t target
	if err := json.Unmarshal([]byte(args[0]), &t); err != nil {
		fmt.Println("bad target:", err)
		return 2
	}
	if t.Benign {
		contestTime = twinTime
	}
	if t.Group {
		must(unix.Setgid(12345))
	}
	act := programs[name]
	if act == nil {
		fmt.Println("no such program:", name)
		return 2
	}
	if err := act(t); err != nil {
		fmt.Println("refused:", err)
		return 1
	}
	fmt.Println("done")
	return 0
}

func (t target) f() string                  { return t.Dir + "/f" }
func (t target) in(name string) string      { return t.Dir + "/" + name }
func (t target) scratch(name string) string { return t.Home + "/" + name }

// call makes a system call; pointers are given as such, so that they stay alive.
func call(nr uintptr, args ...any) (uintptr, error) {
	var a [6]uintptr
	for i, arg := range args {
		switch v := arg.(type) {
		case int:
			a[i] = uintptr(v)
		case uintptr:
			a[i] = v
		case uint64:
			a[i] = uintptr(v)
		case string:
			a[i] = uintptr(unsafe.Pointer(cstring(v)))
		case unsafe.Pointer:
			a[i] = uintptr(v)
		default:
			panic(fmt.Sprintf("argument of type %T", arg))
		}
	}
	r, _, errno := unix.Syscall6(nr, a[0], a[1], a[2], a[3], a[4], a[5])
	if errno != 0 {
		return r, errno
	}
	return r, nil
}

// kept keeps what is passed to the kernel by address from being collected.
var kept []*byte

func cstring(s string) *byte {
	p, err := unix.BytePtrFromString(s)
	if err != nil {
		panic(err)
	}
	kept = append(kept, p)
	return p
}

// acts makes a program of a system call with fixed arguments.
func acts(do func(t target) (uintptr, error)) program {
	return func(t target) error {
		_, err := do(t)
		return err
	}
}

// scribble writes to a descriptor and closes it.
func scribble(fd int, err error) error {
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	_, err = unix.Write(fd, []byte("hacked\n"))
	return err
}

func readOnly(path string, do func(fd int) error) error {
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	return do(fd)
}

func must(err error) {
	if err != nil {
		fmt.Println("preparation failed:", err)
		os.Exit(3)
	}
}
