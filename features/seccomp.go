package features

import "syscall"

var seccompHints = []hint{
	{cause: syscall.EBUSY, say: "another supervisor already has this process's listener (an outer catbox, or a container runtime), and the kernel allows one: start outside of it, or let the outer one do the work"},
	{cause: syscall.EINVAL, say: "needs a newer kernel with CONFIG_SECCOMP_FILTER"},
	{cause: syscall.ENOSYS, say: "needs CONFIG_SECCOMP_FILTER, and no outer filter that hides seccomp(2)"},
}

func seccompFeature(name, purpose string, probe func() error) Feature {
	return Feature{Name: name, Purpose: purpose, probe: probe, hints: seccompHints}
}

var seccompFilter = seccompFeature("seccomp filter", "refuse system calls, and answer some without a supervisor", probeSeccompFilter)

// SeccompFilter loads a filter that answers one system call, and makes that call.
func SeccompFilter() error { return seccompFilter.Probe() }

var notify = seccompFeature("seccomp notification", "see, decide and report what a process does (Linux 5.0)", probeNotify)

// Notify makes a system call that a supervisor answers. Where the process already has a supervisor, the error is
// errors.ErrUnsupported and EBUSY.
func Notify() error { return notify.Probe() }

var addFD = seccompFeature("seccomp addfd", "open a file for a process (Linux 5.9)", probeAddFD)

// AddFD hands a descriptor over to a process whose system call is held.
func AddFD() error { return addFD.Probe() }

var addFDSend = seccompFeature("seccomp addfd send", "the same in one step, so that no descriptor is left behind (Linux 5.14)", probeAddFDSend)

// AddFDSend answers a held call with a descriptor.
func AddFDSend() error { return addFDSend.Probe() }

var waitKillable = seccompFeature("seccomp wait killable", "signals do not interrupt held calls (Linux 6.0); Go programs get one each 10 ms", probeWaitKillable)

// WaitKillable has a thread make held calls while signals arrive before, while and after each is answered. No answer
// may get lost: kernels before commit cce436aafc2a (Linux 6.17) run a call again whose answer came quickly. It takes a
// few milliseconds.
func WaitKillable() error { return waitKillable.Probe() }

var syncWakeUp = seccompFeature("seccomp sync wake up", "faster notification: target and supervisor share a processor (Linux 6.6)", probeSyncWakeUp)

// SyncWakeUp sets SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP on a listener.
func SyncWakeUp() error { return syncWakeUp.Probe() }

var calls386 = Feature{
	Name:    "386 system calls",
	Purpose: "32-bit programs run; int 0x80 is then open to 64-bit ones too, so the filter must cover it",
	probe:   probe386,
	hints:   []hint{{say: "32-bit programs need CONFIG_IA32_EMULATION and no ia32_emulation=0 on the kernel's command line; nothing else needs them"}},
}

// Calls386 makes a 32-bit system call, and finds that a filter sees it with its own architecture and number.
func Calls386() error { return calls386.Probe() }
