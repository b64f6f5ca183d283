package abi

import "syscall"

// Class says why a system call matters, and so who decides about it.
type Class uint8

const (
	// Pass is never intercepted for the policy's sake.
	Pass Class = iota + 1
	// Open opens a file; the open flags say whether it may write.
	Open
	// Write changes the tree or metadata, by a path or a descriptor.
	Write
	// Exec runs another program.
	Exec
	// Connect names or uses a peer's address.
	Connect
	// Socket makes a socket; the family decides.
	Socket
	// MultiSocket is socketcall, which holds all the socket calls of 386.
	MultiSocket
	// Process acts on a process that it names, perhaps one outside.
	Process
	// Stat reads metadata by a path, or goes there.
	Stat
	// SysV is System V IPC and POSIX message queues: what an IPC namespace isolates.
	SysV
	// Arguments is decided by the filter on argument values, call by call.
	Arguments
	// Namespace changes mounts, the root or the namespaces: EPERM unless nesting is allowed.
	Namespace
	// NoSys is answered with ENOSYS, which says that this kernel lacks the call.
	NoSys
	// NoPerm is answered with EPERM, which says that the caller lacks the right.
	NoPerm
)

var classNames = [...]string{
	Pass: "pass", Open: "open", Write: "write", Exec: "exec", Connect: "connect", Socket: "socket",
	MultiSocket: "socketcall", Process: "process", Stat: "stat", SysV: "sysv", Arguments: "arguments",
	Namespace: "namespace", NoSys: "refused with ENOSYS", NoPerm: "refused with EPERM",
}

func (c Class) String() string {
	if c == 0 || int(c) >= len(classNames) {
		return "unknown class"
	}
	return classNames[c]
}

// Errno is what a refused class is answered with, 0 for the others. Namespace
// is refused too, unless the policy allows nesting.
func (c Class) Errno() syscall.Errno {
	switch c {
	case NoSys:
		return syscall.ENOSYS
	case NoPerm, Namespace:
		return syscall.EPERM
	}
	return 0
}
