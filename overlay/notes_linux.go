package overlay

import (
	"errors"
	"io/fs"
	"maps"
	"path/filepath"

	"github.com/catbox-go/catbox/internal/fakeroot"
)

// notes are what a fake root noted of the files of an overlay; nil if there
// was none.
type notes map[[2]uint64]fakeroot.Entry

// loadNotes reads the fake root's state of an overlay.
func loadNotes(dir string) (notes, error) {
	state, err := fakeroot.Load(filepath.Join(dir, fakerootName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	n := notes{}
	for _, e := range state.Entries() {
		// In a run that was killed the numbers were those of the run's overlay.
		if id, there := fakeroot.At(e); there && e.Path != "" {
			e.ID = id
		}
		n[[2]uint64{e.Dev, e.Ino}] = e
	}
	return n, nil
}

// find returns what was noted of the inode. One with another birth time had its
// number before.
func (n notes) find(id fakeroot.ID) (fakeroot.Entry, bool) {
	e, ok := n[[2]uint64{id.Dev, id.Ino}]
	return e, ok && (e.Birth == id.Birth || e.Birth == 0 || id.Birth == 0)
}

// apply makes a status that of which the command was told.
func (n notes) apply(st *Stat) {
	if st == nil {
		return
	}
	e, ok := n.find(st.id)
	if !ok {
		return
	}
	st.Mode, st.UID, st.GID = e.Mode, e.UID, e.GID
	if fakeroot.IsDevice(e.Mode) {
		st.Rdev = e.Rdev
	}
	st.Xattrs = withNoted(st.Xattrs, e.Xattrs)
}

func withNoted(have, noted map[string][]byte) map[string][]byte {
	if len(noted) == 0 {
		return have
	}
	all := map[string][]byte{}
	maps.Copy(all, have)
	for name, value := range noted {
		if all[name] = value; value == nil {
			delete(all, name)
		}
	}
	return all
}

// ownersFrom makes an owner one that means something. In an overlay of an
// ordinary user all is his on disk, also what was somebody else's and came there
// to be changed; as a fake root he was told that what is new is root's.
func (o *Overlay) ownersFrom(u *node, below *Stat) {
	if o.maker.uid == 0 || u.stat.UID != o.maker.uid || u.stat.GID != o.maker.gid {
		return
	}
	if _, noted := u.notes.find(u.stat.id); noted {
		return
	}
	switch {
	case below != nil && below.kind() == u.stat.kind():
		u.stat.UID, u.stat.GID = below.UID, below.GID
	case u.notes != nil:
		u.stat.UID, u.stat.GID, u.stat.implied = 0, 0, true
	}
}
