package target

import (
	"path"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// inRoot is how a path of the run is resolved by the kernel itself: symbolic
// links and ".." stay within the run's root. Magic links are not followed, as
// they would be the caller's own.
const inRoot = unix.RESOLVE_IN_ROOT | unix.RESOLVE_NO_MAGICLINKS

// textual returns the path of a lookup from the thread's root, as text, if the
// kernel may resolve it for the thread. Not so below /proc and /dev, where names
// mean the thread that looks.
func (v *View) textual(root root, l Lookup) (string, bool) {
	full := l.Path
	if l.Resolve != 0 {
		return "", false
	}
	if full[0] != '/' {
		base, ok := v.textOf(l)
		if !ok || strings.HasSuffix(base, " (deleted)/") || !strings.HasPrefix(base, root.path+"/") {
			return "", false
		}
		full = strings.TrimPrefix(base, root.path) + full
	}
	return full, !ownNames(full)
}

// ownNames tells whether a path may lead to /proc or /dev, however it is written.
func ownNames(full string) bool {
	clean := path.Clean(full)
	return strings.HasPrefix(clean, "/proc") || strings.HasPrefix(clean, "/dev")
}

// open2 opens a path within the root, for a look at it.
func (r root) open2(path string, flags uint64) (int, unix.Errno) {
	return open2(r.fd, relative(path), flags, inRoot)
}

// Direct returns a directory and a path from there by which the caller comes to
// what a lookup leads to, in one step; false: there is none.
func (v *View) Direct(l Lookup) (dir int, path string, ok bool) {
	if !v.Same || v.chrooted.Load() || l.Path == "" || l.Resolve != 0 {
		return -1, "", false
	}
	if l.Path[0] == '/' {
		return unix.AT_FDCWD, l.Path, !ownNames(l.Path)
	}
	if l.Dir < 0 && l.Dir != unix.AT_FDCWD {
		return -1, "", false
	}
	return v.proc, linkOf(l.Thread, l.Dir) + "/" + l.Path, true
}

// misled tells whether a direct lookup failed for what it adds to the path: its
// length, a symbolic link more, a descriptor that is none.
func (v *View) misled(l Lookup, err error) bool {
	switch err {
	case unix.ENAMETOOLONG, unix.ELOOP:
		return true
	case unix.ENOENT, unix.EACCES: // the second: a process with another id of the run's
		return l.Path[0] != '/' && l.Dir != unix.AT_FDCWD
	}
	return false
}

// OpenPath opens what a path leads to, for a look at it (O_PATH). The error is
// the kernel's, or ELOOP where only a walk could tell.
func (v *View) OpenPath(l Lookup) (int, unix.Errno) {
	if l.Path == "" {
		if !l.Empty {
			return -1, unix.ENOENT
		}
		return v.openLink(l.Thread, l.Dir)
	}
	flags := unix.O_PATH | unix.O_CLOEXEC
	if !l.Follow {
		flags |= unix.O_NOFOLLOW
	}
	if dir, path, ok := v.Direct(l); ok {
		if fd, err := unix.Openat(dir, path, flags, 0); !v.misled(l, err) {
			return fd, toErrnoOrNil(err)
		}
	}
	root, errno := v.rootOf(l.Thread)
	if errno != 0 {
		return -1, errno
	}
	defer root.close()
	if full, ok := v.textual(root, l); ok {
		if fd, errno := root.open2(full, uint64(flags)); errno != unix.ENAMETOOLONG {
			return fd, errno
		}
	}
	l.Pin = true
	p, errno := v.Resolve(l)
	if errno == 0 && !p.Exists {
		errno = unix.ENOENT
	}
	if errno != 0 {
		p.Close()
		return -1, errno
	}
	if p.Dir >= 0 {
		unix.Close(p.Dir)
	}
	return p.File, 0
}

// Statx is statx(2) of what a path leads to.
func (v *View) Statx(l Lookup, mask int) (st unix.Statx_t, errno unix.Errno) {
	if l.Path == "" && l.Empty {
		err := unix.Statx(v.proc, linkOf(l.Thread, l.Dir), 0, mask, &st)
		if err != unix.EACCES {
			return st, toErrnoOrNil(err)
		}
	}
	if dir, path, ok := v.Direct(l); ok {
		flags := 0
		if !l.Follow {
			flags = unix.AT_SYMLINK_NOFOLLOW
		}
		if err := unix.Statx(dir, path, flags, mask, &st); !v.misled(l, err) {
			return st, toErrnoOrNil(err)
		}
	}
	fd, errno := v.OpenPath(l)
	if errno != 0 {
		return st, errno
	}
	defer unix.Close(fd)
	return st, toErrnoOrNil(unix.Statx(fd, "", unix.AT_EMPTY_PATH, mask, &st))
}

func toErrnoOrNil(err error) unix.Errno {
	if err == nil {
		return 0
	}
	return toErrno(err)
}

// linkOf is the link below /proc to a thread's descriptor or current directory.
func linkOf(t Thread, fd int32) string {
	if fd == unix.AT_FDCWD {
		return strconv.Itoa(int(t)) + "/cwd"
	}
	return strconv.Itoa(int(t)) + "/fd/" + strconv.Itoa(int(fd))
}

// pinQuick pins a path in two steps, the directory and the name, which is what
// the walk comes to in the usual case. false: walk.
func (v *View) pinQuick(l Lookup) (Place, bool) {
	root, errno := v.rootOf(l.Thread)
	if errno != 0 {
		return none, false
	}
	defer root.close()
	full, ok := v.textual(root, l)
	if !ok {
		return none, false
	}
	dir, name, slash := split(full)
	if name == "." || name == ".." || slash {
		return none, false
	}
	d, errno := root.open2(dir, unix.O_DIRECTORY)
	if errno != 0 {
		return none, false
	}
	p := Place{Dir: d, File: -1, Name: name}
	fd, err := unix.Openat(d, name, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err == nil {
		p.Exists, p.File = true, fd
	} else if err != unix.ENOENT {
		p.Close()
		return none, false
	}
	parent, errno := v.pathOf(d)
	if errno != 0 || p.Exists && !l.Entry && l.Follow && isLink(fd) {
		p.Close()
		return none, false
	}
	p.Canonical = strings.TrimSuffix(parent, "/") + "/" + name
	return p, true
}

func isLink(fd int) bool {
	var st unix.Stat_t
	return unix.Fstat(fd, &st) != nil || st.Mode&unix.S_IFMT == unix.S_IFLNK
}

// Parent is the path of the directory of a path's last component.
func Parent(path string) string {
	dir, _, _ := split(path)
	if dir == "" {
		return "."
	}
	return dir
}
