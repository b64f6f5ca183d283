package unpack

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
)

// adding is one archive on its way into the tree.
type adding struct {
	*Tree
	Layer
	tr *tar.Reader
	// touched are the paths that this archive made, and all above them:
	// whiteouts spare these.
	touched map[string]bool
}

func (a *adding) entry(hdr *tar.Header) error {
	if hdr.Typeflag == tar.TypeXGlobalHeader {
		return nil
	}
	if err := a.count(hdr); err != nil {
		return err
	}
	p, ok, err := a.mapped(hdr.Name)
	if err != nil || !ok {
		return err
	}
	dir, name := split(p)
	if a.Whiteouts && strings.HasPrefix(name, whiteoutPrefix) {
		return a.whiteout(dir, name)
	}
	if a.Keep != nil && !a.Keep(p) {
		return nil
	}
	if err := a.place(hdr, p); err != nil {
		return fmt.Errorf("entry %q: %w", hdr.Name, err)
	}
	return nil
}

func (a *adding) count(hdr *tar.Header) error {
	if a.entries++; a.entries > a.limits.Entries {
		return &LimitError{"entries", a.limits.Entries}
	}
	if hdr.Size < 0 {
		return fmt.Errorf("entry %q: its size is %d", hdr.Name, hdr.Size)
	}
	if badID(hdr.Uid) || badID(hdr.Gid) {
		return fmt.Errorf("entry %q: its owner is %d:%d: an id is 0 to %d", hdr.Name, hdr.Uid, hdr.Gid, maxID)
	}
	if a.bytes += hdr.Size; a.bytes > a.limits.Bytes || a.bytes < 0 {
		return fmt.Errorf("entry %q: %w", hdr.Name, &LimitError{"bytes", a.limits.Bytes})
	}
	return nil
}

// maxID is the largest id: the one above leaves a file's owner as it is
// (chown(2)), and larger ones lose their upper bits on the way to the kernel.
const maxID int64 = 1<<32 - 2

func badID(id int) bool { return id < 0 || int64(id) > maxID }

// place makes the entry at p.
func (a *adding) place(hdr *tar.Header, p string) error {
	if p == "." {
		return a.top(hdr)
	}
	dir, name := split(p)
	here, err := a.enter(dir)
	if err != nil {
		return err
	}
	a.touch(join(here.path, name))
	switch hdr.Typeflag {
	case tar.TypeReg, '\x00', tar.TypeCont, tar.TypeGNUSparse:
		return a.regular(here, name, hdr)
	case tar.TypeDir:
		return a.directory(here, name, hdr)
	case tar.TypeSymlink:
		return a.symlink(here, name, hdr)
	case tar.TypeLink:
		return a.link(here.path, name, hdr)
	case tar.TypeChar, tar.TypeBlock, tar.TypeFifo:
		return a.node(here, name, hdr)
	}
	return fmt.Errorf("its type is %q, which is none of the types of tar(5)", hdr.Typeflag)
}

func (a *adding) top(hdr *tar.Header) error {
	if hdr.Typeflag != tar.TypeDir {
		return errors.New("the root of the image has to be a directory")
	}
	a.dirs["."] = attributesOf(hdr)
	return nil
}

func (a *adding) touch(p string) {
	for !a.touched[p] {
		a.touched[p] = true
		p, _ = split(p)
	}
}

// anew runs create, and again after what is in its place was removed.
func (a *adding) anew(here *place, name string, create func() error) error {
	err := create()
	if !errors.Is(err, fs.ErrExist) {
		return err
	}
	if err := a.remove(here, name); err != nil {
		return err
	}
	return create()
}

func (a *adding) regular(here *place, name string, hdr *tar.Header) error {
	attr := attributesOf(hdr)
	var f *os.File
	err := a.anew(here, name, func() (err error) {
		f, err = here.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		return err
	})
	if err != nil {
		return err
	}
	err = a.fill(f, hdr)
	if err == nil {
		err = a.setFile(here, name, f, attr)
	}
	return errors.Join(err, f.Close())
}

func (a *adding) fill(f *os.File, hdr *tar.Header) error {
	if sparse(hdr) {
		return copySparse(f, a.tr, a.buf)
	}
	// The wrapping keeps os.File.ReadFrom, which has a smaller buffer, out.
	_, err := io.CopyBuffer(struct{ io.Writer }{f}, a.tr, a.buf)
	return err
}

// directory takes a directory that is there as it is, whichever layer made it.
func (a *adding) directory(here *place, name string, hdr *tar.Header) error {
	p := join(here.path, name)
	err := here.root.Mkdir(name, 0o700)
	if errors.Is(err, fs.ErrExist) {
		if fi, lerr := here.root.Lstat(name); lerr == nil && fi.IsDir() {
			err = nil
		} else if err = a.remove(here, name); err == nil {
			err = here.root.Mkdir(name, 0o700)
		}
	}
	if err != nil {
		return err
	}
	a.dirs[p] = attributesOf(hdr)
	return nil
}

func (a *adding) symlink(here *place, name string, hdr *tar.Header) error {
	if hdr.Linkname == "" {
		return errors.New("a symbolic link with no target")
	}
	err := a.anew(here, name, func() error { return here.root.Symlink(hdr.Linkname, name) })
	if err != nil {
		return err
	}
	return a.setLink(here, name, attributesOf(hdr))
}

// link makes a hard link. A link to a symbolic link is one to the link itself,
// as linkat(2) without AT_SYMLINK_FOLLOW does.
func (a *adding) link(dir, name string, hdr *tar.Header) error {
	target, ok, err := a.mapped(hdr.Linkname)
	if err != nil {
		return fmt.Errorf("hard link to %q: %w", hdr.Linkname, err)
	}
	if !ok || a.Keep != nil && !a.Keep(target) {
		return fmt.Errorf("hard link to %q, which is left out", hdr.Linkname)
	}
	oldDir, oldName := split(target)
	old, err := a.enter(oldDir)
	if err != nil {
		return fmt.Errorf("hard link to %q: %w", hdr.Linkname, err)
	}
	from, to := join(old.path, oldName), join(dir, name)
	if from == to {
		return nil
	}
	if err := linkable(old, oldName, hdr.Linkname); err != nil {
		return err
	}
	if within(from, to) {
		return fmt.Errorf("hard link to %q, which is below it", hdr.Linkname)
	}
	top := a.at[0]
	err = a.anewAt(to, func() error { return top.root.Link(from, to) })
	if n, ok := a.notes[from]; ok && err == nil {
		n.Path = to
		a.notes[to] = n
	}
	return err
}

func linkable(old *place, name, given string) error {
	fi, err := old.root.Lstat(name)
	if err != nil {
		return fmt.Errorf("hard link to %q, which the image does not have (yet)", given)
	}
	if fi.IsDir() {
		return fmt.Errorf("hard link to %q, which is a directory", given)
	}
	return nil
}

// anewAt is anew for a path from the top.
func (a *adding) anewAt(p string, create func() error) error {
	err := create()
	if !errors.Is(err, fs.ErrExist) {
		return err
	}
	dir, name := split(p)
	here, err := a.enter(dir)
	if err != nil {
		return err
	}
	if err := a.remove(here, name); err != nil {
		return err
	}
	return create()
}
