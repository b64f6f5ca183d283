package supervisor

import (
	"os"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/abi"
	"github.com/catbox-go/catbox/internal/fakeroot"
	"github.com/catbox-go/catbox/internal/sys"
	"github.com/catbox-go/catbox/internal/target"
)

// fakeChanges are the calls that a fake root does in its own way. What is not
// here is done as it is, once the credentials allow it.
var fakeChanges = [abi.Changes]func(*receiver, *pinned) Answer{
	abi.Chown:       fakeChown,
	abi.Chmod:       fakeChmod,
	abi.Mknod:       fakeMknod,
	abi.Mkdir:       fakeMkdir,
	abi.Symlink:     fakeSymlink,
	abi.HardLink:    fakeLink,
	abi.Unlink:      fakeUnlink,
	abi.Rename:      fakeRename,
	abi.Truncate:    fakeTruncate,
	abi.Utime:       fakeUtime,
	abi.Setxattr:    fakeSetxattr,
	abi.Removexattr: fakeRemovexattr,
	abi.Setattr:     fakeSetattr,
}

// fakeWrite does a call of the class Write, unless the kernel comes to the same.
func (r *receiver) fakeWrite(h *held) (a Answer, done bool) {
	if h.flagsUnknown() && !h.maySkipFlags() {
		return Refuse(unix.EINVAL), true
	}
	c := r.creds(h)
	if c == rootCreds && h.row.Change == abi.Unlink && r.s.anyWrite && r.s.Fake.State.Len() > 0 {
		if a, done := r.unlinkDirectly(h); done {
			return a, a.kind != answerContinue
		}
	}
	if c == rootCreds && r.asIs(h) {
		return Answer{}, false
	}
	return r.fakeChange(h, c), true
}

// asIs tells whether root's call has nothing to do with what is noted.
func (r *receiver) asIs(h *held) bool {
	f := r.s.Fake
	idle := f.State.Len() == 0
	paths := h.row.Paths()
	switch h.row.Change {
	case abi.Utime, abi.Setattr:
		return true
	case abi.Truncate:
		return idle || !r.noted(h, paths[0])
	case abi.Mkdir:
		// Without them the supervisor, who is not root, could not look in there.
		return h.value(abi.Mode)&0700 == 0700 && !f.umasked.Load() && (idle || r.plainParent(h, paths[0]))
	case abi.Symlink:
		return idle || r.plainParent(h, paths[0])
	case abi.Unlink:
		return idle || !r.noted(h, paths[0])
	case abi.HardLink, abi.Rename:
		return idle && r.s.Fake.orphans.empty()
	}
	return false
}

// plainParent tells whether the directory hands nothing down to what is made in it.
func (r *receiver) plainParent(h *held, arg abi.PathArg) bool {
	path, errno := h.path(arg.Path)
	if errno != 0 || path == "" {
		return true // the kernel says what is wrong
	}
	a, ok := r.parent(h.lookup(arg, path))
	return ok && !a.handsDown()
}

// parent are the attributes of the directory of a path's last component.
func (r *receiver) parent(l target.Lookup) (attributes, bool) {
	l.Path, l.Follow, l.Entry, l.Empty = target.Parent(l.Path), true, false, false
	st, errno := r.s.view.Statx(l, statxMask)
	return r.s.Fake.attributes(&st), errno == 0
}

// handsDown tells whether files made in the directory get something from it.
func (a attributes) handsDown() bool {
	return a.known && (a.mode&unix.S_ISGID != 0 || a.entry.Xattrs[aclDefault] != nil)
}

// found are the attributes of what a path of the call leads to: of an entry, what
// is there under that name. The status is for its identity; not ok: there is nothing.
func (r *receiver) found(h *held, arg abi.PathArg) (a attributes, st unix.Statx_t, ok bool) {
	path, errno := h.path(arg.Path)
	if errno != 0 || path == "" {
		return a, st, false
	}
	l := h.lookup(arg, path)
	l.Entry = false
	if st, errno = r.s.view.Statx(l, statxMask); errno != 0 {
		return a, st, false
	}
	return r.s.Fake.attributes(&st), st, true
}

// noted tells whether something is noted of what a path of the call leads to.
func (r *receiver) noted(h *held, arg abi.PathArg) bool {
	a, _, ok := r.found(h, arg)
	return ok && a.known
}

// fakeChange does the call on what is pinned, as the process that it believes to be.
//
// The lead is kept: none of this waits for another process, and to hand it over
// costs more than the call.
func (r *receiver) fakeChange(h *held, c *creds) Answer {
	p := &pinned{held: h, fd: -1, creds: c}
	defer p.close()
	r.askBelowOf(h)
	if read := changes[h.row.Change].read; read != nil {
		if errno, nothing := read(p); errno != 0 {
			return Refuse(errno)
		} else if nothing {
			return Return(0)
		}
	}
	if errno := r.searchableAll(p); errno != 0 {
		return Refuse(errno)
	}
	if a, refused := p.pin(); refused {
		return a
	}
	return fakeChanges[h.row.Change](r, p)
}

// does does the call itself. What makes files takes the target's umask, and where
// the supervisor is root it is no mightier than the target.
func (p *pinned) does() Answer {
	if os.Getuid() != 0 && p.row.Arg(abi.Mode) < 0 {
		return changes[p.row.Change].do(p)
	}
	var a Answer
	if err := p.asTarget(func() { a = changes[p.row.Change].do(p) }); err != nil {
		return Refuse(unix.EACCES)
	}
	return a
}

func (a Answer) succeeded() bool { return a.kind == answerReturn && a.value >= 0 }

// canonical is where the file was found.
func (p *pinned) canonical() string {
	if len(p.places) > 0 && p.places[len(p.places)-1].Canonical != "" {
		return p.places[len(p.places)-1].Canonical
	}
	path, _ := p.s.view.PathOf(p.file())
	return path
}

// pinFile pins the file that a path leads to and nothing else, where the policy
// does not ask by which path.
func (p *pinned) pinFile(arg abi.PathArg, path string) (Answer, bool) {
	fd, errno := p.s.view.OpenPath(p.lookup(arg, path))
	if errno != 0 {
		return Refuse(errno), true
	}
	p.places = append(p.places, target.Place{Dir: -1, File: fd, Exists: true})
	return Answer{}, false
}

func fakeChown(r *receiver, p *pinned) Answer {
	f, c := r.s.Fake, p.creds
	a, st, errno := f.attributesOf(p.file())
	if errno != 0 {
		return Refuse(errno)
	}
	uid, gid := p.owners()
	owner := c.uid.fs == a.uid
	if uid != noID && !(owner && uint32(uid) == a.uid) && !c.capable(unix.CAP_CHOWN) {
		return Refuse(unix.EPERM)
	}
	if gid != noID && !(owner && (c.inGroup(uint32(gid)) || uint32(gid) == a.gid)) && !c.capable(unix.CAP_CHOWN) {
		return Refuse(unix.EPERM)
	}
	if p.touch() == unix.EOPNOTSUPP {
		return Refuse(unix.EOPNOTSUPP)
	}
	return f.noted(p, &st, func(e *fakeroot.Entry) {
		setOwner(e, uid, gid)
		if !a.isDir() {
			e.Mode = c.withoutPrivileges(e.Mode, a.gid)
			delete(e.Xattrs, fakeroot.Capability)
		}
	})
}

// touch gives nobody the pinned file: its time of the last change becomes now. An
// anonymous inode has none: EOPNOTSUPP.
func (p *pinned) touch() error { return unix.Fchownat(p.file(), "", -1, -1, unix.AT_EMPTY_PATH) }

// withoutPrivileges is a mode without set-user-ID and, where it means
// execution, set-group-ID (chown(2), setattr_should_drop_sgid() of the kernel).
func (c *creds) withoutPrivileges(mode, gid uint32) uint32 {
	mode &^= unix.S_ISUID
	if mode&unix.S_IXGRP != 0 || !c.inGroup(gid) && !c.capable(unix.CAP_FSETID) {
		mode &^= unix.S_ISGID
	}
	return mode
}

func fakeChmod(r *receiver, p *pinned) Answer {
	f, c := r.s.Fake, p.creds
	a, st, errno := f.attributesOf(p.file())
	switch {
	case errno != 0:
		return Refuse(errno)
	case a.mode&unix.S_IFMT == unix.S_IFLNK:
		return Refuse(unix.EOPNOTSUPP)
	case !c.owns(a):
		return Refuse(unix.EPERM)
	}
	if p.touch() == unix.EOPNOTSUPP {
		return Refuse(unix.EOPNOTSUPP)
	}
	mode := p.value(abi.Mode) & 07777
	if !c.inGroup(a.gid) && !c.capable(unix.CAP_FSETID) {
		mode &^= unix.S_ISGID
	}
	if st.Uid == f.UID {
		// Neither set-user-ID nor its kind, which would lend the user's rights to others.
		if a := done(unix.Chmod(sys.FDPath(p.file()), mode&0777|fakeroot.OwnerBits(uint32(st.Mode)))); !a.succeeded() {
			return a
		}
		if _, st, errno = f.attributesOf(p.file()); errno != 0 {
			return Refuse(errno)
		}
	}
	return f.noted(p, &st, func(e *fakeroot.Entry) {
		e.Mode = e.Mode&unix.S_IFMT | mode
		chmodACL(e, mode)
	})
}

// noted notes a change of the pinned file, and answers the call.
func (f *FakeRoot) noted(p *pinned, st *unix.Statx_t, change func(*fakeroot.Entry)) Answer {
	if errno := f.note(st, p.canonical, change); errno != 0 {
		return Refuse(errno)
	}
	return Return(0)
}

func fakeTruncate(r *receiver, p *pinned) Answer {
	a, st, errno := r.s.Fake.attributesOf(p.file())
	switch {
	case errno != 0:
	case a.isDir():
		errno = unix.EISDIR
	case fakeroot.IsDevice(a.mode):
		errno = unix.EINVAL
	case !p.creds.may(a, mayWrite):
		errno = unix.EACCES
	}
	if errno != 0 {
		return Refuse(errno)
	}
	answer := p.does()
	if answer.succeeded() {
		r.s.Fake.losesPrivileges(p.creds, a, &st)
	}
	return answer
}

func fakeSetattr(r *receiver, p *pinned) Answer {
	a, _, errno := r.s.Fake.attributesOf(p.file())
	if errno == 0 && !p.creds.owns(a) {
		errno = unix.EPERM
	}
	if errno != 0 {
		return Refuse(errno)
	}
	return p.does()
}

// fakeUtime: who may write to a file may set its times to now, the owner to
// anything (utimensat(2)).
func fakeUtime(r *receiver, p *pinned) Answer {
	a, _, errno := r.s.Fake.attributesOf(p.file())
	if errno != 0 {
		return Refuse(errno)
	}
	t := p.input.times
	now := t[0].Nsec == unix.UTIME_NOW && t[1].Nsec == unix.UTIME_NOW
	switch {
	case p.creds.owns(a) || now && p.creds.may(a, mayWrite):
		return p.does()
	case now:
		return Refuse(unix.EACCES)
	}
	return Refuse(unix.EPERM)
}
