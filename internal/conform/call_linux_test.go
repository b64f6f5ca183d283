package conform

import (
	"fmt"
	"strconv"
	"strings"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/abi"
)

// The arguments of a call are int (a number), string (a path or another
// string), []byte (a buffer), nil, address and named numbers.

// address is a pointer that is not one to a Go value.
type address struct {
	name string
	addr uintptr
}

// number is a number that differs from run to run, and has a name that does not.
type number struct {
	name  string
	value int
}

// shown is a buffer with what to print of it.
type shown struct {
	name string
	data []byte
}

// register is the argument as the kernel gets it. keep holds what it points to.
func register(arg any) (value uintptr, keep any) {
	switch a := arg.(type) {
	case nil:
		return 0, nil
	case int:
		return uintptr(a), nil
	case number:
		return uintptr(a.value), nil
	case address:
		return a.addr, nil
	case string:
		b := append([]byte(a), 0)
		return uintptr(unsafe.Pointer(&b[0])), b
	case []byte:
		return register(shown{data: a})
	case shown:
		if len(a.data) == 0 {
			a.data = make([]byte, 1)
		}
		return uintptr(unsafe.Pointer(&a.data[0])), a.data
	}
	panic(fmt.Sprintf("argument %T", arg))
}

// invoke makes the system call of this name.
func invoke(name string, args ...any) (int, syscall.Errno) {
	nr, ok := abi.Number(abi.Native()[0], name)
	if !ok {
		panic("no call " + name)
	}
	var regs [6]uintptr
	var keep [6]any
	for i, a := range args {
		regs[i], keep[i] = register(a)
	}
	value, errno := invokeKept(uintptr(nr), regs, &keep)
	return value, errno
}

// invokeKept keeps what the registers point to alive, and where it is: what is
// reached from keep is on the heap, which does not move.
//
//go:noinline
func invokeKept(nr uintptr, r [6]uintptr, keep *[6]any) (int, syscall.Errno) {
	value, _, errno := unix.Syscall6(nr, r[0], r[1], r[2], r[3], r[4], r[5])
	kept = keep
	return int(value), errno
}

var kept *[6]any

// text prints a call as strace(1) does.
func text(name string, args ...any) string {
	parts := make([]string, len(args))
	for i, a := range args {
		parts[i] = argText(a)
	}
	return name + "(" + strings.Join(parts, ", ") + ")"
}

func argText(arg any) string {
	switch a := arg.(type) {
	case nil:
		return "NULL"
	case int:
		if a == unix.AT_FDCWD {
			return "AT_FDCWD"
		}
		if a < 0 || a < 10 {
			return strconv.Itoa(a)
		}
		return "0x" + strconv.FormatInt(int64(a), 16)
	case number:
		return a.name
	case address:
		return a.name
	case shown:
		return a.name
	case []byte:
		return strconv.QuoteToASCII(string(a))
	case string:
		if len(a) > 100 {
			return fmt.Sprintf("%.20q...(%d bytes)", a, len(a))
		}
		return strconv.QuoteToASCII(a)
	}
	return "?"
}

func errnoText(errno syscall.Errno) string {
	if name := unix.ErrnoName(errno); name != "" {
		return name
	}
	return "errno " + strconv.Itoa(int(errno))
}
