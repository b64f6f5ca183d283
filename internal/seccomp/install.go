//go:build linux

package seccomp

import (
	"errors"
	"fmt"

	"github.com/catbox-go/catbox/internal/sys"
	"golang.org/x/sys/unix"
)

// ListenerFlags ask for a listener whose calls are not interrupted once they
// are received, but by a fatal signal (Linux 5.19).
const ListenerFlags = unix.SECCOMP_FILTER_FLAG_NEW_LISTENER | unix.SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV

// ErrNested is the reason why there is no listener: the thread is below one already.
var ErrNested = errors.New("this process is under another seccomp listener (catbox, a container runtime), and there can be only one")

// Install puts the filter on the calling thread, and on what it will fork and
// execute. Other threads of the process go on without, so the caller is locked
// to its thread (runtime.LockOSThread) and executes next, or ends with it. It
// needs no_new_privs or CAP_SYS_ADMIN, else EACCES; for what comes after exec
// no_new_privs must be set in any case.
//
// With SECCOMP_FILTER_FLAG_NEW_LISTENER among the flags it returns the
// listener, which is closed on exec; else -1. A chain of filters can have one
// listener only: under catbox, or a container runtime that uses one, the error
// is EBUSY and ErrNested. A kernel that lacks a flag gives EINVAL.
func Install(prog []unix.SockFilter, flags uintptr) (listener int, err error) {
	if len(prog) == 0 || len(prog) > maxProgram {
		return -1, fmt.Errorf("seccomp: a filter has 1 to %d instructions, not %d", maxProgram, len(prog))
	}
	listener, err = sys.SeccompSetModeFilter(flags, prog)
	switch {
	case errors.Is(err, unix.EBUSY):
		return -1, fmt.Errorf("%w: %w", ErrNested, err)
	case err != nil:
		return -1, err
	case flags&unix.SECCOMP_FILTER_FLAG_NEW_LISTENER == 0:
		return -1, nil
	}
	return listener, nil
}
