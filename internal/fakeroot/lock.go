//go:build unix

package fakeroot

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// openLocked opens the file, which is created if need be, with a lock that lasts
// until it is closed. The lock is on the inode: if that was replaced before it
// was had, it is worth nothing.
func openLocked(path string) (*os.File, error) {
	for {
		file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o666)
		if err != nil {
			return nil, err
		}
		current, err := lock(file)
		if err != nil {
			file.Close()
			return nil, err
		}
		if current {
			return file, nil
		}
		file.Close()
	}
}

// lock also tells whether the file still is what its name says.
func lock(file *os.File) (current bool, err error) {
	switch err := unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB); {
	case errors.Is(err, unix.EWOULDBLOCK):
		return false, fmt.Errorf("%s: %w", file.Name(), ErrInUse)
	case err != nil:
		return false, &fs.PathError{Op: "flock", Path: file.Name(), Err: err}
	}
	locked, err := file.Stat()
	if err != nil {
		return false, err
	}
	named, err := os.Stat(file.Name())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	return err == nil && os.SameFile(locked, named), nil
}

// keep gives the file the owner and mode of another. Without privileges the
// owner can be no other, and a group only one of one's own: what cannot be kept
// of them is not worth the state. If the group is another, it gets no more than
// others have.
func keep(file *os.File, old fs.FileInfo) error {
	mode := old.Mode().Perm()
	if owner, ok := old.Sys().(*syscall.Stat_t); ok {
		if file.Chown(int(owner.Uid), int(owner.Gid)) != nil && file.Chown(-1, int(owner.Gid)) != nil {
			mode = mode&^0o070 | mode&0o007<<3
		}
	}
	return file.Chmod(mode)
}
