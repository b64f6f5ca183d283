package overlay

import (
	"errors"
	"io/fs"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/sys"
)

// What fuse-overlayfs(1) writes in an upper directory: whiteouts are the kernel's
// where it can make them, and files with a prefix where it cannot, as in the
// layers of images; a directory that hides what is below has a file in it that
// says so, and an attribute of its own name.
const (
	fusePrefix  = ".wh."
	fuseOpaque  = ".wh..wh..opq"
	fuseXattrs  = "user.fuseoverlayfs."
	opaqueXattr = "user.overlay.opaque"
)

// ByFUSE says that fuse-overlayfs(1) is to write in [Overlay.Upper]. What it
// writes there is made the kernel's by Settle or, if that does not come, by the
// next Open. hidden is the path from the root of a directory that is empty
// meanwhile, the overlay's own, as the server must not come to what it has mounted
// itself; "" is none. The directory around it is in Upper. The caller holds the lock.
func (o *Overlay) ByFUSE(hidden string) error {
	in, name := o.info, text(hidden)
	in.FUSE = &name
	if err := in.save(o.files); err != nil {
		return err
	}
	o.info = in
	if hidden == "" {
		return nil
	}
	dir, base, err := o.upper.at(hidden)
	if err != nil {
		return err
	}
	if err := unix.Mkdirat(dir, base, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return o.upper.wrap(hidden, named("mkdir", err))
	}
	return o.upper.wrap(hidden, named("setxattr "+opaqueXattr, unix.Lsetxattr(sys.FDPath(dir)+"/"+base, opaqueXattr, []byte("y"), 0)))
}

// adoptLeft is adopt after a run that was killed.
func (o *Overlay) adoptLeft() error {
	if o.info.FUSE == nil {
		return nil
	}
	lock, err := o.Lock()
	if errors.Is(err, ErrInUse) {
		return nil // the run adopts it when it ends
	}
	if err != nil {
		return err
	}
	defer lock.Close()
	return o.adopt()
}

// adopt makes what fuse-overlayfs wrote what the kernel's overlayfs would have
// written. It may be called again.
func (o *Overlay) adopt() error {
	if o.info.FUSE == nil {
		return nil
	}
	top, err := o.upper.top()
	if err != nil {
		return err
	}
	defer top.dir.Close()
	if err := top.adopt(); err != nil {
		return err
	}
	if hidden := string(*o.info.FUSE); hidden != "" {
		o.removeHidden(hidden)
	}
	in := o.info
	in.FUSE = nil
	if err := in.save(o.files); err != nil {
		return err
	}
	o.info = in
	return nil
}

// removeHidden removes the directory that ByFUSE made, if it is there and empty.
func (o *Overlay) removeHidden(hidden string) {
	if dir, name, err := o.upper.at(hidden); err == nil {
		_ = unix.Unlinkat(dir, name, unix.AT_REMOVEDIR)
	}
	o.upper.forget()
}

// adopt does a directory, and those in it.
func (p place) adopt() error {
	names, err := p.names()
	if err != nil {
		return err
	}
	if err := p.adoptAttributes(sys.FDPath(int(p.dir.Fd())), names); err != nil {
		return p.wrap(p.path, err)
	}
	for _, name := range names {
		if err := p.adoptName(name); err != nil {
			return p.wrap(join(p.path, name), err)
		}
	}
	return nil
}

func (p place) adoptName(name string) error {
	if hides, mark := strings.CutPrefix(name, fusePrefix); mark {
		return p.adoptWhiteout(name, hides)
	}
	st, err := p.stat(name)
	if err != nil {
		return err
	}
	switch {
	case st.IsDir():
		dir, err := openDir(p.dir, name)
		if err != nil {
			return named("open", err)
		}
		defer dir.Close()
		return place{layer: p.layer, dir: dir, path: join(p.path, name)}.adopt()
	case st.isRegular():
		return dropFUSE(sys.FDPath(int(p.dir.Fd()))+"/"+name, st.Xattrs)
	}
	return nil
}

// adoptAttributes has a directory say in the kernel's way what it hides.
func (p place) adoptAttributes(path string, names []string) error {
	xattrs, err := readXattrs(path + "/.")
	if err != nil {
		return err
	}
	opaque := string(xattrs[fuseXattrs+"opaque"]) == "y" || string(xattrs["trusted.overlay.opaque"]) == "y"
	for _, name := range names {
		opaque = opaque || name == fuseOpaque
	}
	if opaque {
		if err := unix.Setxattr(path, opaqueXattr, []byte("y"), 0); err != nil {
			return named("setxattr "+opaqueXattr, err)
		}
	}
	return dropFUSE(path+"/.", xattrs)
}

// adoptWhiteout has a whiteout of the kernel in the place of a file that says what
// is hidden. One that is itself a whiteout is left over (version 1.10 has them).
func (p place) adoptWhiteout(name, hides string) error {
	dir := int(p.dir.Fd())
	var st unix.Stat_t
	if err := unix.Fstatat(dir, name, &st, unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return named("stat", err)
	}
	if name != fuseOpaque && st.Mode&unix.S_IFMT == unix.S_IFREG && filepath.IsLocal(hides) {
		err := unix.Mknodat(dir, hides, unix.S_IFCHR, 0)
		if err != nil && !errors.Is(err, fs.ErrExist) {
			return named("make a whiteout", err)
		}
	}
	return named("remove", unix.Unlinkat(dir, name, 0))
}

func dropFUSE(path string, xattrs map[string][]byte) error {
	for name := range xattrs {
		if !strings.HasPrefix(name, fuseXattrs) {
			continue
		}
		if err := unix.Lremovexattr(path, name); err != nil && !errors.Is(err, unix.ENODATA) {
			return named("removexattr "+name, err)
		}
	}
	return nil
}
