//go:build !linux

package unpack

import (
	"errors"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// Images hold Linux's devices and extended attributes. Elsewhere they are noted.

func makeNode(int, string, attributes) error { return errNoNode }

func setLinkTimes(dirfd int, name string, atime, mtime time.Time) error {
	ts, err := timespecs(atime, mtime)
	if err != nil {
		return err
	}
	return wrap("utimensat", name, unix.UtimesNanoAt(dirfd, name, ts, unix.AT_SYMLINK_NOFOLLOW))
}

func setXattr(*os.File, string, []byte) error { return errors.ErrUnsupported }

func setLinkXattr(int, string, string, []byte) error { return errors.ErrUnsupported }
