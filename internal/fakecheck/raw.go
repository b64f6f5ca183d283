//go:build linux

package main

import (
	"reflect"
	"runtime"

	"golang.org/x/sys/unix"
)

// raw makes a system call that x/sys/unix has no function for. An argument is
// an int, a string (a path) or a pointer; pointers are kept alive until the call
// is over, and what an interface points to is on the heap, which does not move.
func raw(nr uintptr, args ...any) (int, error) {
	var regs [6]uintptr
	keep := make([]any, len(args))
	for i, arg := range args {
		regs[i], keep[i] = register(arg)
	}
	value, _, errno := unix.Syscall6(nr, regs[0], regs[1], regs[2], regs[3], regs[4], regs[5])
	runtime.KeepAlive(keep)
	if errno != 0 {
		return -1, errno
	}
	return int(value), nil
}

func register(arg any) (uintptr, any) {
	switch a := arg.(type) {
	case int:
		return uintptr(a), nil
	case string:
		p, err := unix.BytePtrFromString(a)
		must("path "+a, err)
		return address(p), p
	}
	return address(arg), arg
}

// address is that of what p points to.
func address(p any) uintptr { return reflect.ValueOf(p).Pointer() }
