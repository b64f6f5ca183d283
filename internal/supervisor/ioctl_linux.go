package supervisor

import (
	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/abi"
	"github.com/catbox-go/catbox/internal/sys"
)

// ioctlSizes are the file attributes that a build may want to set, with the
// size of what the argument points to. The other requests that the filter sends
// make or remove subvolumes and encryption keys: not in a place whose wall is
// wider than the policy.
var ioctlSizes = map[uint32]int{
	unix.FS_IOC_SETFLAGS: 8,
	0x40046602:           4,  // FS_IOC32_SETFLAGS
	0x401c5820:           28, // FS_IOC_FSSETXATTR
	0x40087602:           8,  // FS_IOC_SETVERSION
	0x40047602:           4,  // FS_IOC32_SETVERSION
}

// mediateIoctl makes the ioctl on the target's descriptor as it is now.
func (r *receiver) mediateIoctl(h *held) Answer {
	r.passLead()
	p := &pinned{held: h, fd: -1}
	defer p.close()
	if a, refused := p.pinDescriptor(h.fd(h.row.Arg(abi.FD))); refused {
		return a
	}
	i := h.row.Arg(abi.Request)
	size, known := ioctlSizes[h.flags(i)]
	if !known {
		return Refuse(unix.EOPNOTSUPP)
	}
	buf := make([]byte, size)
	// The kernel reads an int for FS_IOC_SETFLAGS, though the number says long.
	read := min(size, 4)
	if size > 8 {
		read = size
	}
	if errno := h.thread.Read(h.pointer(i+1), buf[:read]); errno != 0 {
		return Refuse(errno)
	}
	var a Answer
	if err := h.asTarget(func() { a = done(sys.IoctlBuffer(p.fd, uint(h.flags(i)), buf)) }); err != nil {
		return Refuse(unix.EACCES)
	}
	return a
}
