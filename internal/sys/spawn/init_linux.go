package spawn

import "syscall"

const (
	// Name is the name (argv[0]) under which a program is its run's first process.
	Name = "catbox-init"
	// Variable marks the environment of a program that was started again.
	Variable = "CATBOX_STAGE"
)

// Watched are the signals that end a process, or that programs give a meaning: the
// first process takes note of those that it gets.
var Watched = []syscall.Signal{
	syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT, // unblocked by Go's runtime
	syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGALRM, syscall.SIGWINCH, // reset by it in a child
	// Stopped, it could not tell that the command is; in a pid namespace the kernel sees to that.
	syscall.SIGTSTP, syscall.SIGTTIN, syscall.SIGTTOU,
}

// Capabilities by their numbers (linux/capability.h).
const (
	capChown          = 1 << 0
	capDACOverride    = 1 << 1
	capDACReadSearch  = 1 << 2
	capFOwner         = 1 << 3
	capFSetID         = 1 << 4
	capKill           = 1 << 5
	capSetGID         = 1 << 6
	capSetUID         = 1 << 7
	capSetPCap        = 1 << 8
	capNetBindService = 1 << 10
	capNetAdmin       = 1 << 12
	capSysChroot      = 1 << 18
	capSysPtrace      = 1 << 19
	capSysAdmin       = 1 << 21
	capMknod          = 1 << 27
	capSetFCap        = 1 << 31
)

// What the command keeps, in its user namespace.
const (
	// RootCaps are those about files and ids that a build as root uses, and none about the system.
	RootCaps = capChown | capDACOverride | capFOwner | capFSetID | capKill | capSetGID | capSetUID | capSetPCap | capNetBindService | capSetFCap
	// FakeRootCaps are what a fake root has besides: in an ordinary user's namespace they reach the user's own
	// files and no others; real root keeps them, as it would by itself.
	FakeRootCaps = capDACReadSearch | capSysChroot | capMknod
)

// initCaps are what the first process needs in its user namespace: to mount, to
// bring the loopback up, to drop capabilities.
const initCaps = capSysAdmin | capNetAdmin | capSetPCap | capSysChroot | capSysPtrace | capDACOverride

// Namespaces are those of a run of tier 1, but for the network.
const Namespaces = syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS | syscall.CLONE_NEWPID | syscall.CLONE_NEWIPC | syscall.CLONE_NEWUTS | syscall.CLONE_NEWCGROUP

// First is a request for a run's first process. Files and cloneflags are as in Request, caps those that
// the command keeps; there is no cgroup.
func First(files []uintptr, cloneflags uintptr, caps uint64) Request {
	return Request{
		Args: []string{Name}, Env: []string{Variable + "=init", "GOMAXPROCS=1"},
		Files: files, Cloneflags: cloneflags, Caps: initCaps | caps, Cgroup: -1, Block: watchedSet(),
	}
}

func watchedSet() (set uint64) {
	for _, s := range Watched {
		set |= 1 << (s - 1)
	}
	return set
}
