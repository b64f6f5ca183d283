package features

import "syscall"

var processHints = []hint{
	{sysctl: "kernel.yama.ptrace_scope", holds: "3", say: "kernel.yama.ptrace_scope is 3 until the next boot: nobody may look into processes"},
	{sysctl: "kernel.yama.ptrace_scope", holds: "2", say: "sysctl -w kernel.yama.ptrace_scope=1"},
	{container: true, cause: syscall.EPERM, say: "docker run --cap-add SYS_PTRACE, or a seccomp profile that allows process_vm_readv and pidfd_getfd"},
}

var pidfdOpen = Feature{
	Name:    "pidfd_open",
	Purpose: "hold a process without its number being reused (Linux 5.3)",
	probe:   probePidfdOpen,
}

// PidfdOpen opens this process and signals it with signal 0.
func PidfdOpen() error { return pidfdOpen.Probe() }

var pidfdGetfd = Feature{
	Name:    "pidfd_getfd",
	Purpose: "pin a descriptor of a process that a held call names (Linux 5.6)",
	probe:   probePidfdGetfd,
	hints:   processHints,
}

// PidfdGetfd takes a descriptor from a child.
func PidfdGetfd() error { return pidfdGetfd.Probe() }

var processVMReadv = Feature{
	Name:    "process_vm_readv",
	Purpose: "read the arguments of held calls",
	probe:   probeProcessVMReadv,
	hints:   processHints,
}

// ProcessVMReadv reads the memory of a child.
func ProcessVMReadv() error { return processVMReadv.Probe() }

var ptraceSeize = Feature{
	Name:    "ptrace",
	Purpose: "see how the processes of a recorded run end, and what they use",
	probe:   probePtrace,
	hints:   processHints,
}

// Ptrace follows a child without stopping it.
func Ptrace() error { return ptraceSeize.Probe() }

var openat2 = Feature{
	Name:    "openat2",
	Purpose: "resolve a path without leaving a directory (Linux 5.6)",
	probe:   probeOpenat2,
}

// Openat2 opens a directory with RESOLVE_BENEATH, and finds its parent denied.
func Openat2() error { return openat2.Probe() }

var fchmodat2 = Feature{
	Name:    "fchmodat2",
	Purpose: "chmod without following a link (Linux 6.6); older kernels need /proc for it",
	probe:   probeFchmodat2,
}

// Fchmodat2 changes the mode of a file by its descriptor alone.
func Fchmodat2() error { return fchmodat2.Probe() }

var closeRange = Feature{
	Name:    "close_range",
	Purpose: "leave no descriptor open to the command (Linux 5.9)",
	probe:   probeCloseRange,
}

// CloseRange closes a descriptor on one thread, and finds it open on the others.
func CloseRange() error { return closeRange.Probe() }
