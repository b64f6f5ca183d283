package stage

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/sys"
)

// dropCaps takes all capabilities but keep from the calling thread and from
// all that it starts, by every set of capabilities(7). The thread itself has those
// in still, until dropStill.
func dropCaps(keep, still uint64) error {
	have, err := sys.Caps()
	if err != nil {
		return err
	}
	if have&(1<<unix.CAP_SETPCAP) != 0 {
		if err := dropBounding(keep); err != nil {
			return err
		}
	}
	if err := unix.Prctl(unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0); err != nil {
		return os.NewSyscallError("prctl PR_CAP_AMBIENT", err)
	}
	return sys.SetCaps(have&(keep|still), have&(keep|still), 0)
}

// admin is what a filter is put on with by one whose programs may get privileges (seccomp(2)).
const admin = 1 << unix.CAP_SYS_ADMIN

// dropStill takes the capability too that the filter was put on with.
func (in *initProcess) dropStill() error {
	if !in.spec.NewPrivs {
		return nil
	}
	have, err := sys.Caps()
	if err != nil {
		return err
	}
	return sys.SetCaps(have&^admin, have&^admin, 0)
}

func dropBounding(keep uint64) error {
	for c := uintptr(0); c < 64; c++ {
		if keep&(1<<c) != 0 {
			continue
		}
		err := unix.Prctl(unix.PR_CAPBSET_DROP, c, 0, 0, 0)
		if err == unix.EINVAL {
			return nil // past the last capability that this kernel has
		}
		if err != nil {
			return os.NewSyscallError("prctl PR_CAPBSET_DROP", err)
		}
	}
	return nil
}

// writableStdio returns those of the descriptors 0 to 2 that are regular files
// open for writing: the caller gave them, so opening them again by
// /dev/stdout and the like is no more than what is given.
func writableStdio() []int {
	var fds []int
	for fd := range 3 {
		var st unix.Stat_t
		if unix.Fstat(fd, &st) != nil || st.Mode&unix.S_IFMT != unix.S_IFREG {
			continue
		}
		flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
		if err == nil && flags&unix.O_ACCMODE != unix.O_RDONLY {
			fds = append(fds, fd)
		}
	}
	return fds
}

// installFilter puts the filter on the calling thread. A kernel that cannot keep
// signals away from calls that were received (before Linux 5.19) does without.
func installFilter(flags uintptr, prog []unix.SockFilter) (int, error) {
	fd, err := sys.SeccompSetModeFilter(flags, prog)
	if errors.Is(err, unix.EINVAL) && flags&unix.SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV != 0 {
		return sys.SeccompSetModeFilter(flags&^unix.SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, prog)
	}
	return fd, err
}
