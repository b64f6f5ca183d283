package sys

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// SeccompData is struct seccomp_data: the call that a filter looked at.
type SeccompData struct {
	NR                 int32
	Arch               uint32
	InstructionPointer uint64
	Args               [6]uint64
}

// Notification is struct seccomp_notif (seccomp_unotify(2)).
type Notification struct {
	ID uint64
	// PID is the thread's id in the pid namespace of the receiver, 0 if it has none there.
	PID   uint32
	Flags uint32
	Data  SeccompData
}

// Response is struct seccomp_notif_resp. Error is negative or 0.
type Response struct {
	ID    uint64
	Val   int64
	Error int32
	Flags uint32
}

// addFD is struct seccomp_notif_addfd.
type addFD struct {
	id         uint64
	flags      uint32
	srcfd      uint32
	newfd      uint32
	newfdFlags uint32
}

// SeccompSetModeFilter puts a filter on the calling thread. With
// SECCOMP_FILTER_FLAG_NEW_LISTENER it returns the listener's descriptor.
func SeccompSetModeFilter(flags uintptr, prog []unix.SockFilter) (int, error) {
	fprog := unix.SockFprog{Len: uint16(len(prog)), Filter: unsafe.SliceData(prog)}
	fd, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, flags, uintptr(unsafe.Pointer(&fprog)))
	return int(fd), named("seccomp", errno)
}

// FilterAndExec puts a filter on the calling thread, which the caller has locked, and
// executes the program, with no other system call in between: the filter may refuse
// any that Go's runtime makes. It needs no_new_privs. It returns only on failure.
func FilterAndExec(prog []unix.SockFilter, path string, args, env []string) error {
	name, err1 := unix.BytePtrFromString(path)
	argv, err2 := syscall.SlicePtrFromStrings(args)
	envp, err3 := syscall.SlicePtrFromStrings(env)
	if err1 != nil || err2 != nil || err3 != nil {
		return named("execve", unix.EINVAL)
	}
	fprog := unix.SockFprog{Len: uint16(len(prog)), Filter: unsafe.SliceData(prog)}
	_, _, errno := unix.RawSyscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, 0, uintptr(unsafe.Pointer(&fprog)))
	if errno != 0 {
		return named("seccomp", errno)
	}
	_, _, errno = unix.RawSyscall(unix.SYS_EXECVE, uintptr(unsafe.Pointer(name)), uintptr(unsafe.Pointer(&argv[0])), uintptr(unsafe.Pointer(&envp[0])))
	return named("execve", errno)
}

// NotifyReceive waits for a notification. ENOENT means that the target was
// gone before it was received, or that no process uses the filter any more.
// EINTR is for the caller: the receiver's thread has its signals blocked.
func NotifyReceive(listener int, n *Notification) error {
	*n = Notification{} // the kernel refuses a structure that is not zeroed
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(listener), unix.SECCOMP_IOCTL_NOTIF_RECV, uintptr(unsafe.Pointer(n)))
	if errno != 0 {
		return errno
	}
	return nil
}

// NotifySend answers a notification. It does not block.
func NotifySend(listener int, r *Response) error {
	_, _, errno := unix.RawSyscall(unix.SYS_IOCTL, uintptr(listener), unix.SECCOMP_IOCTL_NOTIF_SEND, uintptr(unsafe.Pointer(r)))
	if errno != 0 {
		return errno
	}
	return nil
}

// NotifyValid tells whether the call with this id is still waiting.
func NotifyValid(listener int, id uint64) bool {
	_, _, errno := unix.RawSyscall(unix.SYS_IOCTL, uintptr(listener), unix.SECCOMP_IOCTL_NOTIF_ID_VALID, uintptr(unsafe.Pointer(&id)))
	return errno == 0
}

// NotifyAddFD installs srcfd in the target as its lowest free descriptor, or as
// newfd if that is not negative, and returns its number there. With send, the
// call is answered with that number in the same step.
func NotifyAddFD(listener int, id uint64, srcfd, newfd int, cloexec, send bool) (int, error) {
	a := addFD{id: id, srcfd: uint32(srcfd)}
	if newfd >= 0 {
		a.flags |= unix.SECCOMP_ADDFD_FLAG_SETFD
		a.newfd = uint32(newfd)
	}
	if send {
		a.flags |= unix.SECCOMP_ADDFD_FLAG_SEND
	}
	if cloexec {
		a.newfdFlags = unix.O_CLOEXEC
	}
	fd, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(listener), unix.SECCOMP_IOCTL_NOTIF_ADDFD, uintptr(unsafe.Pointer(&a)))
	if errno != 0 {
		return -1, errno
	}
	return int(fd), nil
}

// NotifySetFlags sets SECCOMP_USER_NOTIF_FD_ flags. The ioctl takes them by
// value (Linux 6.6); an older kernel gives EINVAL.
func NotifySetFlags(listener int, flags uintptr) error {
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(listener), unix.SECCOMP_IOCTL_NOTIF_SET_FLAGS, flags)
	return named("ioctl SECCOMP_IOCTL_NOTIF_SET_FLAGS", errno)
}
