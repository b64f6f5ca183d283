package target

import (
	"strings"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/sys"
)

// Open opens the file at a place that was resolved without Pin, for a look at
// it (O_PATH). It does not follow a symbolic link.
func (v *View) Open(p Place) (int, unix.Errno) {
	if host, outside := strings.CutPrefix(p.Canonical, Outside); outside {
		return openPath(unix.AT_FDCWD, host, false)
	}
	if p.Canonical == "" || p.Canonical[0] != '/' {
		return -1, unix.ENOENT
	}
	return openPath(v.root, relative(p.Canonical), false)
}

// Exists tells whether there is something at the place.
func (v *View) Exists(p Place) bool {
	_, ok := v.stat(p)
	return ok
}

// IsDir tells whether there is a directory at the place.
func (v *View) IsDir(p Place) bool {
	st, ok := v.stat(p)
	return ok && st.Mode&unix.S_IFMT == unix.S_IFDIR
}

func (v *View) stat(p Place) (st unix.Stat_t, ok bool) {
	if p.File >= 0 {
		return st, unix.Fstat(p.File, &st) == nil
	}
	fd, errno := v.Open(p)
	if errno != 0 {
		return st, false
	}
	defer unix.Close(fd)
	return st, unix.Fstat(fd, &st) == nil
}

// readLink returns what a symbolic link holds.
func readLink(path string) (string, unix.Errno) {
	buf := make([]byte, 2*pageSize)
	n, err := unix.Readlink(path, buf)
	if err != nil {
		return "", toErrno(err)
	}
	return string(buf[:n]), 0
}

// HostPath resolves an absolute path as the caller sees it, outside of any
// view, and returns the canonical path of the file that is there.
func HostPath(path string) (string, unix.Errno) {
	fd, err := unix.Open(path, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		return "", toErrno(err)
	}
	defer unix.Close(fd)
	return readLink(sys.FDPath(fd))
}
