package sys

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

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

// PtraceRegisters reads the general registers of a stopped tracee into buf, in the
// layout of its own architecture (NT_PRSTATUS of elf(5); a 32-bit program's is shorter),
// and returns how long they are (PTRACE_GETREGSET of ptrace(2)).
func PtraceRegisters(tid int, buf []byte) (int, error) {
	return registers("PTRACE_GETREGSET", unix.PTRACE_GETREGSET, tid, buf)
}

// PtraceSetRegisters writes them back (PTRACE_SETREGSET of ptrace(2)).
func PtraceSetRegisters(tid int, buf []byte) error {
	_, err := registers("PTRACE_SETREGSET", unix.PTRACE_SETREGSET, tid, buf)
	return err
}

func registers(name string, request uintptr, tid int, buf []byte) (int, error) {
	const prstatus = 1 // NT_PRSTATUS
	vec := unix.Iovec{Base: &buf[0], Len: uint64(len(buf))}
	_, _, errno := unix.RawSyscall6(unix.SYS_PTRACE, request, uintptr(tid), prstatus, uintptr(unsafe.Pointer(&vec)), 0, 0)
	return int(vec.Len), named("ptrace "+name, errno)
}
