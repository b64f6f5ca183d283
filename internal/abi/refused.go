package abi

// namespaces are what a sandbox inside the sandbox needs. Programs that try to
// make one for comfort (unshare in a test suite) understand EPERM: it is what
// an ordinary user gets.
var namespaces = []entry{
	{"mount", [6]Role{Path, Path, Name, Value, Buffer}, Namespace, "changes what paths mean"},
	{"umount", [6]Role{Path}, Namespace, "uncovers what a mount hides"},
	{"umount2", [6]Role{Path, Value}, Namespace, "uncovers what a mount hides"},
	{"pivot_root", [6]Role{Path, Path}, Namespace, "changes what paths mean"},
	{"setns", [6]Role{FD, Value}, Namespace, "leaves the namespaces of the run"},
	{"fsopen", [6]Role{Name, Value}, Namespace, "mounts; Landlock lets it pass"},
	{"fsconfig", [6]Role{FD, Value, Name, Buffer, Value}, Namespace, "mounts"},
	{"fsmount", [6]Role{FD, Value, Value}, Namespace, "mounts"},
	{"fspick", [6]Role{DirFD, Path, Value}, Namespace, "mounts"},
	{"open_tree", [6]Role{DirFD, Path, Value}, Namespace, "mounts; Landlock lets it pass"},
	{"open_tree_attr", [6]Role{DirFD, Path, Value, Buffer, Size}, Namespace, "mounts"},
	{"move_mount", [6]Role{DirFD, Path, DirFD, Path, Value}, Namespace, "mounts"},
	{"mount_setattr", [6]Role{DirFD, Path, AtFlags, Buffer, Size}, Namespace, "makes a mount writable"},
	{"sethostname", [6]Role{Buffer, Size}, Namespace, "changes the host's name where it is shared"},
	{"setdomainname", [6]Role{Buffer, Size}, Namespace, "changes the host's name where it is shared"},
}

// noSys pretend that the kernel lacks the call: programs that use it probe for
// it and have another way. EPERM would be taken as a final answer.
var noSys = []entry{
	{"io_uring_setup", [6]Role{}, NoSys, "goes past every filter; users fall back to epoll and plain calls"},
	{"io_uring_enter", [6]Role{}, NoSys, "goes past every filter, also with a ring that was passed in"},
	{"io_uring_register", [6]Role{}, NoSys, "goes past every filter, also with a ring that was passed in"},
	{"clone3", [6]Role{Buffer, Size}, NoSys, "its flags are in memory; libc falls back to clone, but on ENOSYS only"},
	{"userfaultfd", [6]Role{Value}, NoSys, "holds up a reader of the process's memory for ever"},
	{"memfd_secret", [6]Role{Value}, NoSys, "memory that the supervisor cannot read; kernels lack it unless booted with it"},
	{"add_key", [6]Role{}, NoSys, "keyrings belong to the user, not to a namespace; on ENOSYS pam_keyinit and runc go on, as without CONFIG_KEYS"},
	{"request_key", [6]Role{}, NoSys, "keyrings belong to the user, not to a namespace"},
	{"keyctl", [6]Role{}, NoSys, "keyrings belong to the user, not to a namespace; can also change the parent's credentials"},

	// Those that current kernels lack, or answer with ENOSYS themselves.
	{"_sysctl", [6]Role{}, NoSys, "gone since Linux 5.5"},
	{"afs_syscall", [6]Role{}, NoSys, "never was"},
	{"bdflush", [6]Role{}, NoSys, "gone since Linux 5.15"},
	{"break", [6]Role{}, NoSys, "never was"},
	{"create_module", [6]Role{}, NoSys, "gone since Linux 2.6"},
	{"epoll_ctl_old", [6]Role{}, NoSys, "never was"},
	{"epoll_wait_old", [6]Role{}, NoSys, "never was"},
	{"ftime", [6]Role{}, NoSys, "never was"},
	{"get_kernel_syms", [6]Role{}, NoSys, "gone since Linux 2.6"},
	{"getpmsg", [6]Role{}, NoSys, "never was"},
	{"gtty", [6]Role{}, NoSys, "never was"},
	{"idle", [6]Role{}, NoSys, "gone since Linux 2.3"},
	{"lock", [6]Role{}, NoSys, "never was"},
	{"lookup_dcookie", [6]Role{}, NoSys, "gone since Linux 6.7"},
	{"mpx", [6]Role{}, NoSys, "never was"},
	{"nfsservctl", [6]Role{}, NoSys, "gone since Linux 3.1"},
	{"prof", [6]Role{}, NoSys, "never was"},
	{"profil", [6]Role{}, NoSys, "never was"},
	{"putpmsg", [6]Role{}, NoSys, "never was"},
	{"query_module", [6]Role{}, NoSys, "gone since Linux 2.6"},
	{"security", [6]Role{}, NoSys, "never was"},
	{"stty", [6]Role{}, NoSys, "never was"},
	{"tuxcall", [6]Role{}, NoSys, "never was"},
	{"ulimit", [6]Role{}, NoSys, "never was"},
	{"uselib", [6]Role{Path}, NoSys, "kernels lack it unless built for libc 5"},
	{"vm86", [6]Role{}, NoSys, "64-bit kernels lack it"},
	{"vm86old", [6]Role{}, NoSys, "64-bit kernels lack it"},
	{"vserver", [6]Role{}, NoSys, "never was"},
}

// noPerm are what an ordinary user gets EPERM for in any case; as root, they
// would act on the whole machine.
var noPerm = []entry{
	{"open_by_handle_at", [6]Role{FD, Buffer, OpenFlags}, NoPerm, "opens without a path: no mount and no rule is in its way"},
	{"bpf", [6]Role{}, NoPerm, "programs in the kernel"},
	{"perf_event_open", [6]Role{}, NoPerm, "observes the machine"},
	{"fanotify_init", [6]Role{}, NoPerm, "observes and holds up file accesses of others"},
	{"fanotify_mark", [6]Role{}, NoPerm, "observes and holds up file accesses of others"},
	{"quotactl", [6]Role{}, NoPerm, "changes the quota of others"},
	{"quotactl_fd", [6]Role{}, NoPerm, "changes the quota of others"},
	{"swapon", [6]Role{}, NoPerm, "changes the machine"},
	{"swapoff", [6]Role{}, NoPerm, "changes the machine"},
	{"acct", [6]Role{}, NoPerm, "makes the kernel write to a file"},
	{"reboot", [6]Role{}, NoPerm, "changes the machine"},
	{"kexec_load", [6]Role{}, NoPerm, "changes the machine"},
	{"kexec_file_load", [6]Role{}, NoPerm, "changes the machine"},
	{"init_module", [6]Role{}, NoPerm, "changes the kernel"},
	{"finit_module", [6]Role{}, NoPerm, "changes the kernel"},
	{"delete_module", [6]Role{}, NoPerm, "changes the kernel"},
	{"iopl", [6]Role{}, NoPerm, "reaches devices"},
	{"ioperm", [6]Role{}, NoPerm, "reaches devices"},
	{"syslog", [6]Role{}, NoPerm, "reads and clears the machine's log"},
	{"vhangup", [6]Role{}, NoPerm, "takes the terminal from others"},
	{"settimeofday", [6]Role{}, NoPerm, "changes the machine's clock"},
	{"stime", [6]Role{}, NoPerm, "changes the machine's clock"},
	{"clock_settime", [6]Role{}, NoPerm, "changes the machine's clock"},
	{"clock_settime64", [6]Role{}, NoPerm, "changes the machine's clock"},
	{"adjtimex", [6]Role{}, NoPerm, "changes the machine's clock"},
	{"clock_adjtime", [6]Role{}, NoPerm, "changes the machine's clock"},
	{"clock_adjtime64", [6]Role{}, NoPerm, "changes the machine's clock"},
}
