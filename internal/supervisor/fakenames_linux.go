package supervisor

import (
	"os"
	"path"
	"strings"
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/abi"
	"github.com/catbox-go/catbox/internal/fakeroot"
	"github.com/catbox-go/catbox/internal/paths"
	"github.com/catbox-go/catbox/internal/sys"
	"github.com/catbox-go/catbox/internal/target"
)

// make makes something at the call's last place by do, and notes what is shown
// of it: the owner from the credentials, the group and more from the directory,
// the mode from what was asked for.
func (r *receiver) make(p *pinned, asked uint32, do func() Answer, more func(*fakeroot.Entry)) Answer {
	f := r.s.Fake
	place := p.places[len(p.places)-1]
	if place.Exists {
		return Refuse(unix.EEXIST)
	}
	dir, errno := f.changesDirectory(p.creds, place)
	if errno != 0 {
		return Refuse(errno)
	}
	var a Answer
	if err := p.asTarget(func() { a = do() }); err != nil {
		return Refuse(unix.EACCES)
	}
	if !a.succeeded() {
		return a
	}
	if errno := f.born(p.creds, dir, place, asked, more); errno != 0 {
		return Refuse(errno)
	}
	return a
}

// born notes what is shown of a file that has just been made in the directory.
func (f *FakeRoot) born(c *creds, dir attributes, place target.Place, asked uint32, more func(*fakeroot.Entry)) unix.Errno {
	fd, err := unix.Openat(place.Dir, place.Name, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return done(err).errno
	}
	defer unix.Close(fd)
	return f.bornAs(c, dir, fd, place.Canonical, asked, more)
}

// keepOpen gives the owner on disk what an umask took and root does not need.
func keepOpen(fd int, st *unix.Statx_t) unix.Errno {
	if mode := opened(st.Mode); mode != st.Mode {
		return done(unix.Chmod(sys.FDPath(fd), uint32(mode&0777))).errno
	}
	return 0
}

// opened is a mode with what its owner has on disk.
func opened(mode uint16) uint16 { return mode | uint16(fakeroot.OwnerBits(uint32(mode))) }

// hide takes bits of the owner that are on disk for the fake root's sake, unless
// an access control list says what the mode is.
func hide(e *fakeroot.Entry, bits uint32) {
	if e.Xattrs[aclAccess] == nil {
		e.Mode &^= bits
	}
}

func (f *FakeRoot) bornAs(c *creds, dir attributes, fd int, path string, asked uint32, more func(*fakeroot.Entry)) unix.Errno {
	_, st, errno := f.attributesOf(fd)
	if errno == 0 {
		errno = keepOpen(fd, &st)
	}
	if errno != 0 {
		return errno
	}
	made := uint32(st.Mode)
	st.Mode = opened(st.Mode)
	return f.note(&st, func() string { return path }, func(e *fakeroot.Entry) {
		e.UID, e.GID = c.uid.fs, c.gid.fs
		e.Mode = made | asked&specialBits
		if dir.mode&unix.S_ISGID != 0 {
			e.GID = dir.gid
			if made&unix.S_IFMT == unix.S_IFDIR {
				e.Mode |= unix.S_ISGID
			} else if e.Mode&unix.S_IXGRP != 0 && !c.inGroup(e.GID) && !c.capable(unix.CAP_FSETID) {
				e.Mode &^= unix.S_ISGID
			}
		}
		inheritACL(e, dir, asked)
		if more != nil {
			more(e)
		}
	})
}

func fakeMkdir(r *receiver, p *pinned) Answer {
	mode := p.value(abi.Mode)
	return r.make(p, mode&(unix.S_ISVTX|0777), func() Answer {
		place := p.places[0]
		return done(unix.Mkdirat(place.Dir, entry(place), mode&0777|0700))
	}, func(e *fakeroot.Entry) { hide(e, 0700&^mode) })
}

func fakeSymlink(r *receiver, p *pinned) Answer {
	return r.make(p, 0777, func() Answer { return symlink(p) }, nil)
}

// fakeMknod makes a device as a socket, as opening one gives ENXIO, or as a file.
func fakeMknod(r *receiver, p *pinned) Answer {
	mode, dev := p.value(abi.Mode), uint64(p.value(abi.Dev))
	if mode&unix.S_IFMT == 0 {
		mode |= unix.S_IFREG
	}
	if !fakeroot.IsDevice(mode) || isWhiteout(mode, dev) {
		return r.make(p, mode&07777, func() Answer {
			return done(unix.Mknodat(p.places[0].Dir, entry(p.places[0]), mode&^specialBits|0600, int(dev)))
		}, func(e *fakeroot.Entry) { hide(e, 0600&^mode) })
	}
	if place := p.places[0]; place.Exists {
		return Refuse(unix.EEXIST)
	} else if _, errno := r.s.Fake.changesDirectory(p.creds, place); errno != 0 {
		return Refuse(errno)
	} else if !p.creds.capable(unix.CAP_MKNOD) {
		return Refuse(unix.EPERM)
	}
	return r.make(p, mode&07777, func() Answer {
		return p.makesDevice(realDevice(mode, dev))
	}, func(e *fakeroot.Entry) {
		hide(e, 0600&^mode)
		e.Mode, e.Rdev = e.Mode&07777|mode&unix.S_IFMT, decodeDev(dev)
		r.s.Fake.devices.Store(true)
	})
}

// isWhiteout tells of overlayfs' 0:0, which anybody may make.
func isWhiteout(mode uint32, dev uint64) bool { return mode&unix.S_IFMT == unix.S_IFCHR && dev == 0 }

// makesDevice makes what a device is on disk. Where the directory is another id's,
// the user has no rights and the run's root has.
func (p *pinned) makesDevice(kind uint32) Answer {
	place, f := p.places[0], p.s.Fake
	a := done(unix.Mknodat(place.Dir, entry(place), kind, 0))
	if f.Make == nil || a.errno != unix.EACCES {
		return a
	}
	var st unix.Statx_t
	if err := unix.Statx(place.Dir, "", unix.AT_EMPTY_PATH, statxMask, &st); err != nil {
		return done(err)
	}
	mask := unix.Umask(0) // the target's, see asTarget
	unix.Umask(mask)
	return done(f.Make(path.Dir(place.Canonical), f.idOf(&st), place.Name, kind&^uint32(mask)))
}

// realDevice is the mode with which a device is made on disk: a socket, or for
// the null device an empty file, which reads the same. An open that only reads
// is not seen here.
func realDevice(mode uint32, dev uint64) uint32 {
	kind := uint32(unix.S_IFSOCK)
	if mode&unix.S_IFMT == unix.S_IFCHR && decodeDev(dev) == nullDevice {
		kind = unix.S_IFREG
	}
	return kind | mode&0777 | 0600
}

// decodeDev widens the number that mknod takes (new_decode_dev() of linux/kdev_t.h).
func decodeDev(dev uint64) uint64 {
	return unix.Mkdev(uint32(dev>>8&0xfff), uint32(dev&0xff|dev>>12&0xfff00))
}

func fakeLink(r *receiver, p *pinned) Answer {
	f := r.s.Fake
	place := p.places[len(p.places)-1]
	switch {
	case place.Exists:
		return Refuse(unix.EEXIST)
	case p.creds != rootCreds && !sameMount(p.file(), place.Dir):
		return Refuse(unix.EXDEV) // as in fakeRename
	}
	if a, _, errno := f.attributesOf(p.file()); errno == 0 && !p.creds.mayLink(a) {
		return Refuse(unix.EPERM)
	}
	if _, errno := f.changesDirectory(p.creds, place); errno != 0 {
		return Refuse(errno)
	}
	a := p.does()
	if a.succeeded() {
		f.linked(p.file(), place.Canonical)
	}
	return a
}

// protectedHardlinks is the setting of the host (proc_sys_fs(5)).
var protectedHardlinks = sync.OnceValue(func() bool {
	data, err := os.ReadFile("/proc/sys/fs/protected_hardlinks")
	return err == nil && strings.TrimSpace(string(data)) != "0"
})

// mayLink tells whether the process may give the file another name
// (may_linkat() of the kernel).
func (c *creds) mayLink(a attributes) bool {
	if c.owns(a) || !protectedHardlinks() {
		return true
	}
	special := a.mode&unix.S_ISUID != 0 || a.mode&(unix.S_ISGID|unix.S_IXGRP) == unix.S_ISGID|unix.S_IXGRP
	return a.mode&unix.S_IFMT == unix.S_IFREG && !special && c.may(a, mayRead|mayWrite)
}

// linked notes that a file has one more name, perhaps its first.
func (f *FakeRoot) linked(fd int, path string) {
	a, st, errno := f.attributesOf(fd)
	if errno != 0 {
		return
	}
	if e, ok := f.orphans.take(f.idOf(&st)); ok {
		e.Nlink, e.Path = st.Nlink, f.onHost(path)
		_ = f.State.Put(e)
	} else if a.known {
		_ = f.State.Update(a.entry.ID, func(e *fakeroot.Entry, _ bool) {
			e.Nlink = st.Nlink
			e.AddName(f.onHost(path))
		})
	}
}

func fakeUnlink(r *receiver, p *pinned) Answer {
	f := r.s.Fake
	place := p.places[0]
	if place.Name == "." || place.Name == ".." {
		return p.does() // the kernel's errors
	}
	a, st, errno := f.removes(p.creds, place)
	if errno != 0 {
		return Refuse(errno)
	}
	answer := p.does()
	if answer.succeeded() {
		f.removed(a, &st, place.Canonical)
	}
	return answer
}

// unlinkDirectly is fakeUnlink for root where everything may be written. One look
// tells of a file of which nothing is noted: its removal is the kernel's.
func (r *receiver) unlinkDirectly(h *held) (Answer, bool) {
	path, errno := h.path(h.row.Paths()[0].Path)
	if errno != 0 {
		return Refuse(errno), true
	}
	l := h.lookup(h.row.Paths()[0], path)
	l.Follow = false
	dir, direct, ok := r.s.view.Direct(l)
	if !ok || !h.valid() {
		return Answer{}, false
	}
	var st unix.Statx_t
	if unix.Statx(dir, direct, unix.AT_SYMLINK_NOFOLLOW, statxMask, &st) != nil || st.Attributes&unix.STATX_ATTR_MOUNT_ROOT != 0 {
		return Answer{}, false
	}
	noted := r.s.Fake.attributes(&st)
	if !noted.known {
		return Continue(), true // wall: none is needed, everything may be written
	}
	if severalNames(&st) {
		return Answer{}, false // which of its names goes has to be known
	}
	flags := int(h.value(abi.AtFlags))
	if h.name == "rmdir" {
		flags = unix.AT_REMOVEDIR
	}
	a := done(unix.Unlinkat(dir, direct, flags))
	if a.succeeded() {
		r.s.Fake.removed(noted, &st, "")
	}
	return a, a.errno != unix.ENAMETOOLONG && a.errno != unix.EACCES
}

// removed notes that a name of the file, at path, is gone. With the last one the
// file dies, but for those who have it open; path counts only for others.
func (f *FakeRoot) removed(a attributes, st *unix.Statx_t, path string) {
	if !a.known {
		return
	}
	if a.isDir() || st.Nlink <= 1 {
		f.orphans.add(a.entry)
		_ = f.State.Delete(a.entry.ID)
		return
	}
	_ = f.State.Update(a.entry.ID, func(e *fakeroot.Entry, _ bool) {
		e.Nlink = st.Nlink - 1
		e.RemoveName(f.onHost(path))
	})
}

func fakeRename(r *receiver, p *pinned) Answer {
	f, c := r.s.Fake, p.creds
	from, to := p.places[0], p.places[1]
	if c != rootCreds && !sameMount(from.Dir, to.Dir) {
		return Refuse(unix.EXDEV) // before anything else, as the kernel does
	}
	moved, _, errno := f.removes(c, from)
	if errno != 0 {
		return Refuse(errno)
	}
	replaced, st, errno := f.attributesAt(to.Dir, to.Name)
	exists := errno == 0
	dir, errno := f.changesDirectory(c, to)
	if errno == 0 && exists && c.sticky(dir, replaced) {
		errno = unix.EPERM
	}
	if errno == 0 && moved.isDir() && !sameDirectory(from.Dir, to.Dir) && !c.may(moved, mayWrite) {
		errno = unix.EACCES // its ".." changes
	}
	if errno != 0 {
		return Refuse(errno)
	}
	answer := p.does()
	if !answer.succeeded() {
		return answer
	}
	exchange := p.name == "renameat2" && p.flags(4)&unix.RENAME_EXCHANGE != 0
	if exists && !exchange && !sameFile(moved, replaced) {
		f.removed(replaced, &st, to.Canonical)
	}
	f.renamed(moved, replaced, from.Canonical, to.Canonical, exchange)
	return answer
}

// renamed gives what is noted its new place. Only a directory brings others
// along: to look for them takes a look at everything that is noted.
func (f *FakeRoot) renamed(moved, replaced attributes, from, to string, exchange bool) {
	if sameFile(moved, replaced) {
		return
	}
	from, to = f.onHost(from), f.onHost(to)
	if moved.isDir() || exchange && replaced.isDir() {
		f.moved(from, to, exchange)
		return
	}
	f.place(moved, from, to)
	if exchange {
		f.place(replaced, to, from)
	}
}

// place notes where a file is now.
func (f *FakeRoot) place(a attributes, from, to string) {
	if !a.known {
		return
	}
	if f.ownIDs() {
		f.came.Store(a.entry.ID, from)
	}
	_ = f.State.Update(a.entry.ID, func(e *fakeroot.Entry, _ bool) { e.Rename(from, to) })
}

// sameFile: a rename onto another name of the same file does nothing.
func sameFile(a, b attributes) bool { return a.known && b.known && a.entry.ID == b.entry.ID }

func sameDirectory(a, b int) bool {
	var s, t unix.Stat_t
	return unix.Fstat(a, &s) == nil && unix.Fstat(b, &t) == nil && s.Dev == t.Dev && s.Ino == t.Ino
}

// moved gives what is noted below a path, and at it, its new place.
func (f *FakeRoot) moved(from, to string, exchange bool) {
	for _, e := range f.State.Entries() {
		for _, path := range e.Names() {
			switch {
			case paths.Under(path, from):
				f.place(attributes{entry: e, known: true}, path, to+strings.TrimPrefix(path, from))
			case exchange && paths.Under(path, to):
				f.place(attributes{entry: e, known: true}, path, from+strings.TrimPrefix(path, to))
			}
		}
	}
}

// sameMount tells whether two directories are on one mount; where that is not
// known (before Linux 5.8) on one file system.
func sameMount(a, b int) bool {
	var s, t unix.Statx_t
	return unix.Statx(a, "", unix.AT_EMPTY_PATH, unix.STATX_MNT_ID, &s) == nil && unix.Statx(b, "", unix.AT_EMPTY_PATH, unix.STATX_MNT_ID, &t) == nil &&
		s.Mnt_id == t.Mnt_id && s.Dev_major == t.Dev_major && s.Dev_minor == t.Dev_minor
}

// orphans are noted files that have no name any more and may still be open.
type orphans struct {
	count atomic.Int32
	mu    sync.Mutex
	files map[FileID]fakeroot.Entry
}

// maxOrphans bounds what is kept; one that is forgotten is shown as it is.
const maxOrphans = 1 << 14

func (o *orphans) empty() bool { return o.count.Load() == 0 }

func (o *orphans) add(e fakeroot.Entry) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.files == nil || len(o.files) >= maxOrphans {
		o.files = map[FileID]fakeroot.Entry{}
	}
	o.files[FileID{e.Dev, e.Ino}] = e
	o.count.Store(int32(len(o.files)))
}

func (o *orphans) get(id fakeroot.ID) (fakeroot.Entry, bool) {
	if o.empty() {
		return fakeroot.Entry{}, false
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	e, ok := o.files[FileID{id.Dev, id.Ino}]
	return e, ok && e.Birth == id.Birth
}

// take removes an orphan that has a name again.
func (o *orphans) take(id fakeroot.ID) (fakeroot.Entry, bool) {
	e, ok := o.get(id)
	if ok {
		o.mu.Lock()
		defer o.mu.Unlock()
		delete(o.files, FileID{id.Dev, id.Ino})
		o.count.Store(int32(len(o.files)))
	}
	return e, ok
}
