package main

import (
	"io/fs"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox"
	"github.com/catbox-go/catbox/image"
	"github.com/catbox-go/catbox/internal/fakeroot"
)

// fakeNotes has a fake root's state tell what an image says of its files and could
// not be set on them.
type fakeNotes struct {
	notes []image.Noted
	root  string // of the files, as the host has them
	state *catbox.FakeState
}

// tell notes it of the files that are seen below root, unless something is noted of
// them already. What is not there is left out.
func (f fakeNotes) tell(root string) error {
	for _, n := range f.notes {
		e, differs, err := entryOf(root, n)
		if err != nil {
			return err
		}
		if !differs {
			continue
		}
		e.Path = filepath.Join(f.root, n.Path)
		err = f.state.Update(e.ID, func(have *catbox.FakeEntry, known bool) {
			if !known {
				*have = e
			}
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// entryOf is what is to be noted of a file; false if a fake root shows it so anyway.
func entryOf(root string, n image.Noted) (catbox.FakeEntry, bool, error) {
	path := filepath.Join(root, n.Path)
	var st unix.Statx_t
	switch err := unix.Statx(unix.AT_FDCWD, path, unix.AT_SYMLINK_NOFOLLOW, unix.STATX_BASIC_STATS|unix.STATX_BTIME, &st); err {
	case nil:
	case unix.ENOENT, unix.ENOTDIR:
		return catbox.FakeEntry{}, false, nil
	default:
		return catbox.FakeEntry{}, false, &fs.PathError{Op: "lstat", Path: path, Err: err}
	}
	e := catbox.FakeEntry{
		ID: fakeroot.IDOf(&st), Mode: n.Mode, UID: uint32(n.UID), GID: uint32(n.GID), Nlink: st.Nlink, Xattrs: n.Xattrs,
	}
	if fakeroot.IsDevice(n.Mode) {
		e.Rdev = fakeroot.Mkdev(n.Major, n.Minor)
	}
	same := n.UID == 0 && n.GID == 0 && len(n.Xattrs) == 0 && n.Mode == uint32(st.Mode)
	return e, !same, nil
}
