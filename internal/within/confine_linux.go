package within

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/landlock"
	"github.com/catbox-go/catbox/internal/sys"
)

// confine confines the calling thread, and all that it starts from then on. It
// returns the filter's listener.
func (s *Spec) confine() (int, error) {
	if err := dropCaps(s.Caps); err != nil {
		return -1, err
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return -1, os.NewSyscallError("prctl PR_SET_NO_NEW_PRIVS", err)
	}
	if s.Landlock != nil {
		if err := landlock.Restrict(s.Landlock.rules()); err != nil {
			return -1, err
		}
	}
	fd, err := sys.SeccompSetModeFilter(s.Flags, s.Filter)
	if errors.Is(err, unix.EINVAL) {
		// Before Linux 5.19 signals cannot be kept away from calls that were received.
		return sys.SeccompSetModeFilter(s.Flags&^unix.SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, s.Filter)
	}
	return fd, err
}

func (r *Rules) rules() landlock.Rules {
	return landlock.Rules{
		Write: r.Write, Devices: r.Devices, Exec: r.Exec, AnyWrite: r.AnyWrite, Scope: r.Scope,
		WriteFiles: writableStdio(),
	}
}

// writableStdio returns those of the descriptors 0 to 2 that are regular files
// open for writing: opening them again is no more than what the caller gave.
func writableStdio() []int {
	var fds []int
	for fd := range 3 {
		var st unix.Stat_t
		flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
		if err != nil || flags&unix.O_ACCMODE == unix.O_RDONLY || unix.Fstat(fd, &st) != nil {
			continue
		}
		if st.Mode&unix.S_IFMT == unix.S_IFREG {
			fds = append(fds, fd)
		}
	}
	return fds
}

// dropCaps takes all capabilities but keep from the calling thread and what it
// starts, by every set of capabilities(7).
func dropCaps(keep uint64) error {
	have, err := sys.Caps()
	if err != nil {
		return err
	}
	for c := uintptr(0); c < 64 && have&(1<<unix.CAP_SETPCAP) != 0; c++ {
		if keep&(1<<c) != 0 {
			continue
		}
		err := unix.Prctl(unix.PR_CAPBSET_DROP, c, 0, 0, 0)
		if err == unix.EINVAL {
			break // past the last capability that this kernel has
		}
		if err != nil {
			return os.NewSyscallError("prctl PR_CAPBSET_DROP", err)
		}
	}
	if err := unix.Prctl(unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0); err != nil {
		return os.NewSyscallError("prctl PR_CAP_AMBIENT", err)
	}
	return sys.SetCaps(have&keep, have&keep, 0)
}
