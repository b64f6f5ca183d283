package supervisor

import (
	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/fakeroot"
	"github.com/catbox-go/catbox/internal/idmap"
	"github.com/catbox-go/catbox/internal/target"
)

// In a run with a range of ids the kernel knows who a process is. What it does
// not know is what it has no number for.

// standIn are capabilities that nobody has in a run, so that nothing can be
// mounted there. Who may change owners has them, as far as files are concerned.
const standIn = 1<<unix.CAP_SYS_ADMIN | 1<<unix.CAP_SYS_NICE

// kernelCreds are those of a thread as its user namespace has them. A thread that
// is gone has none.
func (f *FakeRoot) kernelCreds(thread target.Thread) *creds {
	s, errno := thread.Status()
	if errno != 0 {
		return &creds{uid: allOf(idmap.Overflow), gid: allOf(idmap.Overflow)}
	}
	c := &creds{uid: allOf(inside(s.FSUID, f.UIDs)), gid: allOf(inside(s.FSGID, f.GIDs)), effective: s.Caps}
	if c.capable(unix.CAP_CHOWN) {
		c.effective |= standIn
	}
	for _, g := range s.Groups {
		c.groups = append(c.groups, inside(g, f.GIDs))
	}
	return c
}

func allOf(id uint32) ids { return ids{id, id, id, id} }

// keptCreds are what is noted of a process beside what the kernel knows of it.
func (r *receiver) keptCreds(h *held) *creds {
	c := r.s.Fake.creds.of(h.thread)
	if c == rootCreds && r.s.Fake.ownIDs() {
		return &creds{}
	}
	return c
}

// ownGroups answers setgroups: groups that the namespace does not have are noted,
// all of them. They count for nothing but who asks for them.
func (r *receiver) ownGroups(h *held, short bool) Answer {
	asked := r.creds(h)
	if errno := h.setGroups(asked, short); errno != 0 {
		return Refuse(errno)
	}
	old := r.keptCreds(h)
	c := *old
	if c.groups = nil; !r.s.Fake.hasGroups(asked.groups) {
		c.groups = asked.groups
	}
	if a := r.becomes(h, old, &c, 0); len(c.groups) > 0 || !a.succeeded() {
		return a
	}
	return r.becomesOther()
}

func (f *FakeRoot) hasGroups(groups []uint32) bool {
	for _, g := range groups {
		if !f.GIDs.Has(int64(g)) {
			return false
		}
	}
	return true
}

// ownIDsOpen opens a device that is noted, to be written to. All else is the kernel's.
func (r *receiver) ownIDsOpen(h *held) (Answer, bool) {
	f := r.s.Fake
	if !f.devices.Load() {
		return Answer{}, false
	}
	o, errno := h.opening()
	if errno != 0 || o.flags&unix.O_PATH != 0 || !o.writes() {
		return Answer{}, false // the kernel says what is wrong
	}
	l := h.openLookup(o)
	st, errno := r.s.view.Statx(l, statxMask)
	if errno != 0 {
		return Answer{}, false
	}
	if a := f.attributes(&st); !a.known || !fakeroot.IsDevice(a.mode) {
		return Answer{}, false
	}
	if errno := r.searchable(h, l); errno != 0 {
		return Refuse(errno), true
	}
	o.fake = &fakeOpening{fake: f, creds: r.creds(h)}
	return r.mediateOpen(h, o), true
}

// leaves follows a removal that the kernel does, and could refuse: what is noted
// stays until another file has the number, or the run is over.
func (f *FakeRoot) leaves(a attributes, st *unix.Statx_t, path string) {
	if a.entry.Birth == 0 || !a.isDir() && st.Nlink > 1 {
		f.removed(a, st, path)
		return
	}
	f.orphans.add(a.entry)
}

// left forgets a file that was removed, now that another one has its number. Not
// every removal is seen: the user may not look into each of the run's directories.
func (f *FakeRoot) left(id fakeroot.ID) {
	if !f.ownIDs() || id.Birth == 0 {
		return
	}
	was, known := f.State.Get(fakeroot.ID{Dev: id.Dev, Ino: id.Ino})
	if known && was.Birth != 0 && was.Birth != id.Birth {
		_ = f.State.Delete(was.ID)
	}
}

// Settle forgets the files that were removed, once the run is over.
func (f *FakeRoot) Settle() {
	_, _ = f.State.Clean(f.at) // the journal says so itself when it is closed
}

// at is the inode that an entry's path leads to. Where it is not the entry's own,
// the last rename was refused, if the file is still where it was.
func (f *FakeRoot) at(e fakeroot.Entry) (fakeroot.ID, bool) {
	id, there := fakeroot.At(e)
	from, renamed := f.came.Load(e.ID)
	if there && id == e.ID || !renamed {
		return id, there
	}
	e.Path = from.(string)
	if was, still := fakeroot.At(e); still && was == e.ID {
		_ = f.State.Update(e.ID, func(noted *fakeroot.Entry, _ bool) { noted.Path = e.Path })
		return was, true
	}
	return id, there
}
