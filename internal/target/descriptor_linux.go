package target

import "golang.org/x/sys/unix"

// descriptor takes a descriptor of the thread over. /proc shows those of another
// user to nobody but that one (proc_pid_fd(5)); this asks for the rights of
// ptrace(2), which the owner of a user namespace has over all of its ids.
func (t Thread) descriptor(fd int32) (int, unix.Errno) {
	pidfd, err := unix.PidfdOpen(int(t), unix.PIDFD_THREAD)
	if err == unix.EINVAL { // before Linux 6.9 only a process has one
		pidfd, err = unix.PidfdOpen(int(t), 0)
	}
	if err != nil {
		return -1, unix.EBADF
	}
	defer unix.Close(pidfd)
	own, err := unix.PidfdGetfd(pidfd, int(fd), 0)
	if err != nil {
		return -1, unix.EBADF
	}
	return own, 0
}
