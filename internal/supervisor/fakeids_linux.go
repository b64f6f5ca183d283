package supervisor

import (
	"strings"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/abi"
	"github.com/catbox-go/catbox/internal/fakeroot"
	"github.com/catbox-go/catbox/internal/idmap"
	"github.com/catbox-go/catbox/internal/target"
)

// ownIDs tells that the run has a range of ids of its own.
func (f *FakeRoot) ownIDs() bool { return len(f.UIDs) > 0 }

func (f *FakeRoot) idMaps() idMaps { return idMaps{f.UIDs, f.GIDs} }

// inside is an id as the run's user namespace has it.
func inside(id uint32, ids idmap.Map) uint32 {
	if in, ok := ids.Inside(id); ok {
		return in
	}
	return idmap.Overflow
}

// fakeOwnIDs answers what the kernel does not know of in a namespace with a range of ids.
func (r *receiver) fakeOwnIDs(h *held) (a Answer, done bool) {
	name, short := h.idCall()
	switch {
	case h.row.Class == abi.Write:
		return r.ownIDsWrite(h)
	case h.row.Class == abi.Open:
		return r.ownIDsOpen(h)
	case h.row.Fake == abi.FakeGetID:
		if c := r.keptCreds(h); len(c.groups) > 0 {
			return h.getGroups(c, short), true
		}
		return Continue(), true // wall: none is needed, it reads
	case name == "setgroups":
		return r.ownGroups(h, short), true
	case h.row.Fake == abi.FakeSetID:
		return r.becomesOther(), true
	case h.row.Fake == abi.FakeRoot:
		r.s.view.Chrooted()
		return Continue(), true // wall: as in fakeChroot
	}
	return Answer{}, false
}

// ownIDsWrite does what the kernel cannot do in a namespace with a range of ids;
// the rest is decided by the policy alone.
func (r *receiver) ownIDsWrite(h *held) (a Answer, done bool) {
	paths := h.row.Paths()
	switch h.row.Change {
	case abi.Chown:
		uid, gid := h.owners()
		if !r.s.Fake.idMaps().has(uid, gid) {
			break
		}
		s := r.subjectOf(h)
		if s.known {
			return r.notedAndOnDisk(h, s), true
		}
		r.shifts(s, func(e *fakeroot.Entry) { setOwner(e, uid, gid) })
		return r.mapped(h)
	case abi.Chmod:
		return r.ownIDsChmod(h)
	case abi.Mknod:
		if mode := h.value(abi.Mode); !fakeroot.IsDevice(mode) || isWhiteout(mode, uint64(h.value(abi.Dev))) {
			return Answer{}, false
		}
	case abi.Truncate:
		if a, _, ok := r.found(h, paths[0]); !ok || !a.known || !fakeroot.IsDevice(a.mode) {
			return Answer{}, false
		}
	case abi.Setxattr, abi.Removexattr:
		switch name := h.attributeName(); {
		case !notedAttribute(name):
			return Answer{}, false
		case !strings.HasPrefix(name, "trusted."):
			if s := r.subjectOf(h); !s.known {
				r.shifts(s, func(*fakeroot.Entry) {})
				return Answer{}, false
			}
		}
	case abi.HardLink:
		r.joins(h, paths)
		return Answer{}, false
	case abi.Unlink, abi.Rename:
		r.forget(h, paths)
		return Answer{}, false
	default:
		return Answer{}, false
	}
	return r.fakeChange(h, r.creds(h)), true
}

func setOwner(e *fakeroot.Entry, uid, gid int64) {
	if uid != noID {
		e.UID = uint32(uid)
	}
	if gid != noID {
		e.GID = uint32(gid)
	}
}

func (r *receiver) ownIDsChmod(h *held) (a Answer, done bool) {
	mode := h.value(abi.Mode) & 07777
	lends := mode&(unix.S_ISUID|unix.S_ISGID) != 0
	if !lends && r.s.Fake.State.Len() == 0 {
		return Answer{}, false
	}
	s := r.subjectOf(h)
	if s.known {
		return r.notedAndOnDisk(h, s), true
	}
	if lends { // on disk only as long as the run lives
		r.shifts(s, func(e *fakeroot.Entry) { e.Mode = e.Mode&unix.S_IFMT | mode })
	}
	return Answer{}, false
}

// notedAndOnDisk changes the owner or mode of a file that is noted. What a device is
// on disk gets them too: the kernel judges by it what other ids may do with its name.
func (r *receiver) notedAndOnDisk(h *held, s subject) Answer {
	a := r.fakeChange(h, r.creds(h))
	if !a.succeeded() || !fakeroot.IsDevice(s.mode) || !s.ownedAsShown(r.s.Fake) {
		return a
	}
	r.s.Fake.shifted.add(r.pathOf(s))
	return Continue() // wall: the policy was asked before it was noted; and as in mapped
}

// mapped is a change of owner that the kernel can make.
func (r *receiver) mapped(h *held) (Answer, bool) {
	if r.s.anyWrite {
		return Continue(), true // wall: none is needed, everything may be written
	}
	if a, refused := h.judgeWrite(); refused {
		return a, true
	}
	// Wall: read-only mounts; and the ids are those of the run's namespace alone.
	return Continue(), true
}

// subject is the file that a call is about. Nothing is known of one that cannot be
// found; the kernel says why.
type subject struct {
	target.Lookup
	attributes
	st    unix.Statx_t
	found bool
}

func (r *receiver) subjectOf(h *held) (s subject) {
	var errno unix.Errno
	if s.Lookup, errno = h.statLookup(); errno != 0 {
		return s
	}
	if s.st, errno = r.s.view.Statx(s.Lookup, statxMask); errno != 0 {
		return s
	}
	s.attributes, s.found = r.s.Fake.attributes(&s.st), true
	return s
}

// ownedAsShown tells whether the file has the owners on disk that are noted of it.
func (s *subject) ownedAsShown(f *FakeRoot) bool {
	real := f.unknown(&s.st)
	return real.uid == s.uid && real.gid == s.gid
}

// pathOf is where the subject is, "" if it has no path.
func (r *receiver) pathOf(s subject) string {
	place, errno := r.s.view.Resolve(s.Lookup)
	if errno != 0 || !strings.HasPrefix(place.Canonical, "/") {
		return ""
	}
	return place.Canonical
}

// unnotedFile tells that nothing is noted of the file that the call is about.
func (r *receiver) unnotedFile(h *held) bool {
	if r.s.Fake.State.Len() == 0 {
		return true
	}
	return !r.subjectOf(h).known
}

// forget follows what a removal or a rename does to what is noted. The kernel
// does it.
func (r *receiver) forget(h *held, args []abi.PathArg) {
	f := r.s.Fake
	if f.State.Len() == 0 && f.shifted.empty() {
		return
	}
	last := args[len(args)-1]
	stays := h.row.Change == abi.Rename && h.name == "renameat2" && h.flags(4)&(unix.RENAME_EXCHANGE|unix.RENAME_NOREPLACE) != 0
	if a, st, ok := r.found(h, last); stays || !ok {
	} else if a.known {
		path, _ := r.canonicalOf(h, last)
		f.leaves(a, &st, path)
	} else if !severalNames(&st) {
		f.takeGiven(f.idOf(&st))
	} else if path, errno := r.canonicalOf(h, last); errno == 0 {
		f.loses(f.idOf(&st), path)
	}
	if h.row.Change == abi.Rename {
		r.follow(h, args[0], last)
	}
}

// joins has what is known of a file known by its new name too. If the kernel
// refuses that, the name is seen to be another file's at the end.
func (r *receiver) joins(h *held, args []abi.PathArg) {
	f := r.s.Fake
	if f.State.Len() == 0 {
		return
	}
	a := r.foundOrGiven(h, args[0])
	path, errno := r.canonicalOf(h, args[1])
	if errno != 0 || !a.known {
		return
	}
	if f.isGiven(a.entry.ID) {
		f.shifted.add(path)
	}
	_ = f.State.Update(a.entry.ID, func(e *fakeroot.Entry, known bool) {
		if known {
			e.AddName(f.onHost(path))
		}
	})
}

// follow has what is known by its path go with a rename.
func (r *receiver) follow(h *held, first, last abi.PathArg) {
	f := r.s.Fake
	moved, replaced := r.foundOrGiven(h, first), r.foundOrGiven(h, last)
	from, errno := r.canonicalOf(h, first)
	to, errno2 := r.canonicalOf(h, last)
	if errno == 0 && errno2 == 0 {
		f.renamed(moved, replaced, from, to, h.name == "renameat2" && h.flags(4)&unix.RENAME_EXCHANGE != 0)
		f.shifted.moved(from, to, moved.isDir())
	}
}

// foundOrGiven is found, where a file that has its owner on disk is known too.
func (r *receiver) foundOrGiven(h *held, arg abi.PathArg) attributes {
	a, st, ok := r.found(h, arg)
	if id := r.s.Fake.idOf(&st); ok && r.s.Fake.isGiven(id) {
		a.entry.ID, a.known = id, true
	}
	return a
}

func (r *receiver) canonicalOf(h *held, arg abi.PathArg) (string, unix.Errno) {
	path, errno := h.path(arg.Path)
	if errno != 0 {
		return "", errno
	}
	place, errno := r.s.view.Resolve(h.lookup(arg, path))
	return place.Canonical, errno
}
