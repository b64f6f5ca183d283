package supervisor

import (
	"encoding/binary"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/abi"
	"github.com/catbox-go/catbox/internal/fakeroot"
	"github.com/catbox-go/catbox/internal/sys"
	"github.com/catbox-go/catbox/internal/target"
)

// specialBits of a mode are never put on disk.
const specialBits = unix.S_ISUID | unix.S_ISGID | unix.S_ISVTX

// fakeOpen opens here what the kernel would open with other rights, or make
// with other owners and modes, than the command is to see.
func (r *receiver) fakeOpen(h *held) (a Answer, done bool) {
	c := r.creds(h)
	o, errno := h.opening()
	if errno != 0 {
		return Refuse(errno), true
	}
	if o.flags&unix.O_PATH != 0 {
		return Answer{}, false
	}
	if o.writes() && r.s.Fake.State.Len() > 0 && r.opensNoted(h, c, o) {
		o.fake = &fakeOpening{fake: r.s.Fake, creds: c}
		return r.mediateOpen(h, o), true
	}
	makes := o.flags&unix.O_CREAT != 0 || o.temporary()
	if c == rootCreds && (!makes || o.mode&specialBits == 0 && r.s.Fake.opensAgain(o.mode) && (r.s.Fake.State.Len() == 0 || r.plainFor(h, o))) {
		return Answer{}, false
	}
	if errno := r.searchable(h, h.openLookup(o)); errno != 0 {
		return Refuse(errno), true
	}
	o.fake = &fakeOpening{fake: r.s.Fake, creds: c}
	return r.mediateOpen(h, o), true
}

// opensNoted tells whether what is opened to be written is a device, which is
// opened here. A file loses what it loses by being written.
func (r *receiver) opensNoted(h *held, c *creds, o opening) (device bool) {
	l := h.openLookup(o)
	st, errno := r.s.view.Statx(l, statxMask)
	if errno != 0 {
		return false
	}
	a := r.s.Fake.attributes(&st)
	if a.known && fakeroot.IsDevice(a.mode) {
		return r.searchable(h, l) == 0
	}
	r.s.Fake.losesPrivileges(c, a, &st)
	return false
}

// losesPrivileges takes from a file what writing to it takes: its capabilities,
// and set-user-ID and set-group-ID if the process is not root. The kernel does so
// at the first write, which is not seen here.
func (f *FakeRoot) losesPrivileges(c *creds, a attributes, st *unix.Statx_t) {
	keeps := c.capable(unix.CAP_FSETID) || a.mode&(unix.S_ISUID|unix.S_ISGID) == 0
	if !a.known || a.mode&unix.S_IFMT != unix.S_IFREG || keeps && a.entry.Xattrs[fakeroot.Capability] == nil || !c.may(a, mayWrite) {
		return
	}
	f.note(st, nil, func(e *fakeroot.Entry) {
		delete(e.Xattrs, fakeroot.Capability)
		if !c.capable(unix.CAP_FSETID) {
			e.Mode = c.withoutPrivileges(e.Mode, a.gid)
		}
	})
}

// opensAgain tells whether a file made with the mode can be opened by the run
// again, as root can: where it has no namespace it is not mightier than its user.
func (f *FakeRoot) opensAgain(mode uint64) bool {
	return !f.umasked.Load() && (f.Mapped || mode&0600 == 0600)
}

// plainFor tells whether the directory hands nothing down to the file.
func (r *receiver) plainFor(h *held, o opening) bool {
	l := h.openLookup(o)
	if o.path == "" {
		return true
	}
	if o.temporary() {
		l.Follow = true
		st, errno := r.s.view.Statx(l, statxMask)
		return errno != 0 || !r.s.Fake.attributes(&st).handsDown()
	}
	a, ok := r.parent(l)
	return !ok || !a.handsDown()
}

// fakeOpening is what a fake root has to say to an open.
type fakeOpening struct {
	fake  *FakeRoot
	creds *creds
	dir   attributes // of what is made
}

// permits tells by its errno whether the process may open what is at the place.
func (o *fakeOpening) permits(flags uint64, p target.Place) (errno unix.Errno) {
	temporary := flags&unix.O_TMPFILE == unix.O_TMPFILE
	if !p.Exists {
		o.dir, errno = o.fake.changesDirectory(o.creds, p)
		return errno
	}
	o.fake.askOpen(p.File, func() string { return p.Canonical })
	a, _, errno := o.fake.attributesOf(p.File)
	if errno != 0 {
		return errno
	}
	want := uint32(mayRead)
	switch flags & unix.O_ACCMODE {
	case unix.O_WRONLY:
		want = mayWrite
	case unix.O_RDWR:
		want = mayRead | mayWrite
	}
	if flags&unix.O_TRUNC != 0 {
		want |= mayWrite
	}
	switch {
	case flags&(unix.O_CREAT|unix.O_EXCL) == unix.O_CREAT|unix.O_EXCL:
		return unix.EEXIST // whatever it is
	case temporary && !a.isDir():
		return unix.ENOTDIR
	case temporary:
		o.dir, want = a, mayWrite|mayExec
	case a.isDir() && (want&mayWrite != 0 || flags&unix.O_CREAT != 0):
		return unix.EISDIR // before rights are looked at: may_open()
	}
	if !o.creds.may(a, want) {
		return unix.EACCES
	}
	if flags&unix.O_NOATIME != 0 && !o.creds.owns(a) {
		return unix.EPERM
	}
	return 0
}

// made notes what is shown of the file that was made.
func (o *fakeOpening) made(fd int, path string, mode uint32) unix.Errno {
	return o.fake.bornAs(o.creds, o.dir, fd, path, mode&07777, func(e *fakeroot.Entry) { hide(e, 0600&^mode) })
}

// fakeEntries answers getdents64 where a directory may hold devices, which are
// sockets on disk. The older calls are left to the kernel: libc has not used
// them since glibc 2.
func (r *receiver) fakeEntries(h *held) Answer {
	f := r.s.Fake
	if !f.devices.Load() || h.name != "getdents64" {
		return Continue() // wall: none is needed, it reads
	}
	r.passLead()
	fd, errno := h.takeOver(h.fd(0))
	if errno != 0 {
		return Continue() // the kernel says what is wrong; wall: as above
	}
	defer unix.Close(fd)
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return done(err)
	}
	buf := make([]byte, min(uint64(uint32(h.args[2])), 1<<16))
	n, err := h.getdents(fd, buf)
	if err != nil {
		return done(err)
	}
	f.typeEntries(st.Dev, buf[:n])
	if errno := h.thread.Write(h.pointer(h.row.Arg(abi.Buffer)), buf[:n]); errno != 0 {
		return Refuse(errno)
	}
	return Return(int64(n))
}

// getdents reads entries as the target would: ext4 and others give a 32-bit
// program places in a directory that fit its off_t.
func (h *held) getdents(fd int, buf []byte) (int, error) {
	if h.arch == abi.I386 {
		return sys.Getdents386(fd, buf)
	}
	return unix.Getdents(fd, buf)
}

// typeEntries puts the types of devices into entries of a directory
// (struct linux_dirent64 of getdents(2): d_ino, d_off, d_reclen, d_type).
func (f *FakeRoot) typeEntries(dev uint64, entries []byte) {
	for len(entries) >= 19 {
		size := int(binary.NativeEndian.Uint16(entries[16:]))
		if size < 19 || size > len(entries) {
			return
		}
		if entries[18] == unix.DT_SOCK || entries[18] == unix.DT_REG {
			id := fakeroot.ID{Dev: dev, Ino: binary.NativeEndian.Uint64(entries)}
			if e, ok := f.State.Get(id); ok && fakeroot.IsDevice(e.Mode) {
				entries[18] = byte(e.Mode & unix.S_IFMT >> 12)
			}
		}
		entries = entries[size:]
	}
}

// fakeChroot lets root change its root directory, in which the kernel then
// finds what is there; and what is noted of a file is noted wherever it is found.
func (r *receiver) fakeChroot(h *held) Answer {
	if !r.creds(h).capable(unix.CAP_SYS_CHROOT) {
		if path, errno := h.path(0); errno != 0 {
			return Refuse(errno)
		} else if st, errno := r.s.view.Statx(h.lookup(h.row.Paths()[0], path), statxMask); errno != 0 {
			return Refuse(errno)
		} else if st.Mode&unix.S_IFMT != unix.S_IFDIR {
			return Refuse(unix.ENOTDIR)
		} else if !r.creds(h).may(r.s.Fake.attributes(&st), mayExec) {
			return Refuse(unix.EACCES)
		}
		return Refuse(unix.EPERM)
	}
	r.s.view.Chrooted()
	return Continue() // wall: the mounts of the run, and Landlock, which hold by file and not by path
}
