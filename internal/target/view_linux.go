package target

import (
	"os"
	"path"
	"strconv"
	"strings"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// View is the tree of files as a run sees it.
type View struct {
	root int // the run's root directory, O_PATH
	proc int // the caller's /proc, O_PATH
	self int // the caller's /proc/self/fd, O_PATH

	// Same tells that the run sees what the caller sees, but for /proc and /dev.
	// It is set before the view is used.
	Same bool

	mounts map[uint64]bool // of the run, by id; nil: it does not matter

	chrooted atomic.Bool // a thread may have another root than the run's
}

// NewView opens the view of the process, whose root must be the run's root.
func NewView(pid int) (*View, error) {
	v := &View{root: -1, proc: -1, self: -1}
	var err error
	if v.proc, err = openDir(unix.AT_FDCWD, "/proc"); err == nil {
		if v.self, err = openDir(v.proc, "self/fd"); err == nil {
			v.root, err = openDir(v.proc, strconv.Itoa(pid)+"/root")
		}
	}
	if err != nil {
		v.Close()
		return nil, err
	}
	return v, nil
}

func openDir(dir int, path string) (int, error) {
	fd, err := unix.Openat(dir, path, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, &os.PathError{Op: "open", Path: path, Err: err}
	}
	return fd, nil
}

// Close lets go of the view's directories.
func (v *View) Close() {
	for _, fd := range []int{v.root, v.proc, v.self} {
		if fd >= 0 {
			unix.Close(fd)
		}
	}
}

// Lookup says what is wanted of a path.
type Lookup struct {
	Thread Thread
	// Dir is the descriptor that a relative path starts from, or unix.AT_FDCWD.
	Dir int32
	// Path is the path as the thread gave it. An empty one means Dir itself if
	// Empty is set (AT_EMPTY_PATH).
	Path  string
	Empty bool
	// Follow says that a symbolic link as the last component is followed.
	Follow bool
	// Entry says that the last component is a name to be created, removed or
	// renamed: its directory is pinned, and not what it names.
	Entry bool
	// Pin keeps the directory and the file open in the Place.
	Pin bool
	// Resolve are restrictions of the way (openat2(2), RESOLVE_).
	Resolve uint64
	// Links, if not nil, gets the symbolic links that are followed. The path is
	// walked then, as a quick lookup does not meet them.
	Links *[]Hop
	// Lost, if not nil, gets the canonical path of what a walk could not find, or
	// could not enter, with what was to come below it.
	Lost *string
}

// Place is where a path leads.
type Place struct {
	// Canonical is the path without symbolic links, "." and ".."; it is as the
	// run's root shows it. For what has no path (a pipe) it does not start with "/".
	Canonical string
	// Exists tells that there is a file. It is not known for an Entry that was not pinned.
	Exists bool
	// Dir, File and Name are set by Pin: the directory that holds the last
	// component, the file if it exists, and the component's name. -1 if not set.
	Dir, File int
	Name      string
	// Slash tells that the path ended with a slash.
	Slash bool
}

// Close closes what is pinned.
func (p *Place) Close() {
	if p.Dir >= 0 {
		unix.Close(p.Dir)
	}
	if p.File >= 0 {
		unix.Close(p.File)
	}
	p.Dir, p.File = -1, -1
}

// Resolve finds out where a path leads. The error is what the kernel would give.
func (v *View) Resolve(l Lookup) (Place, unix.Errno) {
	if l.Path == "" {
		return v.resolveEmpty(l)
	}
	if p, ok := v.quick(l); ok {
		return p, 0
	}
	if l.Pin && l.Links == nil {
		if p, ok := v.pinQuick(l); ok {
			return p, 0
		}
	}
	root, errno := v.rootOf(l.Thread)
	if errno != 0 {
		return none, errno
	}
	defer root.close()
	if l.Path[0] == '/' && l.Resolve&unix.RESOLVE_IN_ROOT == 0 {
		if l.Resolve&unix.RESOLVE_BENEATH != 0 {
			return none, unix.EXDEV // whatever Dir is
		}
		return v.resolveFrom(root.fd, root, l)
	}
	base, errno := v.openLink(l.Thread, l.Dir)
	if errno != 0 {
		return none, errno
	}
	defer unix.Close(base)
	return v.resolveFrom(base, root, l)
}

// openLink opens what a thread has as its current directory, or as a descriptor.
func (v *View) openLink(t Thread, fd int32) (int, unix.Errno) {
	if fd < 0 && fd != unix.AT_FDCWD {
		return -1, unix.EBADF
	}
	base, err := unix.Openat(v.proc, linkOf(t, fd), unix.O_PATH|unix.O_CLOEXEC, 0)
	switch {
	case err == nil:
		return base, 0
	case err == unix.EACCES && fd != unix.AT_FDCWD:
		return t.descriptor(fd)
	case fd != unix.AT_FDCWD:
		return -1, unix.EBADF
	}
	return -1, toErrno(err)
}

func (v *View) resolveEmpty(l Lookup) (Place, unix.Errno) {
	p := Place{Dir: -1, File: -1}
	if !l.Empty {
		return p, unix.ENOENT
	}
	fd, errno := v.openLink(l.Thread, l.Dir)
	if errno != 0 {
		return p, errno
	}
	return v.found(fd, p, l.Pin)
}

// found fills a place in from the open file fd, which it keeps or closes.
func (v *View) found(fd int, p Place, pin bool) (Place, unix.Errno) {
	canonical, errno := v.pathOf(fd)
	p.Canonical, p.Exists = canonical, true
	if pin && errno == 0 {
		p.File = fd
	} else {
		unix.Close(fd)
	}
	return p, errno
}

// noSymlinks is how the quick lookup is made: it is right if there is no
// symbolic link on the way, and says ELOOP if there is one.
const noSymlinks = unix.RESOLVE_NO_SYMLINKS

func (v *View) resolveFrom(base int, root root, l Lookup) (Place, unix.Errno) {
	dir, name, slash := split(l.Path)
	p := Place{Dir: -1, File: -1, Name: name, Slash: slash}
	switch {
	case l.Resolve&scoped != 0:
		return v.resolveScoped(base, l)
	case l.Resolve != 0:
		return v.walk(base, root, l)
	}
	if !l.Entry && !l.Pin {
		fd, errno := openPath(base, relative(l.Path), l.Follow)
		switch errno {
		case 0:
			if found, errno := v.found(fd, p, false); errno != unix.ENAMETOOLONG {
				return found, errno
			}
			return v.walk(base, root, l)
		case unix.ELOOP:
			return v.walk(base, root, l)
		case unix.ENOENT: // perhaps only the last component
		default:
			return p, errno
		}
	}
	if l.Pin || name == ".." || name == "." {
		return v.walk(base, root, l)
	}
	fd, errno := openPath(base, relative(dir), true)
	switch errno {
	case 0:
	case unix.ELOOP:
		return v.walk(base, root, l)
	default:
		return p, errno
	}
	return v.inDirectory(fd, p)
}

// inDirectory fills in the place of a name that need not exist in the open directory.
func (v *View) inDirectory(dir int, p Place) (Place, unix.Errno) {
	parent, errno := v.pathOf(dir)
	unix.Close(dir)
	p.Canonical = path.Join(parent, p.Name)
	return p, errno
}

func openPath(base int, name string, follow bool) (int, unix.Errno) {
	return open2(base, name, noFollow(Lookup{Follow: follow}), noSymlinks)
}

// open2 is openat2(2) with O_PATH.
func open2(base int, name string, flags, resolve uint64) (int, unix.Errno) {
	how := unix.OpenHow{Flags: unix.O_PATH | unix.O_CLOEXEC | flags, Resolve: resolve}
	for {
		fd, err := unix.Openat2(base, name, &how)
		if err == nil {
			return fd, 0
		}
		// EAGAIN: something was renamed meanwhile and ".." could not be trusted.
		if err != unix.EINTR && err != unix.EAGAIN {
			return -1, toErrno(err)
		}
	}
}

// pathOf returns the path of an open file as its mount namespace shows it, marked
// if that is not the run's.
func (v *View) pathOf(fd int) (string, unix.Errno) {
	text, errno := v.textOfOpen(fd)
	if errno == 0 && strings.HasPrefix(text, "/") && v.outside(fd) {
		text = Outside + text
	}
	return text, errno
}

func (v *View) textOfOpen(fd int) (string, unix.Errno) {
	var buf [512]byte
	n, err := unix.Readlinkat(v.self, strconv.Itoa(fd), buf[:])
	if err == unix.ENAMETOOLONG { // whatever the buffer: procfs cannot show it
		return v.pathUpwards(fd)
	}
	if err != nil {
		return "", toErrno(err)
	}
	if n < len(buf) {
		return string(buf[:n]), 0
	}
	return v.longPathOf(fd)
}

// longPathOf is pathOf for a path of any length. procfs gives at most a page;
// a longer path is put together from its directories.
func (v *View) longPathOf(fd int) (string, unix.Errno) {
	buf := make([]byte, 2*pageSize)
	n, err := unix.Readlinkat(v.self, strconv.Itoa(fd), buf)
	if err == nil {
		return string(buf[:n]), 0
	}
	if err != unix.ENAMETOOLONG {
		return "", toErrno(err)
	}
	return v.pathUpwards(fd)
}

// relative makes an absolute path one that starts from the root's descriptor.
func relative(p string) string {
	if p == "" {
		return "."
	}
	if p[0] != '/' {
		return p
	}
	if p = strings.TrimLeft(p, "/"); p == "" {
		return "."
	}
	return p
}

// split takes the last component off a path. dir keeps its final slash.
func split(p string) (dir, name string, slash bool) {
	trimmed := strings.TrimRight(p, "/")
	slash = len(trimmed) < len(p)
	i := strings.LastIndexByte(trimmed, '/')
	dir, name = trimmed[:i+1], trimmed[i+1:]
	if name == "" {
		name = "." // the root itself
	}
	return dir, name, slash
}

func toErrno(err error) unix.Errno {
	if errno, ok := err.(unix.Errno); ok {
		return errno
	}
	return unix.EIO
}

// PathOf returns the path of a file that the caller has open, as the mount
// namespace shows it in which it was opened.
func (v *View) PathOf(fd int) (string, unix.Errno) { return v.pathOf(fd) }
