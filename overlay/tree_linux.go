package overlay

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/sys"
	"github.com/catbox-go/catbox/record"
)

// tree is a directory, in which files are found without following any
// symbolic link.
type tree struct {
	root *os.File // O_PATH
	// last is the directory that was asked for before: files come in order.
	last     *os.File
	lastPath string
}

func openTree(dir string) (*tree, error) {
	fd, err := unix.Open(dir, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: dir, Err: err}
	}
	return &tree{root: os.NewFile(uintptr(fd), dir)}, nil
}

func (t *tree) close() error {
	t.forget()
	return t.root.Close()
}

// forget lets go of the directory that was kept: another one may have its name.
func (t *tree) forget() {
	if t.last != nil {
		t.last.Close()
		t.last = nil
	}
}

// where is the file's name for people.
func (t *tree) where(path string) string { return filepath.Join(t.root.Name(), path) }

// wrap names the file that an error is about; nil stays nil.
func (t *tree) wrap(path string, err error) error {
	var conflict *ConflictError
	if err == nil || errors.As(err, &conflict) {
		return err
	}
	var p *fs.PathError
	if errors.As(err, &p) {
		return &fs.PathError{Op: p.Op, Path: t.where(path), Err: p.Err}
	}
	return fmt.Errorf("%s: %w", record.Quote(t.where(path)), err)
}

// dir opens a directory. It is the tree's, and open until the next call.
func (t *tree) dir(path string) (*os.File, error) {
	if t.last != nil && t.lastPath == path {
		return t.last, nil
	}
	name := strings.TrimPrefix(path, "/")
	if name == "" {
		name = "."
	}
	fd, err := unix.Openat2(int(t.root.Fd()), name, &unix.OpenHow{
		Flags:   unix.O_PATH | unix.O_DIRECTORY | unix.O_CLOEXEC,
		Resolve: unix.RESOLVE_BENEATH | unix.RESOLVE_NO_SYMLINKS,
	})
	if err != nil {
		return nil, t.wrap(path, &fs.PathError{Op: "open directory", Path: path, Err: err})
	}
	t.forget()
	t.last, t.lastPath = os.NewFile(uintptr(fd), path), path
	return t.last, nil
}

// at opens the directory of a file and returns the name in it.
func (t *tree) at(p string) (dir int, name string, err error) {
	f, err := t.dir(path.Dir(p))
	if err != nil {
		return -1, "", err
	}
	return int(f.Fd()), path.Base(p), nil
}

// stat is the status of a file with all attributes.
func (t *tree) stat(path string) (*Stat, error) {
	dir, name, err := t.at(path)
	if err != nil {
		return nil, err
	}
	st, err := statAt(dir, name)
	return st, t.wrap(path, err)
}

// inode is the number of the inode under the name.
func (t *tree) inode(path string) (ino uint64, err error) {
	dir, name, err := t.at(path)
	if err != nil {
		return 0, err
	}
	var st unix.Stat_t
	if err := unix.Fstatat(dir, name, &st, unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return 0, t.wrap(path, &fs.PathError{Op: "stat", Path: path, Err: err})
	}
	return st.Ino, nil
}

// open opens a regular file for reading.
func (t *tree) open(path string) (*os.File, error) {
	dir, name, err := t.at(path)
	if err != nil {
		return nil, err
	}
	fd, err := openRegular(dir, name)
	if err != nil {
		return nil, t.wrap(path, &fs.PathError{Op: "open", Path: path, Err: err})
	}
	return os.NewFile(uintptr(fd), t.where(path)), nil
}

// openRegular opens a file for reading. One whose owner took the permission
// from himself gets it for the moment: in a user namespace the command was root
// and needed none.
func openRegular(dir int, name string) (int, error) {
	const flags = unix.O_RDONLY | unix.O_NOFOLLOW | unix.O_CLOEXEC | unix.O_NONBLOCK
	fd, err := unix.Openat(dir, name, flags, 0)
	if err != unix.EACCES {
		return fd, err
	}
	var st unix.Stat_t
	if unix.Fstatat(dir, name, &st, unix.AT_SYMLINK_NOFOLLOW) != nil || int(st.Uid) != os.Geteuid() || st.Mode&unix.S_IFMT != unix.S_IFREG {
		return fd, err
	}
	path := sys.FDPath(dir) + "/" + name
	if unix.Chmod(path, st.Mode&0o7777|0o400) != nil {
		return fd, err
	}
	fd, err = unix.Openat(dir, name, flags, 0)
	return fd, errors.Join(err, unix.Chmod(path, st.Mode&0o7777))
}
