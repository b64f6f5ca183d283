package supervisor

import (
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/abi"
	"github.com/catbox-go/catbox/internal/target"
)

// What a process may want of a file (path_resolution(7)).
const (
	mayExec  = 1
	mayWrite = 2
	mayRead  = 4
)

// may tells whether the credentials allow what is wanted of a file that is
// shown with these attributes.
func (c *creds) may(a attributes, want uint32) bool {
	if c.capable(unix.CAP_DAC_OVERRIDE) && (a.isDir() || want&mayExec == 0 || a.mode&0111 != 0) {
		return true
	}
	if c.capable(unix.CAP_DAC_READ_SEARCH) && (want == mayRead || a.isDir() && want&mayWrite == 0) {
		return true
	}
	return c.bits(a)&want == want
}

// bits are the permissions of the class that the process is in.
func (c *creds) bits(a attributes) uint32 {
	if acl, ok := a.acl(); ok && c.uid.fs != a.uid {
		return acl.bits(c, a)
	}
	switch {
	case c.uid.fs == a.uid:
		return a.mode >> 6 & 7
	case c.inGroup(a.gid):
		return a.mode >> 3 & 7
	}
	return a.mode & 7
}

func (c *creds) owns(a attributes) bool { return c.uid.fs == a.uid || c.capable(unix.CAP_FOWNER) }

// sticky tells whether a sticky directory keeps the process from removing or
// renaming the file (check_sticky() of the kernel).
func (c *creds) sticky(dir, file attributes) bool {
	return dir.mode&unix.S_ISVTX != 0 && c.uid.fs != file.uid && c.uid.fs != dir.uid && !c.capable(unix.CAP_FOWNER)
}

// attributesOf are those of an open file.
func (f *FakeRoot) attributesOf(fd int) (attributes, unix.Statx_t, unix.Errno) {
	return f.attributesAt(fd, "")
}

// attributesAt are those of a name in an open directory, or of the open file itself.
func (f *FakeRoot) attributesAt(dir int, name string) (attributes, unix.Statx_t, unix.Errno) {
	var st unix.Statx_t
	if err := unix.Statx(dir, name, unix.AT_EMPTY_PATH|unix.AT_SYMLINK_NOFOLLOW, statxMask, &st); err != nil {
		errno, _ := err.(unix.Errno)
		return attributes{}, st, errno
	}
	return f.attributes(&st), st, 0
}

// searchable tells by its errno whether the process may search every directory
// on the way of a path. The kernel does not look: it knows the run's user, who
// may.
func (r *receiver) searchable(h *held, l target.Lookup) unix.Errno {
	c := r.creds(h)
	if c.capable(unix.CAP_DAC_READ_SEARCH) || c.capable(unix.CAP_DAC_OVERRIDE) || l.Path == "" {
		return 0
	}
	dir := l
	dir.Follow, dir.Empty, dir.Entry, dir.Pin = true, false, false, false
	for _, prefix := range directories(l.Path) {
		dir.Path = prefix
		st, errno := r.s.view.Statx(dir, statxMask)
		if errno != 0 {
			return errno
		}
		r.askBelow(&st, dir)
		if a := r.s.Fake.attributes(&st); a.isDir() && !c.may(a, mayExec) {
			return unix.EACCES
		}
	}
	return 0
}

// directories are the paths of the directories that are searched for a path, in order.
func directories(path string) []string {
	var dirs []string
	if path[0] == '/' {
		dirs = append(dirs, "/")
	} else {
		dirs = append(dirs, ".")
	}
	trimmed := strings.TrimRight(path, "/")
	for i := 1; i < len(trimmed); i++ {
		if trimmed[i] == '/' && trimmed[i-1] != '/' {
			dirs = append(dirs, trimmed[:i])
		}
	}
	return dirs
}

// searchableAll is searchable for each path of the call.
func (r *receiver) searchableAll(p *pinned) unix.Errno {
	if p.creds.capable(unix.CAP_DAC_OVERRIDE) {
		return 0
	}
	for _, arg := range p.row.Paths() {
		path, errno := p.path(arg.Path)
		if errno != 0 {
			continue // judged where the call is done
		}
		if errno := r.searchable(p.held, p.lookup(arg, path)); errno != 0 {
			return errno
		}
	}
	return 0
}

// changesDirectory tells by its errno whether the process may make, remove or
// rename entries in the directory of a place.
func (f *FakeRoot) changesDirectory(c *creds, place target.Place) (attributes, unix.Errno) {
	f.askOpen(place.Dir, func() string { return filepath.Dir(place.Canonical) })
	dir, _, errno := f.attributesOf(place.Dir)
	if errno == 0 && !c.may(dir, mayWrite|mayExec) {
		errno = unix.EACCES
	}
	return dir, errno
}

// removes tells the same of removing what is there, and what it is.
func (f *FakeRoot) removes(c *creds, place target.Place) (attributes, unix.Statx_t, unix.Errno) {
	a, st, errno := f.attributesAt(place.Dir, place.Name)
	if errno != 0 || c == rootCreds {
		return a, st, errno
	}
	dir, errno := f.changesDirectory(c, place)
	if errno == 0 && c.sticky(dir, a) {
		errno = unix.EPERM
	}
	return a, st, errno
}

// statLookup describes what a call of the stat family, or one that reads
// attributes, is about.
func (h *held) statLookup() (target.Lookup, unix.Errno) {
	paths := h.row.Paths()
	if h.row.Fake == abi.FakeStat && len(paths) == 0 && h.fd(h.row.Arg(abi.FD)) < 0 {
		return target.Lookup{}, unix.EBADF // AT_FDCWD is no descriptor
	}
	if len(paths) == 0 {
		return target.Lookup{Thread: h.thread, Dir: h.fd(h.row.Arg(abi.FD)), Empty: true}, 0
	}
	arg := paths[0]
	path, errno := h.path(arg.Path)
	l := h.lookup(arg, path)
	if errno != 0 && l.Empty && h.pointer(arg.Path) == 0 {
		errno = 0 // Linux 6.11: no path is as good as an empty one
	}
	return l, errno
}
