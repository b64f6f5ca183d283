package features

import (
	"os"

	"golang.org/x/sys/unix"
)

// A hostWithout is a host on which a feature does not work, or cannot be probed. It is made in a process that is root in
// user and mount namespaces of its own.
type hostWithout struct {
	feature, name string
	conclusive    bool
	cause         unix.Errno // 0: any, or none
	host          func() error
}

const yes, cannotTell = true, false

func cloneWith(flag uint32, answer unix.Errno) rule {
	return rule{unix.SYS_CLONE, 0, flag, flag, answer}
}

func always(call uint32, answer unix.Errno) rule { return rule{call: call, answer: answer} }

// with is a refusal of calls whose argument has these bits.
func with(call uint32, arg int, bits uint32, answer unix.Errno) rule {
	return rule{call, arg, bits, bits, answer}
}

// done is the answer of a filter that pretends success.
const done = unix.Errno(0)

const mounting = unix.MS_NOSUID | unix.MS_NODEV // flags of the tmpfs mount

var refusals = []hostWithout{
	{"user namespaces", "clone", yes, unix.EPERM, rules(cloneWith(unix.CLONE_NEWUSER, unix.EPERM))},
	{"user namespaces", "not built in", yes, unix.EINVAL, rules(cloneWith(unix.CLONE_NEWUSER, unix.EINVAL))},
	{"user namespaces", "no power inside", yes, unix.EPERM, rules(with(unix.SYS_UNSHARE, 0, unix.CLONE_NEWNS, unix.EPERM))},
	{"user namespaces", "no mounts inside", yes, unix.EPERM, rules(always(unix.SYS_MOUNT, unix.EPERM))},
	{"user namespaces", "no memory", cannotTell, unix.ENOMEM, rules(cloneWith(unix.CLONE_NEWUSER, unix.ENOMEM))},
	{"user namespaces", "limit reached", cannotTell, unix.ENOSPC, rules(cloneWith(unix.CLONE_NEWUSER, unix.ENOSPC))},
	{"user namespaces", "no processes at all", cannotTell, unix.EPERM, rules(cloneWith(unix.CLONE_NEWUSER, unix.EPERM), cloneWith(unix.CLONE_VFORK, unix.EPERM))},
	{"user namespaces", "limit is 0", yes, unix.ENOSPC, noMoreUserNamespaces},
	{"mount namespaces", "no user namespace", yes, unix.EPERM, rules(cloneWith(unix.CLONE_NEWUSER, unix.EPERM))},
	{"mount namespaces", "no open_tree", yes, unix.ENOSYS, rules(always(unix.SYS_OPEN_TREE, unix.ENOSYS))},
	{"mount namespaces", "no mount_setattr", yes, unix.EPERM, rules(always(unix.SYS_MOUNT_SETATTR, unix.EPERM))},
	{"mount namespaces", "no move_mount", yes, unix.ENOSYS, rules(always(unix.SYS_MOVE_MOUNT, unix.ENOSYS))},
	{"mount namespaces", "pretended mount_setattr", yes, 0, rules(always(unix.SYS_MOUNT_SETATTR, done))},
	{"pid namespaces", "clone", yes, unix.EPERM, rules(cloneWith(unix.CLONE_NEWPID, unix.EPERM))},
	{"ipc namespaces", "not built in", yes, unix.EINVAL, rules(cloneWith(unix.CLONE_NEWIPC, unix.EINVAL))},
	{"uts namespaces", "clone", yes, unix.EPERM, rules(cloneWith(unix.CLONE_NEWUTS, unix.EPERM))},
	{"network namespaces", "clone", yes, unix.EPERM, rules(cloneWith(unix.CLONE_NEWNET, unix.EPERM))},
	{"network namespaces", "limit reached", cannotTell, unix.ENOSPC, rules(cloneWith(unix.CLONE_NEWNET, unix.ENOSPC))},
	{"cgroup namespaces", "clone", yes, unix.EPERM, rules(cloneWith(unix.CLONE_NEWCGROUP, unix.EPERM))},

	{"tmpfs in a user namespace", "mount", yes, unix.EPERM, rules(with(unix.SYS_MOUNT, 3, mounting, unix.EPERM))},
	{"tmpfs in a user namespace", "pretended", yes, 0, rules(with(unix.SYS_MOUNT, 3, mounting, done))},
	{"tmpfs in a user namespace", "no pipes", cannotTell, unix.EMFILE, rules(always(unix.SYS_PIPE2, unix.EMFILE))},
	{"tmpfs in a user namespace", "no program start", cannotTell, unix.EPERM, rules(always(unix.SYS_EXECVE, unix.EPERM))},
	{"recursive read-only mounts", "clone of the tree", yes, unix.EPERM, rules(with(unix.SYS_OPEN_TREE, 2, unix.OPEN_TREE_CLONE, unix.EPERM))},
	{"recursive read-only mounts", "no mount_setattr", yes, unix.ENOSYS, rules(always(unix.SYS_MOUNT_SETATTR, unix.ENOSYS))},
	{"recursive read-only mounts", "pretended mount_setattr", yes, 0, rules(always(unix.SYS_MOUNT_SETATTR, done))},
	{"recursive read-only mounts", "pretended move_mount", yes, 0, rules(always(unix.SYS_MOVE_MOUNT, done))},
	{"overlayfs in a user namespace", "mount", yes, unix.EPERM, rules(rule{unix.SYS_MOUNT, 3, ^uint32(0), 0, unix.EPERM})},
	{"overlayfs in a user namespace", "no such file system", yes, unix.ENODEV, rules(rule{unix.SYS_MOUNT, 3, ^uint32(0), 0, unix.ENODEV})},
	{"overlayfs in a user namespace", "pretended", yes, 0, rules(rule{unix.SYS_MOUNT, 3, ^uint32(0), 0, done})},
	{"overlayfs in a user namespace", "no whiteouts", yes, unix.EPERM, rules(always(unix.SYS_MKNODAT, unix.EPERM))},
	{"overlayfs in a user namespace", "no memory", cannotTell, unix.ENOMEM, rules(rule{unix.SYS_MOUNT, 3, ^uint32(0), 0, unix.ENOMEM})},
	{"fuse-overlayfs", "no such program", yes, unix.ENOENT, func() error { return os.Setenv("PATH", "/nonexistent") }},
	{"proc mount", "mount", yes, unix.EPERM, rules(with(unix.SYS_MOUNT, 3, unix.MS_NOEXEC, unix.EPERM))},
	{"proc mount", "pretended", yes, 0, rules(with(unix.SYS_MOUNT, 3, unix.MS_NOEXEC, done))},
	{"proc mount", "partly covered", yes, unix.EPERM, coverProc},
	{"proc mount", "no pid namespace", yes, unix.EPERM, rules(cloneWith(unix.CLONE_NEWPID, unix.EPERM))},
	{"loopback in a network namespace", "ioctl", yes, unix.EPERM, rules(rule{unix.SYS_IOCTL, 1, ^uint32(0), unix.SIOCSIFFLAGS, unix.EPERM})},
	{"loopback in a network namespace", "pretended", yes, unix.ENETUNREACH, rules(rule{unix.SYS_IOCTL, 1, ^uint32(0), unix.SIOCSIFFLAGS, done})},

	{"landlock", "not built in", yes, unix.ENOSYS, rules(always(unix.SYS_LANDLOCK_CREATE_RULESET, unix.ENOSYS))},
	{"landlock", "not enabled", yes, unix.EOPNOTSUPP, rules(always(unix.SYS_LANDLOCK_CREATE_RULESET, unix.EOPNOTSUPP))},
	{"landlock", "filtered", yes, unix.EPERM, rules(always(unix.SYS_LANDLOCK_ADD_RULE, unix.EPERM))},
	{"landlock", "too deep", yes, unix.E2BIG, rules(always(unix.SYS_LANDLOCK_RESTRICT_SELF, unix.E2BIG))},
	{"landlock", "pretended", yes, 0, rules(always(unix.SYS_LANDLOCK_RESTRICT_SELF, done))},
	{"landlock", "pretended from the start", yes, 0, rules(always(unix.SYS_LANDLOCK_CREATE_RULESET, done))},
	{"landlock", "no memory", cannotTell, unix.ENOMEM, rules(always(unix.SYS_LANDLOCK_CREATE_RULESET, unix.ENOMEM))},
	{"landlock refer", "pretended", yes, 0, rules(always(unix.SYS_LANDLOCK_RESTRICT_SELF, done))},
	{"landlock refer", "unknown right", yes, unix.EINVAL, rules(always(unix.SYS_LANDLOCK_CREATE_RULESET, unix.EINVAL))},
	{"landlock truncate", "pretended", yes, 0, rules(always(unix.SYS_LANDLOCK_RESTRICT_SELF, done))},
	{"landlock bind tcp", "pretended", yes, 0, rules(always(unix.SYS_LANDLOCK_RESTRICT_SELF, done))},
	{"landlock bind tcp", "no sockets", cannotTell, unix.EMFILE, rules(rule{unix.SYS_SOCKET, 0, ^uint32(0), unix.AF_INET, unix.EMFILE})},
	{"landlock bind tcp", "denied already", cannotTell, unix.EACCES, rules(always(unix.SYS_BIND, unix.EACCES))},
	{"landlock bind tcp", "no network", cannotTell, unix.EPERM, rules(rule{unix.SYS_SOCKET, 0, ^uint32(0), unix.AF_INET, unix.EPERM})},
	{"landlock connect tcp", "pretended", yes, 0, rules(always(unix.SYS_LANDLOCK_RESTRICT_SELF, done))},
	{"landlock ioctl dev", "pretended", yes, 0, rules(always(unix.SYS_LANDLOCK_RESTRICT_SELF, done))},
	{"landlock scope signal", "unknown scope", yes, unix.EINVAL, rules(always(unix.SYS_LANDLOCK_CREATE_RULESET, unix.EINVAL))},
	{"landlock scope signal", "pretended", yes, 0, rules(always(unix.SYS_LANDLOCK_RESTRICT_SELF, done))},
	{"landlock scope abstract unix socket", "pretended", yes, 0, rules(always(unix.SYS_LANDLOCK_RESTRICT_SELF, done))},

	{"seccomp filter", "hidden", yes, unix.ENOSYS, rules(always(unix.SYS_SECCOMP, unix.ENOSYS))},
	{"seccomp filter", "filtered", yes, unix.EPERM, rules(always(unix.SYS_SECCOMP, unix.EPERM))},
	{"seccomp filter", "pretended", yes, 0, rules(always(unix.SYS_SECCOMP, done))},
	{"seccomp filter", "no memory", cannotTell, unix.ENOMEM, rules(always(unix.SYS_SECCOMP, unix.ENOMEM))},
	{"seccomp notification", "unknown flag", yes, unix.EINVAL, rules(with(unix.SYS_SECCOMP, 1, unix.SECCOMP_FILTER_FLAG_NEW_LISTENER, unix.EINVAL))},
	{"seccomp notification", "pretended", yes, 0, rules(always(unix.SYS_SECCOMP, done))},
	{"seccomp notification", "pretended answer", yes, unix.ENOSYS, rules(ioctl(unix.SECCOMP_IOCTL_NOTIF_SEND, done))},
	{"seccomp notification", "another listener", yes, unix.EBUSY, listenerOfAnother},
	{"seccomp notification", "no descriptors", cannotTell, unix.EMFILE, rules(always(unix.SYS_SECCOMP, unix.EMFILE))},
	{"seccomp addfd", "unknown ioctl", yes, unix.EINVAL, rules(ioctl(unix.SECCOMP_IOCTL_NOTIF_ADDFD, unix.EINVAL))},
	{"seccomp addfd", "pretended", yes, 0, rules(ioctl(unix.SECCOMP_IOCTL_NOTIF_ADDFD, done))},
	{"seccomp addfd", "no memfd", cannotTell, unix.EMFILE, rules(always(unix.SYS_MEMFD_CREATE, unix.EMFILE))},
	{"seccomp addfd send", "unknown flag", yes, unix.EINVAL, rules(ioctl(unix.SECCOMP_IOCTL_NOTIF_ADDFD, unix.EINVAL))},
	{"seccomp addfd send", "pretended", yes, unix.ENOSYS, rules(ioctl(unix.SECCOMP_IOCTL_NOTIF_ADDFD, done))},
	{"seccomp wait killable", "unknown flag", yes, unix.EINVAL, rules(with(unix.SYS_SECCOMP, 1, unix.SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, unix.EINVAL))},
	{"seccomp wait killable", "pretended answers", cannotTell, unix.ETIMEDOUT, rules(ioctl(unix.SECCOMP_IOCTL_NOTIF_SEND, done))},
	{"seccomp sync wake up", "unknown ioctl", yes, unix.EINVAL, rules(ioctl(unix.SECCOMP_IOCTL_NOTIF_SET_FLAGS, unix.EINVAL))},
	{"386 system calls", "refused", yes, unix.ENOSYS, func() error { return all386(unix.SECCOMP_RET_ERRNO | uint32(unix.ENOSYS)) }},
	{"386 system calls", "a fault", yes, 0, func() error { return all386(unix.SECCOMP_RET_TRAP) }},
	{"386 system calls", "killed", yes, 0, func() error { return all386(unix.SECCOMP_RET_KILL_PROCESS) }},

	{"pidfd_open", "hidden", yes, unix.ENOSYS, rules(always(unix.SYS_PIDFD_OPEN, unix.ENOSYS))},
	{"pidfd_open", "pretended", yes, 0, rules(always(unix.SYS_PIDFD_OPEN, done))},
	{"pidfd_open", "no descriptors", cannotTell, unix.EMFILE, rules(always(unix.SYS_PIDFD_OPEN, unix.EMFILE))},
	{"pidfd_getfd", "filtered", yes, unix.EPERM, rules(always(unix.SYS_PIDFD_GETFD, unix.EPERM))},
	{"pidfd_getfd", "pretended", yes, 0, rules(always(unix.SYS_PIDFD_GETFD, done))},
	{"process_vm_readv", "filtered", yes, unix.EPERM, rules(always(unix.SYS_PROCESS_VM_READV, unix.EPERM))},
	{"process_vm_readv", "pretended", yes, 0, rules(always(unix.SYS_PROCESS_VM_READV, done))},
	{"ptrace", "filtered", yes, unix.EPERM, rules(always(unix.SYS_PTRACE, unix.EPERM))},
	{"ptrace", "pretended", yes, 0, rules(always(unix.SYS_PTRACE, done))},
	{"openat2", "hidden", yes, unix.ENOSYS, rules(always(unix.SYS_OPENAT2, unix.ENOSYS))},
	{"openat2", "filtered", yes, unix.EPERM, rules(always(unix.SYS_OPENAT2, unix.EPERM))},
	{"openat2", "pretended", yes, 0, rules(always(unix.SYS_OPENAT2, done))},
	{"openat2", "no descriptors", cannotTell, unix.EMFILE, rules(always(unix.SYS_OPENAT2, unix.EMFILE))},
	{"fchmodat2", "hidden", yes, unix.ENOSYS, rules(always(unix.SYS_FCHMODAT2, unix.ENOSYS))},
	{"fchmodat2", "pretended", yes, 0, rules(always(unix.SYS_FCHMODAT2, done))},
	{"fchmodat2", "no memfd", cannotTell, unix.EMFILE, rules(always(unix.SYS_MEMFD_CREATE, unix.EMFILE))},
	{"close_range", "hidden", yes, unix.ENOSYS, rules(always(unix.SYS_CLOSE_RANGE, unix.ENOSYS))},
	{"close_range", "pretended", yes, 0, rules(always(unix.SYS_CLOSE_RANGE, done))},
	{"newuidmap", "user without a range", yes, 0, rules()},
}

func ioctl(request uint32, answer unix.Errno) rule {
	return rule{unix.SYS_IOCTL, 1, ^uint32(0), request, answer}
}

// listenerOfAnother puts this process under a supervisor.
func listenerOfAnother() error {
	return everywhere(unix.SECCOMP_FILTER_FLAG_NEW_LISTENER|unix.SECCOMP_FILTER_FLAG_TSYNC_ESRCH, onCall(getppid, unix.SECCOMP_RET_USER_NOTIF))
}

func all386(action uint32) error {
	return everywhere(0, []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: 4},
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: unix.AUDIT_ARCH_I386, Jf: 1},
		{Code: unix.BPF_RET | unix.BPF_K, K: action},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW},
	})
}

// coverProc does what container managers do to /proc; refusedMain runs in namespaces of its own for it.
func coverProc() error {
	return unix.Mount("tmpfs", "/proc/sys", "tmpfs", 0, "")
}

// noMoreUserNamespaces sets the limit of the user namespace that refusedMain runs in.
func noMoreUserNamespaces() error {
	return os.WriteFile("/proc/sys/user/max_user_namespaces", []byte("0"), 0)
}
