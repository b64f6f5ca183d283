package supervisor

import (
	"encoding/binary"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/fakeroot"
)

// Bits of capabilities(7), The securebits flags, that x/sys lacks
// (linux/securebits.h). Each has its lock in the next bit.
const (
	secureNoRoot         = 1 << 0
	secureNoSetuidFixup  = 1 << 2
	secureKeepCaps       = 1 << 4
	secureKeepCapsLocked = 1 << 5
	secureNoAmbientRaise = 1 << 6
	secureAllBits        = 0b01010101
	secureAllLocks       = secureAllBits << 1
)

// privileges answers prctl's options that are about what a process may come to
// be. The kernel has its own answers about the run's user; and no_new_privs is
// set for every run.
func (r *receiver) privileges(h *held) Answer {
	old := r.creds(h)
	c := *old
	value, errno := c.prctl(h.flags(0), h.longs(1))
	if errno != 0 {
		return Refuse(errno)
	}
	return r.becomes(h, old, &c, value)
}

// longs are the arguments from i on, as prctl(2) takes them.
func (h *held) longs(i int) (args [4]uint64) {
	for n := range args {
		args[n] = h.pointer(i + n)
	}
	return args
}

func (c *creds) prctl(option uint32, args [4]uint64) (value int64, errno unix.Errno) {
	arg, more := args[0], args[1]|args[2]|args[3] != 0
	switch option {
	case unix.PR_SET_NO_NEW_PRIVS:
		if arg != 1 || more {
			return 0, unix.EINVAL
		}
		c.noNewPrivs = true
	case unix.PR_GET_NO_NEW_PRIVS:
		if arg != 0 || more {
			return 0, unix.EINVAL
		}
		return truth(c.noNewPrivs), 0
	case unix.PR_SET_KEEPCAPS:
		return 0, c.keepCaps(arg)
	case unix.PR_GET_KEEPCAPS:
		return truth(c.secure&secureKeepCaps != 0), 0
	case unix.PR_SET_SECUREBITS:
		return 0, c.setSecure(arg)
	case unix.PR_GET_SECUREBITS:
		return int64(c.secure), 0
	case unix.PR_CAPBSET_READ:
		if arg > unix.CAP_LAST_CAP {
			return 0, unix.EINVAL
		}
		return truth(c.bounding&(1<<arg) != 0), 0
	case unix.PR_CAPBSET_DROP:
		return 0, c.dropBounding(arg)
	case unix.PR_CAP_AMBIENT:
		return c.prctlAmbient(args)
	default:
		return 0, unix.EINVAL
	}
	return 0, 0
}

func truth(is bool) int64 {
	if is {
		return 1
	}
	return 0
}

func (c *creds) keepCaps(keep uint64) unix.Errno {
	switch {
	case keep > 1:
		return unix.EINVAL
	case c.secure&secureKeepCapsLocked != 0:
		return unix.EPERM
	}
	c.secure = c.secure&^secureKeepCaps | uint8(keep)*secureKeepCaps
	return 0
}

func (c *creds) setSecure(to uint64) unix.Errno {
	old := uint64(c.secure)
	locked := old & secureAllLocks
	if locked>>1&(old^to) != 0 || locked&^to != 0 || to&^(secureAllBits|secureAllLocks) != 0 || !c.capable(unix.CAP_SETPCAP) {
		return unix.EPERM
	}
	c.secure = uint8(to)
	return 0
}

func (c *creds) dropBounding(capability uint64) unix.Errno {
	switch {
	case !c.capable(unix.CAP_SETPCAP):
		return unix.EPERM
	case capability > unix.CAP_LAST_CAP:
		return unix.EINVAL
	}
	c.bounding &^= 1 << capability
	return 0
}

func (c *creds) prctlAmbient(args [4]uint64) (value int64, errno unix.Errno) {
	what, capability := args[0], args[1]
	if what == unix.PR_CAP_AMBIENT_CLEAR_ALL {
		if args[1]|args[2]|args[3] != 0 {
			return 0, unix.EINVAL
		}
		c.ambient = 0
		return 0, 0
	}
	if capability > unix.CAP_LAST_CAP || args[2]|args[3] != 0 {
		return 0, unix.EINVAL
	}
	bit := uint64(1) << capability
	switch what {
	case unix.PR_CAP_AMBIENT_IS_SET:
		return truth(c.ambient&bit != 0), 0
	case unix.PR_CAP_AMBIENT_LOWER:
		c.ambient &^= bit
	case unix.PR_CAP_AMBIENT_RAISE:
		if c.permitted&c.inherited&bit == 0 || c.secure&secureNoAmbientRaise != 0 {
			return 0, unix.EPERM
		}
		c.ambient |= bit
	default:
		return 0, unix.EINVAL
	}
	return 0, 0
}

// capabilities are those of a file.
type capabilities struct {
	permitted, inherited uint64
	effective            bool
}

// caps are the noted capabilities of a file (struct vfs_cap_data of
// linux/capability.h). Those of version 3 are another namespace's.
func (a attributes) caps() (c capabilities, ok bool) {
	value := a.entry.Xattrs[fakeroot.Capability]
	if len(value) != 20 || !validCapability(value) {
		return c, false
	}
	word := func(i int) uint64 { return uint64(binary.LittleEndian.Uint32(value[4*i:])) }
	return capabilities{
		permitted: (word(1) | word(3)<<32) & allCaps,
		inherited: (word(2) | word(4)<<32) & allCaps,
		effective: word(0)&1 != 0, // VFS_CAP_FLAGS_EFFECTIVE
	}, true
}
