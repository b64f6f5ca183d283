package supervisor

import (
	"maps"
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/abi"
	"github.com/catbox-go/catbox/internal/fakeroot"
	"github.com/catbox-go/catbox/internal/idmap"
)

// FakeRoot makes the command believe that it is root. What only root may do to
// files is noted in the state and not done; whoever asks is told what is noted.
// Nothing of it is a wall: a race that a program wins changes what it is told
// itself.
type FakeRoot struct {
	State *fakeroot.State
	// UID and GID are the user's, which are shown as 0.
	UID, GID uint32
	// Mapped tells that the run has a user namespace in which they are 0.
	Mapped bool
	// UIDs and GIDs are the ids that the run's user namespace has besides, if it
	// has a range of them: then the kernel knows who a process is and what it may,
	// owners are changed and not noted, and what is left to note is devices,
	// attributes and ids that are not in the range.
	UIDs, GIDs idmap.Map
	// UnknownIsReal shows the owners of files of which nothing is noted as they are.
	UnknownIsReal bool
	// Make makes a file in the directory, which belongs to another id of the range;
	// nil without one.
	Make func(dir string, id fakeroot.ID, name string, mode uint32) error

	// HostPath returns the path that the host has for one of the run's, "" for one of
	// which the host knows nothing; what is noted are the host's. Nil: they are the same.
	HostPath func(path string) string

	// Below returns the owner that the host has of a directory that lies below an overlay at
	// a path of the run, as far as it is not the user; 0 and 0 of what is the user's or new.
	// Nil: the run shows owners as they are.
	Below func(path string) (uid, gid uint32, there bool)

	// NoBirth tells that birth times say nothing about an inode: that of a file in an
	// overlay is another one once it was copied up.
	NoBirth bool

	// given are noted files that have their owners on disk as long as the run
	// lives, so that what is noted does not count: by device and inode.
	given sync.Map
	// came is where noted files were before a rename that the kernel may have refused, by ID.
	came    sync.Map
	shifted shifted
	below   below
	creds   credTable
	orphans orphans
	devices atomic.Bool // some are noted
	shows   atomic.Bool // files were noted that the kernel shows otherwise
	umasked atomic.Bool // some process has an umask that takes bits of the owner
	noting  sync.Mutex  // one change is noted at a time
}

func (f *FakeRoot) onHost(path string) string {
	if f.HostPath == nil {
		return path
	}
	return f.HostPath(path)
}

// idOf is the identity of the inode with a status.
func (f *FakeRoot) idOf(st *unix.Statx_t) fakeroot.ID {
	id := fakeroot.IDOf(st)
	if f.NoBirth {
		id.Birth = 0
	}
	return id
}

// begin looks at what is noted already.
func (f *FakeRoot) begin(umask uint32) {
	f.umasked.Store(umask&0700 != 0)
	for _, e := range f.State.Entries() {
		if fakeroot.IsDevice(e.Mode) {
			f.devices.Store(true)
		}
		if !f.isGiven(e.ID) {
			f.shows.Store(true)
		}
	}
}

// creds are what the thread's process believes to be.
func (r *receiver) creds(h *held) *creds {
	if f := r.s.Fake; f.ownIDs() {
		return f.kernelCreds(h.thread)
	}
	return r.s.Fake.creds.of(h.thread)
}

// fake answers a call that a fake root has an answer for. Not done: the policy
// decides, as without.
func (r *receiver) fake(h *held) (a Answer, done bool) {
	if h.row.Class == abi.Stat && r.s.hides {
		if a := r.stat(h); a.kind != answerContinue {
			return a, true
		}
	}
	if r.s.Fake.ownIDs() {
		if a, done := r.fakeOwnIDs(h); done || h.row.Fake == abi.NoFake {
			return a, done
		}
	}
	switch h.row.Fake {
	case abi.FakeStat:
		return r.fakeStat(h), true
	case abi.FakeGetxattr, abi.FakeListxattr:
		return r.fakeReadXattr(h), true
	case abi.FakeEntries:
		return r.fakeEntries(h), true
	case abi.FakeGetID:
		return r.getID(h), true
	case abi.FakeSetID:
		return r.setID(h), true
	case abi.FakeCaps:
		return r.caps(h), true
	case abi.FakeUmask:
		r.s.Fake.umasked.Store(true)
		return Continue(), true // wall: none is needed, it changes no file
	case abi.FakePriority:
		return r.priority(h), true
	case abi.FakeRoot:
		return r.fakeChroot(h), true
	}
	switch h.row.Class {
	case abi.Write:
		return r.fakeWrite(h)
	case abi.Open:
		return r.fakeOpen(h)
	case abi.Exec:
		return r.fakeExec(h)
	}
	return Answer{}, false
}

// statxMask is what the fake root has to know of a file.
const statxMask = unix.STATX_BASIC_STATS | unix.STATX_BTIME

// onlyIfAsked are what statx tells of only if it is asked for (generic_fillattr()
// of the kernel since Linux 6.13).
const onlyIfAsked = unix.STATX_BTIME | unix.STATX_CTIME | unix.STATX_MTIME

// attributes are what the command is told of a file.
type attributes struct {
	mode     uint32
	uid, gid uint32
	rdev     uint64
	entry    fakeroot.Entry // what is noted, if known
	known    bool
}

func (a attributes) isDir() bool { return a.mode&unix.S_IFMT == unix.S_IFDIR }

// attributes finds what is shown of the file with the real status st.
func (f *FakeRoot) attributes(st *unix.Statx_t) attributes {
	a := f.unknown(st)
	e, known := f.find(st)
	if !known {
		a.entry.Xattrs = f.trustedOf(st)
		return a
	}
	a.entry, a.known = e, true
	a.uid, a.gid, a.mode, a.rdev = e.UID, e.GID, e.Mode, e.Rdev
	if e.Mode&unix.S_IFMT == 0 { // only attributes are noted
		a.mode |= uint32(st.Mode) & unix.S_IFMT
	}
	return a
}

// unknown is what is shown of a file of which nothing is noted.
func (f *FakeRoot) unknown(st *unix.Statx_t) attributes {
	a := attributes{
		mode: uint32(st.Mode), uid: f.shown(st.Uid, f.UID, f.UIDs), gid: f.shown(st.Gid, f.GID, f.GIDs),
		rdev: unix.Mkdev(st.Rdev_major, st.Rdev_minor),
	}
	if o, is := f.ownerOf(st); is {
		a.uid, a.gid = o.uid, o.gid
	}
	return a
}

// entryOf is what a note says of a file of which nothing was noted before.
func (f *FakeRoot) entryOf(st *unix.Statx_t) fakeroot.Entry {
	a := f.unknown(st)
	return fakeroot.Entry{ID: f.idOf(st), Mode: a.mode, UID: a.uid, GID: a.gid, Rdev: a.rdev, Nlink: st.Nlink}
}

func (f *FakeRoot) shown(id, own uint32, ids idmap.Map) uint32 {
	if f.ownIDs() {
		return inside(id, ids)
	}
	if id == own && !f.UnknownIsReal {
		return 0
	}
	return id
}

// find looks a noted inode up, among those too that have no name any more. The
// clock of birth times is coarse, so that a number can come back with the same: then
// the names tell.
func (f *FakeRoot) find(st *unix.Statx_t) (fakeroot.Entry, bool) {
	id := f.idOf(st)
	if f.State.Len() == 0 && f.orphans.empty() {
		return fakeroot.Entry{}, false
	}
	if st.Nlink == 0 {
		return f.orphans.get(id)
	}
	f.left(id)
	e, ok := f.State.Get(id)
	return e, ok && !f.isGiven(e.ID)
}

// plain tells that the kernel shows the run what it is to be shown.
func (f *FakeRoot) plain(st *unix.Statx_t, a attributes) bool {
	if f.ownIDs() {
		return !a.known
	}
	return f.Mapped && !a.known && !f.UnknownIsReal && st.Uid == f.UID && st.Gid == f.GID && a.uid == 0 && a.gid == 0
}

// note writes down what is shown of the file from now on. path tells where it is,
// if that is not known.
func (f *FakeRoot) note(st *unix.Statx_t, path func() string, change func(*fakeroot.Entry)) unix.Errno {
	f.noting.Lock()
	defer f.noting.Unlock()
	f.shows.Store(true)
	id := f.idOf(st)
	if st.Nlink == 0 {
		f.noteOrphan(st, change)
		return 0
	}
	f.left(id)
	e, known := f.State.Get(id)
	if e.Xattrs = maps.Clone(e.Xattrs); !known {
		e = f.entryOf(st)
	} else if f.isGiven(id) {
		e = f.asOnDisk(st, e)
	}
	if e.Nlink = st.Nlink; path != nil && (e.Path == "" || severalNames(st)) {
		e.AddName(f.onHost(path()))
	}
	change(&e)
	if a := f.unknown(st); e.UID != a.uid || e.GID != a.gid {
		f.given.Delete(FileID{id.Dev, id.Ino}) // what is noted counts from now on
	}
	var err error
	switch {
	case !f.needless(st, e) || known && f.Below != nil: // a copy of a file of others, which is root's now
		err = f.State.Put(e)
	case known:
		err = f.State.Delete(id)
	}
	if err != nil {
		return unix.EIO
	}
	return 0
}

// severalNames tells of a file with hard links.
func severalNames(st *unix.Statx_t) bool { return st.Nlink > 1 && st.Mode&unix.S_IFMT != unix.S_IFDIR }

// noteOrphan is note for a file that has no name: it is noted as long as the run
// lives, or until it gets one.
func (f *FakeRoot) noteOrphan(st *unix.Statx_t, change func(*fakeroot.Entry)) {
	e, known := f.orphans.get(f.idOf(st))
	if !known {
		e = f.entryOf(st)
	}
	e.Xattrs = maps.Clone(e.Xattrs)
	change(&e)
	f.orphans.add(e)
}

// needless tells that an entry says no more than is shown without it.
func (f *FakeRoot) needless(st *unix.Statx_t, e fakeroot.Entry) bool {
	a := f.unknown(st)
	return e.Mode == a.mode && e.UID == a.uid && e.GID == a.gid && e.Rdev == a.rdev && len(e.Xattrs) == 0
}

// fakeStat answers the stat family.
func (r *receiver) fakeStat(h *held) Answer {
	f := r.s.Fake
	if f.ownIDs() && !f.shows.Load() || h.statUnknown() {
		return Continue() // the kernel says that it is wrong; wall: none is needed, it reads
	}
	l, errno := h.statLookup()
	if errno != 0 {
		return Refuse(errno)
	}
	mask := statxMask
	if h.name == "statx" {
		mask |= int(h.flags(3) &^ unix.STATX__RESERVED)
	}
	st, errno := r.s.view.Statx(l, mask)
	if errno != 0 {
		return Continue() // the kernel says what is wrong; wall: none is needed, it reads
	}
	r.askBelow(&st, l)
	a := f.attributes(&st)
	if f.plain(&st, a) && (f.ownIDs() || !f.creds.dropped.Load()) {
		return Continue() // likewise
	}
	if errno := r.searchable(h, l); errno != 0 {
		return Refuse(errno)
	}
	st.Mode, st.Uid, st.Gid = uint16(a.mode), a.uid, a.gid
	st.Rdev_major, st.Rdev_minor = unix.Major(a.rdev), unix.Minor(a.rdev)
	if a.known && fakeroot.IsDevice(a.mode) {
		st.Size, st.Blocks = 0, 0
	}
	if h.name == "statx" {
		st.Mask &^= onlyIfAsked &^ h.flags(3)
	}
	return h.writeStatus(&st)
}

// statUnknown tells that a call of the stat family has flags that it does not know.
func (h *held) statUnknown() bool {
	i := h.row.Arg(abi.AtFlags)
	if i < 0 {
		return false
	}
	const sync = unix.AT_STATX_FORCE_SYNC | unix.AT_STATX_DONT_SYNC
	known := uint32(unix.AT_SYMLINK_NOFOLLOW | unix.AT_NO_AUTOMOUNT | unix.AT_EMPTY_PATH | sync) // vfs_statx() of the kernel
	both := h.name == "statx" && h.flags(i)&sync == sync
	return h.flags(i)&^known != 0 || both || h.name == "statx" && h.flags(3)&unix.STATX__RESERVED != 0
}

func (h *held) writeStatus(st *unix.Statx_t) Answer {
	buf, errno := encodeStatus(h.arch, h.name, st)
	if errno == 0 {
		errno = h.thread.Write(h.pointer(h.row.Arg(abi.Buffer)), buf)
	}
	if errno != 0 {
		return Refuse(errno)
	}
	return Return(0)
}
