package supervisor

import (
	"strings"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/fakeroot"
	"github.com/catbox-go/catbox/internal/target"
)

// Where the run's tree is an overlay of an ordinary user, a directory of somebody
// else is the user's there, as it could not be written otherwise, and so is a file
// that was copied to be changed. What they are below counts, as long as nobody gave
// them to another.

// owner is what is shown of a directory that is not the user's below.
type owner struct{ uid, gid uint32 }

// below are the owners of directories, by device and inode: each is asked for once.
// A number does not come back for another one, as what lies below stays.
type below struct{ owners sync.Map }

// ownerOf is the owner that the user's directory has below, if it was asked for.
func (f *FakeRoot) ownerOf(st *unix.Statx_t) (owner, bool) {
	if f.Below == nil || st.Mode&unix.S_IFMT != unix.S_IFDIR || st.Uid != f.UID {
		return owner{}, false
	}
	o, asked := f.below.owners.Load(fileOf(st))
	if !asked {
		return owner{}, false
	}
	return o.(owner), true
}

func fileOf(st *unix.Statx_t) FileID { return FileID{unix.Mkdev(st.Dev_major, st.Dev_minor), st.Ino} }

// ask finds the owner that a directory has below, if nobody asked before. where is its
// path in the run, "" if that is not known.
func (f *FakeRoot) ask(st *unix.Statx_t, where func() string) {
	if f.Below == nil || st.Mode&unix.S_IFMT != unix.S_IFDIR || st.Uid != f.UID {
		return
	}
	id := fileOf(st)
	if _, asked := f.below.owners.Load(id); asked {
		return
	}
	if path := where(); strings.HasPrefix(path, "/") {
		uid, gid, _ := f.Below(path)
		f.below.owners.Store(id, owner{uid, gid})
	}
}

// askBelow is ask for what a path of a call leads to.
func (r *receiver) askBelow(st *unix.Statx_t, l target.Lookup) {
	r.s.Fake.ask(st, func() string {
		l.Entry, l.Pin = false, false
		place, errno := r.s.view.Resolve(l)
		if errno != 0 {
			return ""
		}
		return place.Canonical
	})
}

// askOpen is ask for an open directory.
func (f *FakeRoot) askOpen(fd int, where func() string) {
	var st unix.Statx_t
	if f.Below != nil && unix.Statx(fd, "", unix.AT_EMPTY_PATH, unix.STATX_BASIC_STATS, &st) == nil {
		f.ask(&st, where)
	}
}

// askBelowOf is askBelow for what a call changes the metadata of.
func (r *receiver) askBelowOf(h *held) {
	if r.s.Fake.Below == nil || !h.row.Change.Metadata() {
		return
	}
	l, errno := h.statLookup()
	if errno != 0 {
		return
	}
	if st, errno := r.s.view.Statx(l, unix.STATX_BASIC_STATS); errno == 0 {
		r.askBelow(&st, l)
	}
}

// noteOwner notes the owner of a file that was copied to be changed: the copy is the
// user's own.
func (r *receiver) noteOwner(p target.Place, was *unix.Stat_t) {
	f := r.s.Fake
	if f == nil || f.ownIDs() || was.Uid == 0 && was.Gid == 0 {
		return
	}
	var st unix.Statx_t
	if unix.Statx(p.Dir, p.Name, unix.AT_SYMLINK_NOFOLLOW, statxMask, &st) != nil {
		return
	}
	_ = f.note(&st, func() string { return p.Canonical }, func(e *fakeroot.Entry) { // what cannot be written is not known in the next run
		e.UID, e.GID, e.Mode = f.shown(was.Uid, f.UID, nil), f.shown(was.Gid, f.GID, nil), was.Mode
	})
}
