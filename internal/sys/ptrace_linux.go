package sys

import "golang.org/x/sys/unix"

// PtraceSeize attaches the calling thread to tid without stopping it, with the
// PTRACE_O_ options (PTRACE_SEIZE of ptrace(2)). Everything that is asked of the
// tracee later has to come from the same thread.
func PtraceSeize(tid int, options uintptr) error {
	return ptrace("PTRACE_SEIZE", unix.PTRACE_SEIZE, tid, options)
}

// PtraceListen leaves a tracee that is stopped together with its process stopped,
// and has its end reported (PTRACE_LISTEN of ptrace(2)).
func PtraceListen(tid int) error { return ptrace("PTRACE_LISTEN", unix.PTRACE_LISTEN, tid, 0) }

func ptrace(name string, request uintptr, tid int, data uintptr) error {
	_, _, errno := unix.RawSyscall6(unix.SYS_PTRACE, request, uintptr(tid), 0, data, 0, 0)
	return named("ptrace "+name, errno)
}
