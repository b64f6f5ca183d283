package abi

// Role says what an argument of a system call is.
type Role uint8

const (
	None Role = iota
	// Value is a plain number, or a pointer to a number, of no further interest.
	Value
	// FD is a descriptor that the call uses.
	FD
	// DirFD is the directory that the next argument, a path, starts from.
	DirFD
	// Path is looked up, and its final symbolic link is followed unless an
	// argument with the role AtFlags says otherwise.
	Path
	// Link is a path whose final symbolic link is not followed, unless
	// AT_SYMLINK_FOLLOW in AtFlags says otherwise (linkat, name_to_handle_at).
	Link
	// Entry is a name in a directory: created, removed or renamed. Its final
	// symbolic link is never followed.
	Entry
	// Target is what symlink(2) writes: a string that is not looked up.
	Target
	AtFlags
	OpenFlags
	// OpenHow points to a struct open_how; its length is the next argument.
	OpenHow
	Mode
	Dev
	Owner
	Group
	// Times points to the times to set, in the structure of the call.
	Times
	// Name is a string that is not a path in the file system, such as the name
	// of an extended attribute.
	Name
	Buffer
	Size
	// Sockaddr points to a socket address; its length is the next argument.
	Sockaddr
	Socklen
	Msghdr
	Mmsghdr
	// Family is a socket's address family.
	Family
	Argv
	Envp
	// PID is a process, thread or process group.
	PID
	// Request is what an ioctl asks for.
	Request
	// CloneFlags are the CLONE_ flags of clone and unshare.
	CloneFlags
	// SocketCall is the number of the call in 386's socketcall.
	SocketCall
)

var roleNames = [...]string{
	None: "none", Value: "value", FD: "fd", DirFD: "dirfd", Path: "path", Link: "link", Entry: "entry",
	Target: "target", AtFlags: "at flags", OpenFlags: "open flags", OpenHow: "open_how", Mode: "mode", Dev: "dev",
	Owner: "owner", Group: "group", Times: "times", Name: "name", Buffer: "buffer", Size: "size",
	Sockaddr: "sockaddr", Socklen: "socklen", Msghdr: "msghdr", Mmsghdr: "mmsghdr", Family: "family",
	Argv: "argv", Envp: "envp", PID: "pid", Request: "request", CloneFlags: "clone flags", SocketCall: "socketcall",
}

func (r Role) String() string {
	if int(r) < len(roleNames) {
		return roleNames[r]
	}
	return "unknown role"
}

// IsPath tells whether the argument points to a path that is looked up.
func (r Role) IsPath() bool { return r == Path || r == Link || r == Entry }
