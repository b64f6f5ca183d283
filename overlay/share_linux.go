package overlay

import (
	"bytes"
	"errors"
	"io/fs"
	"strings"

	"golang.org/x/sys/unix"
)

// shareable finds the steps whose files may be linked into the root instead of
// copied: no data is written then. The overlay must be sure to lose them, whatever
// the root has by then, or what a later run writes would be written in the root
// too. Below a directory that hides what lies below it, and in a divided one, names
// stay as long as they mean anything.
func (o *Overlay) shareable(ops []*operation) {
	hides := map[string]bool{}
	for _, op := range ops {
		dir := parent(string(op.Path))
		_, divided := o.upper.split[dir]
		op.Share = op.Whole && len(op.tree) > 0 && !divided && !o.hidesBelow(dir, hides)
	}
}

// hidesBelow tells whether a directory of the overlay, or one above it, has a mark
// of being opaque, or may have one.
func (o *Overlay) hidesBelow(dir string, known map[string]bool) bool {
	if dir == "/" {
		return false
	}
	hides, done := known[dir]
	if !done {
		hides = o.hidesBelow(parent(dir), known) || o.isOpaque(dir)
		known[dir] = hides
	}
	return hides
}

func (o *Overlay) isOpaque(dir string) bool {
	st, err := o.upper.tree.stat(dir)
	if err != nil {
		return true
	}
	for _, prefix := range bookkeeping {
		if _, marked := st.Xattrs[prefix+"opaque"]; marked {
			return true
		}
	}
	return false
}

// unshare has the overlay lose what the root shares with it. It is gone already,
// unless somebody moved the directories of the root meanwhile.
func (o *Overlay) unshare(ops []*operation) error {
	o.upper.forget()
	for _, op := range ops {
		if !op.Share {
			continue
		}
		dir, name, err := o.upper.tree.at(string(op.Path))
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ENOTDIR) {
			continue
		}
		if err == nil {
			err = writable(o.upper.last, func() error { return removeTree(dir, name) })
		}
		if err != nil {
			return o.upper.wrap(string(op.Path), err)
		}
	}
	return nil
}

// share makes a name of the overlay's own file, which is open as src, if that is just
// what the file is to be, and nobody can write to it any longer: what is in it was
// compared and shown. Links do not lead to other mounts (EXDEV), nor all file systems have
// them.
func (k *copier) share(src int, want *Stat, dir int, name string, as link) bool {
	return k.sharing && k.asWanted(src, want) && unwritten(src) && unix.Linkat(dir, name, as.dir, as.name, 0) == nil
}

// link is a name that is to be made in an open directory.
type link struct {
	dir  int
	name string
}

// asWanted tells whether a file of the overlay has the owner, the mode and the
// attributes that it is to have, nothing of overlayfs' or of a security module's,
// one name, and no note of a fake root, which would go with the inode.
func (k *copier) asWanted(src int, want *Stat) bool {
	var have unix.Stat_t
	if unix.Fstat(src, &have) != nil || have.Ino != want.id.Ino || have.Nlink != 1 || have.Mode != want.Mode {
		return false
	}
	_, noted := k.notes.find(want.id)
	owned := have.Uid == want.UID && have.Gid == want.GID || want.implied && !k.owners.root
	return owned && !noted && hasExactly(src, want.Xattrs)
}

func hasExactly(src int, want map[string][]byte) bool {
	buf, err := growing(func(buf []byte) (int, error) { return unix.Flistxattr(src, buf) })
	if err != nil {
		return err == unix.ENOTSUP && len(want) == 0
	}
	names := strings.FieldsFunc(string(buf), func(r rune) bool { return r == 0 })
	for _, name := range names {
		value, err := growing(func(buf []byte) (int, error) { return unix.Fgetxattr(src, name, buf) })
		wanted, known := want[name]
		if err != nil || !known || !bytes.Equal(value, wanted) {
			return false
		}
	}
	return len(names) == len(want)
}

// unwritten tells whether nobody has the file open for writing, or mapped so: a
// descriptor may have got out of the run. A read lease can be had then only
// (fcntl(2), F_SETLEASE). It ends as the file is closed.
func unwritten(src int) bool {
	_, err := unix.FcntlInt(uintptr(src), unix.F_SETLEASE, unix.F_RDLCK)
	return err == nil
}
