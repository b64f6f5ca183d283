package sys

import (
	"strconv"
	"sync"
	"unsafe"

	"golang.org/x/sys/unix"
)

// FDPath names the file that the caller has open as fd, for calls that take no
// descriptor of O_PATH (proc_pid_fd(5)).
func FDPath(fd int) string { return "/proc/self/fd/" + strconv.Itoa(fd) }

// BlockSignals blocks every signal but those given on the calling thread, which the
// caller has locked, for good.
func BlockSignals(but ...unix.Signal) error {
	all := ^uint64(0)
	for _, sig := range but {
		all &^= 1 << (sig - 1)
	}
	_, _, errno := unix.RawSyscall6(unix.SYS_RT_SIGPROCMASK, unix.SIG_BLOCK, uintptr(unsafe.Pointer(&all)), 0, 8, 0, 0)
	return named("rt_sigprocmask", errno)
}

// Wake is the signal that takes a thread of ours out of its wait (SIGRTMAX, which
// Go's runtime ignores).
const Wake = unix.Signal(64)

// Action is a signal's disposition (struct kernel_sigaction), as the kernel has it.
type Action [4]uintptr

// Ignore is the disposition SIG_IGN.
var Ignore = Action{1}

// SetAction sets a signal's disposition behind the back of Go's runtime, and
// returns the one that it replaces: the runtime, where it handles the signal, sets
// it to the default in a child.
func SetAction(sig unix.Signal, act Action) (old Action, err error) {
	_, _, errno := unix.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(sig), uintptr(unsafe.Pointer(&act)), uintptr(unsafe.Pointer(&old)), 8, 0, 0)
	return old, named("rt_sigaction", errno)
}

// Interrupts has the signal end what a thread waits for, with EINTR, where its
// handler is Go's, which has everything restarted.
func Interrupts(sig unix.Signal) error {
	act, err := action(sig)
	if err != nil {
		return err
	}
	const restart = 0x10000000 // SA_RESTART, among the flags after the handler
	act[1] &^= restart
	_, err = SetAction(sig, act)
	return err
}

// action is a signal's disposition as it is.
func action(sig unix.Signal) (act Action, err error) {
	_, _, errno := unix.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(sig), 0, uintptr(unsafe.Pointer(&act)), 8, 0, 0)
	return act, named("rt_sigaction", errno)
}

// noStops counts who does not want SIGCHLD for stops.
var noStops struct {
	sync.Mutex
	n   int
	was uintptr // the flag as it was before
}

const noChildStop = 1 // SA_NOCLDSTOP

// NoStops has the caller's process get no SIGCHLD when a child, or a tracee, stops or goes on, until undo is called by
// all who asked for it. Where the kernel refuses, it gets them.
func NoStops() (undo func()) {
	noStops.Lock()
	defer noStops.Unlock()
	if noStops.n++; noStops.n == 1 {
		noStops.was = setNoChildStop(noChildStop)
	}
	return sync.OnceFunc(func() {
		noStops.Lock()
		defer noStops.Unlock()
		if noStops.n--; noStops.n == 0 {
			setNoChildStop(noStops.was)
		}
	})
}

// setNoChildStop sets the flag of SIGCHLD's action, whatever that is now, and returns what it was.
func setNoChildStop(flag uintptr) (was uintptr) {
	act, err := action(unix.SIGCHLD)
	if err != nil {
		return 0
	}
	was = act[1] & noChildStop // the flags come after the handler
	act[1] = act[1]&^noChildStop | flag
	_, _ = SetAction(unix.SIGCHLD, act)
	return was
}

// ReadMemory copies from the memory of another process into buf and returns
// how much of it could be read; it stops at the first page that the process
// itself could not read (process_vm_readv(2)).
func ReadMemory(pid int, addr uint64, buf []byte) (int, error) {
	return vm(unix.SYS_PROCESS_VM_READV, pid, addr, buf)
}

// WriteMemory copies buf into the memory of another process (process_vm_writev(2)).
func WriteMemory(pid int, addr uint64, buf []byte) (int, error) {
	return vm(unix.SYS_PROCESS_VM_WRITEV, pid, addr, buf)
}

func vm(nr uintptr, pid int, addr uint64, buf []byte) (int, error) {
	if len(buf) == 0 {
		return 0, nil
	}
	local := unix.Iovec{Base: &buf[0], Len: uint64(len(buf))}
	remote := unix.RemoteIovec{Base: uintptr(addr), Len: len(buf)}
	n, _, errno := unix.RawSyscall6(nr, uintptr(pid), uintptr(unsafe.Pointer(&local)), 1, uintptr(unsafe.Pointer(&remote)), 1, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}

// ReadAt is pread(2) of what never blocks, like proc_pid_mem(5): Go's scheduler is not told of it.
func ReadAt(fd int, offset uint64, buf []byte) (int, error) {
	if len(buf) == 0 {
		return 0, nil
	}
	n, _, errno := unix.RawSyscall6(unix.SYS_PREAD64, uintptr(fd), uintptr(unsafe.Pointer(&buf[0])), uintptr(len(buf)), uintptr(offset), 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}

// SetCaps sets the calling thread's effective, permitted and inheritable
// capabilities (capset(2)); bit n is capability n.
func SetCaps(effective, permitted, inheritable uint64) error {
	hdr := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	data := [2]unix.CapUserData{
		{Effective: uint32(effective), Permitted: uint32(permitted), Inheritable: uint32(inheritable)},
		{Effective: uint32(effective >> 32), Permitted: uint32(permitted >> 32), Inheritable: uint32(inheritable >> 32)},
	}
	return wrap("capset", unix.Capset(&hdr, &data[0]))
}

// Caps returns the calling thread's permitted capabilities.
func Caps() (uint64, error) {
	hdr := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if err := unix.Capget(&hdr, &data[0]); err != nil {
		return 0, wrap("capget", err)
	}
	return uint64(data[0].Permitted) | uint64(data[1].Permitted)<<32, nil
}

// SetFSIDs sets the calling thread's user and group for file access
// (setfsuid(2), setfsgid(2)); the calls themselves report nothing.
func SetFSIDs(uid, gid uint32) {
	unix.RawSyscall(unix.SYS_SETFSGID, uintptr(gid), 0, 0)
	unix.RawSyscall(unix.SYS_SETFSUID, uintptr(uid), 0, 0)
}

// Fchmodat2 is fchmodat2(2), Linux 6.6.
func Fchmodat2(dirfd int, path string, mode uint32, flags int) error {
	p, err := unix.BytePtrFromString(path)
	if err != nil {
		return err
	}
	_, _, errno := unix.Syscall6(unix.SYS_FCHMODAT2, uintptr(dirfd), uintptr(unsafe.Pointer(p)), uintptr(mode), uintptr(flags), 0, 0)
	if errno != 0 {
		return errno
	}
	return nil
}
