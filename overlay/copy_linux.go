package overlay

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/fakeroot"
)

// copier makes files of the overlay in another tree.
type copier struct {
	ctx    context.Context
	from   *tree
	to     *tree
	owners ownership
	// sharing has files of the overlay linked where they can be, see [Overlay.shareable].
	sharing bool
	notes   notes
	// socket stands for a device that only root can make, as with a fake root.
	socket bool
	links  map[fakeroot.ID]string // the first name in the tree of an inode with several
	buf    []byte
	dirs   []madeDir
}

// madeDir is a directory that gets its attributes when all is in it.
type madeDir struct {
	path string
	of   *Change
}

func newCopier(ctx context.Context, from, to *tree, ignoreOwners bool) *copier {
	return &copier{
		ctx: ctx, from: from, to: to, owners: ownership{ignore: ignoreOwners, root: os.Geteuid() == 0},
		links: map[fakeroot.ID]string{}, buf: make([]byte, 256<<10),
	}
}

// file makes the file of a change under a name that is not there. Directories
// get their attributes with finish.
func (k *copier) file(c *Change, to string) error {
	if err := k.ctx.Err(); err != nil {
		return err
	}
	dir, name, err := k.to.at(to)
	if err != nil {
		return err
	}
	if err := k.make(c, to, dir, name); err != nil {
		return k.to.wrap(c.Path, err)
	}
	return nil
}

func (k *copier) make(c *Change, to string, dir int, name string) error {
	st := c.New
	if st.IsDir() {
		k.dirs = append(k.dirs, madeDir{to, c})
		return named("mkdir", unix.Mkdirat(dir, name, 0o700))
	}
	if st.Nlink > 1 {
		if linked, err := k.link(st.id, to, dir, name); linked || err != nil {
			return err
		}
	}
	var err error
	switch {
	case st.isRegular():
		return k.regular(c, dir, name)
	case st.isLink():
		err = named("symlink", unix.Symlinkat(st.Target, dir, name))
	case st.isDevice() && k.socket && !k.owners.root:
		err = named("mknod", unix.Mknodat(dir, name, unix.S_IFSOCK|st.Mode&0o777, 0))
	default:
		err = named("mknod", unix.Mknodat(dir, name, st.Mode&^0o7000, int(st.Rdev)))
	}
	if err != nil {
		return err
	}
	return k.special(st, dir, name)
}

func named(op string, err error) error {
	if err == nil {
		return nil
	}
	return &fs.PathError{Op: op, Err: err}
}

// link makes a name of a file that was made already. On another file system it
// is a file of its own.
func (k *copier) link(id fakeroot.ID, to string, dir int, name string) (bool, error) {
	first, known := k.links[id]
	if !known {
		k.links[id] = to
		return false, nil
	}
	there, err := openDirAt(k.to, parent(first))
	if err != nil {
		return false, err
	}
	defer unix.Close(there)
	err = unix.Linkat(there, path.Base(first), dir, name, 0)
	if errors.Is(err, unix.EXDEV) || errors.Is(err, unix.EMLINK) {
		return false, nil
	}
	return true, named("link", err)
}

// openDirAt opens a directory of a tree beside the one that it keeps.
func openDirAt(t *tree, p string) (int, error) {
	return unix.Openat2(int(t.root.Fd()), "."+p, &unix.OpenHow{
		Flags:   unix.O_PATH | unix.O_DIRECTORY | unix.O_CLOEXEC,
		Resolve: unix.RESOLVE_BENEATH | unix.RESOLVE_NO_SYMLINKS,
	})
}

func (k *copier) regular(c *Change, dir int, name string) error {
	srcDir, srcName, err := k.from.at(c.Path)
	if err != nil {
		return err
	}
	src, err := openRegular(srcDir, srcName)
	if err != nil {
		return named("read from the overlay", err)
	}
	defer unix.Close(src)
	if k.share(src, c.New, srcDir, srcName, link{dir, name}) {
		return nil
	}
	dst, err := unix.Openat(dir, name, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return named("create", err)
	}
	err = k.data(dst, src, c.New)
	if err == nil {
		startWriting(dst, c.New.Size)
		err = k.owners.set(handle{fd: dst, open: true}, c.New)
	}
	if err == nil {
		err = named("set times", unix.UtimesNanoAt(dir, name, times(c.New), unix.AT_SYMLINK_NOFOLLOW))
	}
	return errors.Join(err, named("close", unix.Close(dst)))
}

func times(st *Stat) []unix.Timespec {
	return []unix.Timespec{unix.NsecToTimespec(st.atime.UnixNano()), unix.NsecToTimespec(st.Mtime.UnixNano())}
}

// special sets the attributes of what is not opened: by a descriptor of the
// name itself, lest it leads elsewhere.
func (k *copier) special(st *Stat, dir int, name string) error {
	fd, err := unix.Openat(dir, name, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return named("open", err)
	}
	defer unix.Close(fd)
	if err := k.owners.set(handle{fd: fd}, st); err != nil {
		return err
	}
	return named("set times", unix.UtimesNanoAt(dir, name, times(st), unix.AT_SYMLINK_NOFOLLOW))
}

// finish gives the directories that were made what they are to have, those
// further down first.
func (k *copier) finish() error {
	for i := len(k.dirs) - 1; i >= 0; i-- {
		d := k.dirs[i]
		dir, name, err := k.to.at(d.path)
		if err == nil {
			err = k.special(d.of.New, dir, name)
		}
		if err != nil {
			return k.to.wrap(d.of.Path, err)
		}
	}
	k.dirs = nil
	return nil
}

// data copies what a file holds, and leaves its holes. A file system that can,
// shares the blocks.
func (k *copier) data(dst, src int, st *Stat) error {
	if st.Size > int64(len(k.buf)) && unix.IoctlFileClone(dst, src) == nil {
		return nil
	}
	if int64(st.blocks)*512 >= st.Size {
		return k.extent(dst, src, 0, st.Size)
	}
	if err := unix.Ftruncate(dst, st.Size); err != nil {
		return named("truncate", err)
	}
	for at := int64(0); ; {
		start, err := unix.Seek(src, at, unix.SEEK_DATA)
		if errors.Is(err, unix.ENXIO) {
			return nil // a hole up to the end
		}
		if err != nil {
			return named("seek", err)
		}
		end, err := unix.Seek(src, start, unix.SEEK_HOLE)
		if err != nil {
			return named("seek", err)
		}
		if err := k.extent(dst, src, start, end); err != nil {
			return err
		}
		at = end
	}
}

func (k *copier) extent(dst, src int, at, end int64) error {
	for at < end {
		n, err := unix.Pread(src, k.buf[:min(int64(len(k.buf)), end-at)], at)
		if err == unix.EINTR {
			continue
		}
		if err == nil && n == 0 {
			err = io.ErrUnexpectedEOF // somebody writes to it
		}
		if err != nil {
			return named("read", err)
		}
		if err := write(dst, k.buf[:n], at); err != nil {
			return err
		}
		at += int64(n)
		if err := k.ctx.Err(); err != nil {
			return err
		}
	}
	return nil
}

// write writes all of data at an offset.
func write(fd int, data []byte, at int64) error {
	for len(data) > 0 {
		n, err := unix.Pwrite(fd, data, at)
		if err != nil && err != unix.EINTR {
			return named("write", err)
		}
		data, at = data[max(n, 0):], at+int64(max(n, 0))
	}
	return nil
}

// within is a path of a tree moved below another directory.
func within(top, moved, p string) string { return filepath.Join(moved, p[len(top):]) }
