package main

import (
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"
)

// foreground is the controlling terminal, if catbox had it when it started. A
// command that makes itself a process group and takes the terminal, as a shell
// does, may end without giving it back; one that is killed, without setting the
// modes back, as an editor does.
type foreground struct {
	tty   *os.File // nil: nothing to give back
	group int
	modes *unix.Termios
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
	modes, err := unix.IoctlGetTermios(int(tty.Fd()), unix.TCGETS)
	if err != nil {
		modes = nil
	}
	return foreground{tty, group, modes}
}

// restore takes the terminal back when the run is over, unless others have it
// now: in the background it is the shell's. After a command that was killed it
// sets the modes too, as a shell does for its own commands (bash(1) sees catbox
// exit, and keeps what it finds).
func (f foreground) restore(killed bool) {
	if f.tty == nil {
		return
	}
	defer f.tty.Close()
	// To take the terminal from the background raises SIGTTOU, which would stop catbox.
	signal.Ignore(syscall.SIGTTOU)
	defer signal.Reset(syscall.SIGTTOU)
	if f.takeBack() && killed && f.modes != nil {
		_ = unix.IoctlSetTermios(int(f.tty.Fd()), unix.TCSETS, f.modes)
	}
}

// takeBack tells whether catbox's group has the terminal afterwards.
func (f foreground) takeBack() bool {
	group, err := unix.IoctlGetInt(int(f.tty.Fd()), unix.TIOCGPGRP)
	if err != nil || group == f.group {
		return err == nil
	}
	// Every group of the run is gone by now; one that is there is another's.
	if err := unix.Kill(-group, 0); err != unix.ESRCH {
		return false
	}
	return unix.IoctlSetPointerInt(int(f.tty.Fd()), unix.TIOCSPGRP, f.group) == nil
}
