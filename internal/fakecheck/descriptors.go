//go:build linux

package main

import (
	"os"

	"golang.org/x/sys/unix"
)

// A program may close what it did not open: daemons and shells do.
var descriptorChecks = []check{
	{"descriptors-close-range", descriptorsCloseRange},
	{"descriptors-closed-in-turn", descriptorsClosedInTurn},
	{"descriptors-replaced", descriptorsReplaced},
	{"descriptors-none-open", descriptorsNoneOpen},
}

// works is what must go on to work.
func works() {
	owned("f", 5, 6, 0o4711)
	is("f", "5:6 104711")
	must("mknod", unix.Mknod("b", unix.S_IFBLK|0o600, 0x701))
	isDevice("b", "0:0 060600", 7, 1)
}

func descriptorsCloseRange() {
	must("close_range", unix.CloseRange(3, 1<<31-1, 0))
	works()
}

func descriptorsClosedInTurn() {
	for fd := 3; fd < 1024; fd++ {
		unix.Close(fd) // most are not open
	}
	works()
}

// descriptorsReplaced: all numbers are taken by files of the program's own.
func descriptorsReplaced() {
	for fd := 3; fd < 1024; fd++ {
		must("dup3", unix.Dup3(1, fd, unix.O_CLOEXEC))
	}
	works()
}

// descriptorsNoneOpen: not even the standard ones, across an exec.
func descriptorsNoneOpen() {
	program("p")
	r, w, err := os.Pipe()
	must("pipe", err)
	p, err := os.StartProcess("./p", []string{"p", "-ids"}, &os.ProcAttr{Files: []*os.File{nil, w}})
	must("exec", err)
	w.Close()
	buf := make([]byte, 100)
	n, _ := r.Read(buf)
	p.Wait()
	same("ids", string(buf[:n]), "0 0 0, 0 0 0\n")
}
