//go:build amd64

package attack

import (
	"fmt"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// withoutCall puts this process under a filter that makes the kernel look as if
// it lacked something.
func withoutCall(what string) error {
	ret := func(errno unix.Errno) unix.SockFilter {
		return unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ERRNO | uint32(errno)}
	}
	load := func(offset uint32) unix.SockFilter {
		return unix.SockFilter{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: offset}
	}
	unless := func(op uint16, k uint32) unix.SockFilter {
		return unix.SockFilter{Code: unix.BPF_JMP | op | unix.BPF_K, K: k, Jt: 0, Jf: 1}
	}
	allow := unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW}
	var prog []unix.SockFilter
	switch what {
	case "landlock":
		prog = []unix.SockFilter{load(0), unless(unix.BPF_JEQ, unix.SYS_LANDLOCK_CREATE_RULESET), ret(unix.ENOSYS), allow}
	case "close_range":
		prog = []unix.SockFilter{load(0), unless(unix.BPF_JEQ, unix.SYS_CLOSE_RANGE), ret(unix.ENOSYS), allow}
	case "listener": // seccomp's flags are its second argument, at 24
		prog = []unix.SockFilter{load(0), {Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: unix.SYS_SECCOMP, Jt: 0, Jf: 3},
			load(24), unless(unix.BPF_JSET, unix.SECCOMP_FILTER_FLAG_NEW_LISTENER), ret(unix.EINVAL), allow}
	default:
		return fmt.Errorf("nobody knows what %s is", what)
	}
	// Both are to be done by one thread: seccomp(2) refuses a thread without the
	// attribute (EACCES), and only then gives the filter and the attribute to all.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	fprog := unix.SockFprog{Len: uint16(len(prog)), Filter: &prog[0]}
	thread, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&fprog)))
	switch {
	case errno != 0:
		return errno
	case thread != 0:
		return fmt.Errorf("thread %d has a filter that the others have not", thread)
	}
	return nil
}
