//go:build linux

package main

import (
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// becomeSubreaper makes the orphans of measured commands our children.
// bubblewrap, for one, ends without waiting for the init of its pid namespace,
// whose processor time would otherwise be nobody's.
func becomeSubreaper() error {
	return os.NewSyscallError("prctl", unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0))
}

// reapOrphans waits for what a command has left behind, so that it does not run
// into the next measurement, and returns its processor time. What has not ended
// after the grace is killed. The caller has no other children at this time.
func reapOrphans(grace time.Duration) (user, sys time.Duration) {
	deadline := time.Now().Add(grace)
	for {
		var ru syscall.Rusage
		pid, err := syscall.Wait4(-1, nil, syscall.WNOHANG, &ru)
		switch {
		case err == syscall.EINTR:
		case err != nil: // ECHILD: none are left
			return user, sys
		case pid > 0:
			user += time.Duration(ru.Utime.Nano())
			sys += time.Duration(ru.Stime.Nano())
		case time.Now().After(deadline):
			killChildren()
			fallthrough
		default:
			time.Sleep(100 * time.Microsecond)
		}
	}
}

// killChildren can't hit a stranger: the number of a child that was not waited
// for is not given away again.
func killChildren() {
	for _, pid := range children(os.Getpid()) {
		syscall.Kill(pid, syscall.SIGKILL)
	}
}
