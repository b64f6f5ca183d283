package main

import (
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"
)

// foreground is the controlling terminal, if catbox had it when it started. A
// command that makes itself a process group and takes the terminal, as a shell
// does, may end without giving it back.
type foreground struct {
	tty   *os.File // nil: nothing to give back
	group int
}

func takeForeground() foreground {
	tty, err := os.OpenFile("/dev/tty", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		return foreground{}
	}
	group, err := unix.IoctlGetInt(int(tty.Fd()), unix.TIOCGPGRP)
	if err != nil || group != unix.Getpgrp() {
		tty.Close()
		return foreground{}
	}
	return foreground{tty, group}
}

func (f foreground) restore() {
	if f.tty == nil {
		return
	}
	defer f.tty.Close()
	if group, err := unix.IoctlGetInt(int(f.tty.Fd()), unix.TIOCGPGRP); err != nil || group == f.group {
		return
	}
	// To take the terminal from the background raises SIGTTOU, which would stop catbox.
	signal.Ignore(syscall.SIGTTOU)
	_ = unix.IoctlSetPointerInt(int(f.tty.Fd()), unix.TIOCSPGRP, f.group)
	signal.Reset(syscall.SIGTTOU)
}
