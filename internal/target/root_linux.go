package target

import (
	"strconv"

	"golang.org/x/sys/unix"
)

// root is the root directory of a thread.
type root struct {
	fd   int
	path string // as the run's root shows it, "" if it is that one
	own  bool   // the descriptor is to be closed
}

func (r root) close() {
	if r.own {
		unix.Close(r.fd)
	}
}

// is tells whether a directory is a root that a thread has for itself. Above
// the run's root is nothing in any case.
func (r root) is(dir int) bool {
	var a, b unix.Stat_t
	return r.own && unix.Fstat(r.fd, &a) == nil && unix.Fstat(dir, &b) == nil && a.Dev == b.Dev && a.Ino == b.Ino
}

// Chrooted says that from now on a thread may have a root of its own.
func (v *View) Chrooted() { v.chrooted.Store(true) }

// rootOf finds the root directory of a thread.
func (v *View) rootOf(t Thread) (root, unix.Errno) {
	path := v.rootPath(t)
	if path == "" {
		return root{fd: v.root}, 0
	}
	fd, err := unix.Openat(v.proc, strconv.Itoa(int(t))+"/root", unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return root{}, toErrno(err)
	}
	return root{fd, path, true}, 0
}

// rootPath is the path of a thread's root, "" for that of the run.
func (v *View) rootPath(t Thread) string {
	if !v.chrooted.Load() {
		return ""
	}
	path, errno := readLink("/proc/" + strconv.Itoa(int(t)) + "/root")
	if errno != 0 || path == "/" {
		return ""
	}
	return path
}
