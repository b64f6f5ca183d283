package unpack

import (
	"archive/tar"
	"errors"
	"os"
	"path/filepath"
	"syscall"
)

// node makes a FIFO or a device. Where a device can't be made an empty file
// holds its place, and the note says what it should be.
func (a *adding) node(here *place, name string, hdr *tar.Header) error {
	attr := attributesOf(hdr)
	err := errNoNode
	if a.asRoot || hdr.Typeflag == tar.TypeFifo {
		fd, ferr := here.fd()
		if ferr != nil {
			return ferr
		}
		err = a.anew(here, name, func() error { return makeNode(fd, name, attr) })
	}
	if errors.Is(err, syscall.EPERM) || errors.Is(err, errNoNode) {
		return a.placeholder(here, name, attr)
	}
	if err != nil {
		return err
	}
	return a.setNode(here, name, attr)
}

var errNoNode = errors.New("no devices can be made here")

func (a *adding) setNode(here *place, name string, attr attributes) error {
	n := noting{attr: attr}
	if a.asRoot {
		n.owner(here.root.Lchown(name, attr.uid, attr.gid))
	}
	n.fail(here.root.Chmod(name, a.onDisk(attr)))
	n.fail(here.root.Chtimes(name, attr.atime, attr.mtime))
	n.xattrs = attr.xattrs
	return a.note(join(here.path, name), n)
}

func (a *adding) placeholder(here *place, name string, attr attributes) error {
	err := a.anew(here, name, func() error {
		f, err := here.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return err
		}
		return f.Close()
	})
	if err != nil {
		return err
	}
	n := noting{attr: attr, missing: true, xattrs: attr.xattrs}
	n.fail(here.root.Chtimes(name, attr.atime, attr.mtime))
	return a.note(join(here.path, name), n)
}

func splitOS(p string) (dir, name string) {
	p = filepath.Clean(p)
	return filepath.Dir(p), filepath.Base(p)
}
