package supervisor

import (
	"encoding/binary"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/abi"
	"github.com/catbox-go/catbox/internal/target"
	"github.com/catbox-go/catbox/policy"
	"github.com/catbox-go/catbox/record"
)

// opening is an open of any generation.
type opening struct {
	arg     abi.PathArg
	path    string
	flags   uint64
	mode    uint64
	resolve uint64
	how     bool         // given as a struct open_how
	fake    *fakeOpening // nil without a fake root
}

// writes tells whether the open can change anything: what it opens, or by creating.
func (o *opening) writes() bool {
	return o.flags&unix.O_ACCMODE != unix.O_RDONLY || o.flags&(unix.O_CREAT|unix.O_TRUNC) != 0 || o.temporary()
}

func (o *opening) temporary() bool { return o.flags&unix.O_TMPFILE == unix.O_TMPFILE }

// follows tells whether a symbolic link as the last component is followed.
func (o *opening) follows() bool {
	exclusive := o.flags&(unix.O_CREAT|unix.O_EXCL) == unix.O_CREAT|unix.O_EXCL
	return o.flags&unix.O_NOFOLLOW == 0 && !exclusive
}

// openLookup describes what is opened for the view.
func (h *held) openLookup(o opening) target.Lookup {
	l := h.lookup(o.arg, o.path)
	l.Follow, l.Empty, l.Resolve = o.follows(), false, o.resolve
	return l
}

func (o *opening) access() policy.Access {
	if o.flags&unix.O_PATH != 0 {
		return 0
	}
	var a policy.Access
	if o.writes() {
		a = policy.Write
	}
	if o.flags&unix.O_ACCMODE != unix.O_WRONLY {
		a |= policy.Read
	}
	return a
}

// open decides about open, openat, openat2 and creat.
func (r *receiver) open(h *held) Answer {
	o, errno := h.opening()
	if errno != 0 {
		return Refuse(errno)
	}
	if h.s.mediatesWrites() && (o.writes() || o.how) {
		return r.mediateOpen(h, o)
	}
	if o.access() == 0 || !o.writes() && !h.s.Policy.Restricts(policy.Read) {
		return Continue() // wall: none is needed, everything may be read
	}
	place, errno := h.s.view.Resolve(h.openLookup(o))
	if errno != 0 {
		h.unresolved(o, errno)
		return Continue() // the kernel finds the same; wall: as below
	}
	if a, refused := h.judgeOpen(o, place); refused {
		return a
	}
	// Wall: read-only mounts and Landlock hold what the policy says of writing,
	// the run's root what it says of reading.
	return Continue()
}

// unresolved looks at a path that leads nowhere.
func (h *held) unresolved(o opening, errno unix.Errno) {
	if errno == unix.ENOENT || errno == unix.ENOTDIR {
		h.missingRead(o)
	}
}

// judgeOpen refuses an open that the policy does not allow.
func (h *held) judgeOpen(o opening, p target.Place) (Answer, bool) {
	s := h.s
	if s.Policy.Hidden(p.Canonical) && !s.isOwn(p.Canonical) && o.flags&unix.O_CREAT == 0 {
		return Refuse(unix.ENOENT), true
	}
	if o.writes() && !s.mayWrite(p.Canonical) && !slices.Contains(s.Devices, p.Canonical) && !s.isGiven(p) {
		if !p.Exists && o.flags&unix.O_CREAT == 0 {
			return Refuse(unix.ENOENT), true // nothing there that could be changed
		}
		if p.Exists && o.flags&(unix.O_CREAT|unix.O_EXCL) == unix.O_CREAT|unix.O_EXCL {
			return Refuse(unix.EEXIST), true
		}
		return h.violation(act{op: record.Write, path: o.path, canonical: p.Canonical})
	}
	if o.access()&policy.Read != 0 && !p.Exists {
		h.missingRead(o)
	}
	return Answer{}, false
}

// isGiven tells whether the place is a file that the command was given as one
// of its standard streams, open for writing.
func (s *Supervisor) isGiven(p target.Place) bool {
	if len(s.given) == 0 || !p.Exists {
		return false
	}
	var st unix.Stat_t
	fd, errno := s.view.Open(p)
	if errno != 0 {
		return false
	}
	defer unix.Close(fd)
	return unix.Fstat(fd, &st) == nil && s.given[FileID{st.Dev, st.Ino}]
}

// missingRead reports a read of what is there on the host and is not in the
// run's root, because the policy does not allow it to be read. The answer is
// ENOENT in any case.
func (h *held) missingRead(o opening) {
	if h.s.OwnTree || !h.s.Policy.Restricts(policy.Read) || o.path == "" || o.path[0] != '/' || o.access()&policy.Read == 0 {
		return
	}
	canonical, errno := target.HostPath(o.path)
	if errno != 0 || h.s.Policy.Allows(policy.Read, canonical) || h.s.Policy.Allows(policy.Write, canonical) {
		return
	}
	h.violation(act{op: record.Read, path: o.path, canonical: canonical, errno: unix.ENOENT})
}

// opening decodes the call.
func (h *held) opening() (opening, unix.Errno) {
	o, errno := h.openArguments()
	if errno == 0 {
		errno = o.flagsErrno()
	}
	if errno != 0 {
		return o, errno
	}
	o.path, errno = h.path(o.arg.Path)
	return o, errno
}

// openArguments decodes what says how it is opened.
func (h *held) openArguments() (o opening, errno unix.Errno) {
	o.arg = h.row.Paths()[0]
	switch i := h.row.Arg(abi.OpenFlags); {
	case h.name == "creat":
		o.flags, o.mode = unix.O_CREAT|unix.O_WRONLY|unix.O_TRUNC, h.args[1]
	case i >= 0:
		o.flags, o.mode = uint64(h.flags(i)), h.args[i+1]&0xffff
	default:
		errno = h.openHow(&o)
	}
	return o, errno
}

// plainFlags are flags of open(2) and openat(2) that are good in any combination; O_DIRECTORY
// and O_TMPFILE are not (build_open_flags in fs/open.c).
const plainFlags = unix.O_ACCMODE | unix.O_CREAT | unix.O_EXCL | unix.O_NOCTTY | unix.O_TRUNC | unix.O_APPEND | unix.O_NONBLOCK |
	unix.O_DSYNC | unix.O_SYNC | unix.O_LARGEFILE | unix.O_NOFOLLOW | unix.O_NOATIME | unix.O_CLOEXEC

// flagsErrno asks the kernel what it thinks of the flags, which it looks at
// first: without a directory to start from it can only say EBADF if they are good.
func (o *opening) flagsErrno() unix.Errno {
	if !o.how && o.flags&^plainFlags == 0 {
		return 0
	}
	var err error
	if o.how {
		_, err = unix.Openat2(-1, ".", &unix.OpenHow{Flags: o.flags, Mode: o.mode, Resolve: o.resolve})
	} else {
		_, err = unix.Openat(-1, ".", int(o.flags), uint32(o.mode))
	}
	if errno, _ := err.(unix.Errno); errno != unix.EBADF {
		return errno
	}
	return 0
}

// openHowSize is that of struct open_how as of Linux 5.6 (OPEN_HOW_SIZE_VER0).
const openHowSize = 24

// openHow copies struct open_how the way copy_struct_from_user() does.
func (h *held) openHow(o *opening) unix.Errno {
	i := h.row.Arg(abi.OpenHow)
	buf, errno := h.structure(h.pointer(i), h.args[i+1], openHowSize)
	if errno != 0 {
		return errno
	}
	o.how = true
	o.flags = binary.NativeEndian.Uint64(buf)
	o.mode = binary.NativeEndian.Uint64(buf[8:])
	o.resolve = binary.NativeEndian.Uint64(buf[16:])
	return 0
}
