package target

import (
	"path"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// maxLinks is the kernel's MAXSYMLINKS (path_resolution(7)).
const maxLinks = 40

// procRootInode is the inode number of a procfs's root (PROC_ROOT_INO).
const procRootInode = 1

// walker goes a path component by component, each opened without following
// links, so that every decision is on a descriptor. Links are followed as the
// thread would follow them: from its root, and /proc/self as its own.
type walker struct {
	v     *View
	root  root
	l     Lookup
	cur   int // the directory reached, owned
	rest  []string
	links int
	slash bool // the path ended with a slash
	met   bool // the root was looked at
}

// walk resolves a path that the quick lookup could not, or whose parts are to be pinned.
func (v *View) walk(base int, root root, l Lookup) (Place, unix.Errno) {
	cur, err := unix.FcntlInt(uintptr(base), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return Place{Dir: -1, File: -1}, toErrno(err)
	}
	w := &walker{v: v, root: root, l: l, cur: cur, met: l.Path[0] == '/'}
	w.push(l.Path)
	defer func() { unix.Close(w.cur) }()
	return w.run()
}

// push puts the components of a path in front of those that are still to go.
func (w *walker) push(p string) {
	if len(w.rest) == 0 {
		// A slash behind a link counts, whatever the link holds.
		w.slash = w.slash || strings.HasSuffix(p, "/")
	}
	var parts []string
	for part := range strings.SplitSeq(p, "/") {
		if part != "" {
			parts = append(parts, part)
		}
	}
	w.rest = append(parts, w.rest...)
}

func (w *walker) run() (Place, unix.Errno) {
	for len(w.rest) > 0 {
		name := w.rest[0]
		last := len(w.rest) == 1
		if last && w.l.Entry {
			return w.entry(name)
		}
		w.rest = w.rest[1:]
		w.met = w.met || name == ".."
		if name == ".." && w.root.is(w.cur) {
			name = "." // as there is nothing above a root
		}
		fd, st, errno := w.open(name)
		if errno == unix.ENOENT && last {
			return w.missing(name)
		}
		if errno != 0 {
			w.lost(name)
			return none, errno
		}
		isLink := st.Mode&unix.S_IFMT == unix.S_IFLNK
		switch {
		case isLink && (!last || w.l.Follow || w.slash):
			errno = w.follow(fd, name)
		case last:
			return w.file(fd, name)
		default:
			w.enter(fd)
		}
		if errno != 0 {
			w.lost(name)
			return none, errno
		}
	}
	return w.here()
}

// lost notes where the walk ended, up to where the text would go up again.
func (w *walker) lost(name string) {
	at, errno := w.v.pathOf(w.cur)
	if w.l.Lost == nil || errno != 0 {
		return
	}
	for _, part := range append([]string{name}, w.rest...) {
		if part == ".." {
			break
		}
		at = path.Join(at, part)
	}
	*w.l.Lost = at
}

var none = Place{Dir: -1, File: -1}

func (w *walker) open(name string) (int, unix.Stat_t, unix.Errno) {
	var st unix.Stat_t
	fd, errno := w.step(name, unix.O_NOFOLLOW)
	if errno != 0 {
		return -1, st, errno
	}
	if err := unix.Fstat(fd, &st); err != nil {
		unix.Close(fd)
		return -1, st, toErrno(err)
	}
	return fd, st, 0
}

func (w *walker) enter(fd int) {
	unix.Close(w.cur)
	w.cur = fd
}

// follow goes where the open symbolic link leads.
func (w *walker) follow(link int, name string) unix.Errno {
	defer unix.Close(link)
	if w.links++; w.links > maxLinks {
		return unix.ELOOP
	}
	content, magic, errno := w.readLink(link, name)
	if errno != 0 {
		return errno
	}
	if w.forbids(magic) {
		return unix.ELOOP
	}
	if magic {
		return w.jump(name)
	}
	if content == "" {
		return unix.ENOENT
	}
	if w.l.Links != nil {
		if at, errno := w.v.pathOf(w.cur); errno == 0 {
			*w.l.Links = append(*w.l.Links, Hop{path.Join(at, name), content})
		}
	}
	if content[0] == '/' {
		if errno := w.toRoot(); errno != 0 {
			return errno
		}
	}
	w.push(content)
	return 0
}

// readLink returns what a link holds. A magic one holds a file and no path
// (proc_pid_fd(5)); /proc/self is read as the thread, not the caller, would read it.
func (w *walker) readLink(link int, name string) (content string, magic bool, errno unix.Errno) {
	var fs unix.Statfs_t
	if err := unix.Fstatfs(link, &fs); err != nil {
		return "", false, toErrno(err)
	}
	if fs.Type == unix.PROC_SUPER_MAGIC {
		var st unix.Stat_t
		if err := unix.Fstat(w.cur, &st); err != nil {
			return "", false, toErrno(err)
		}
		if st.Ino != procRootInode {
			return "", true, 0
		}
		if name == "self" || name == "thread-self" {
			content, errno = w.l.Thread.self(name)
			return content, false, errno
		}
	}
	buf := make([]byte, unix.PathMax)
	n, err := unix.Readlinkat(link, "", buf)
	if err != nil {
		return "", false, toErrno(err)
	}
	return string(buf[:n]), false, 0
}

// jump follows a magic link: the kernel opens the very file that it holds.
func (w *walker) jump(name string) unix.Errno {
	fd, errno := w.step(name, 0)
	if errno != 0 {
		return errno
	}
	w.enter(fd)
	return 0
}

// entry is the end of a path whose last component is a name and not a file.
func (w *walker) entry(name string) (Place, unix.Errno) {
	fd, err := unix.Openat(w.cur, name, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil && err != unix.ENOENT { // ENOTDIR: what was reached holds no names
		return none, toErrno(err)
	}
	p, errno := w.place(name)
	if p.Exists = err == nil; p.Exists && errno == 0 && w.l.Pin {
		p.File = fd
	} else if p.Exists {
		unix.Close(fd)
	}
	return p, errno
}

// missing is the end of a path whose last component is not there.
func (w *walker) missing(name string) (Place, unix.Errno) { return w.place(name) }

// place is the name in the directory that was reached, which is pinned if asked.
func (w *walker) place(name string) (Place, unix.Errno) {
	p := Place{Dir: -1, File: -1, Name: name, Slash: w.slash}
	parent, errno := w.v.pathOf(w.cur)
	if errno != 0 {
		return p, errno
	}
	p.Canonical = path.Join(parent, name)
	if w.l.Pin {
		dir, err := unix.FcntlInt(uintptr(w.cur), unix.F_DUPFD_CLOEXEC, 0)
		if err != nil {
			return p, toErrno(err)
		}
		p.Dir = dir
	}
	return p, 0
}

// file is the end of a path that led to a file in the directory that was reached.
func (w *walker) file(fd int, name string) (Place, unix.Errno) {
	p, errno := w.place(name)
	if errno != 0 {
		unix.Close(fd)
		return p, errno
	}
	if canonical, errno := w.v.pathOf(fd); errno == 0 {
		p.Canonical = canonical
	} else if errno != unix.ENAMETOOLONG { // then it is known how the file was reached
		unix.Close(fd)
		p.Close()
		return none, errno
	}
	p.Exists = true
	if w.l.Pin {
		p.File = fd
	} else {
		unix.Close(fd)
	}
	return p, 0
}

// here is the end of a path that led to the current directory: "/", "." or a magic link.
func (w *walker) here() (Place, unix.Errno) {
	fd, err := unix.FcntlInt(uintptr(w.cur), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return none, toErrno(err)
	}
	return w.v.found(fd, Place{Dir: -1, File: -1, Name: ".", Slash: w.slash}, w.l.Pin)
}

// pathUpwards puts a path of more than a page together, by the names under
// which each directory is found in the one above.
func (v *View) pathUpwards(fd int) (string, unix.Errno) {
	// The directory is left by ".." until a path can be read; every name on
	// the way is the difference between what procfs shows of neighbours.
	dir, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return "", toErrno(err)
	}
	defer func() { unix.Close(dir) }()
	var names []string
	for range 1 << 16 {
		name, up, errno := nameInParent(dir)
		if errno != 0 {
			return "", errno
		}
		names = append(names, name)
		unix.Close(dir)
		dir = up
		buf := make([]byte, 2*pageSize)
		n, err := unix.Readlinkat(v.self, strconv.Itoa(dir), buf)
		if err == nil {
			for i := len(names) - 1; i >= 0; i-- {
				buf = append(append(buf[:n:n], '/'), names[i]...)
				n = len(buf)
			}
			return string(buf[:n]), 0
		}
		if err != unix.ENAMETOOLONG {
			return "", toErrno(err)
		}
	}
	return "", unix.ENAMETOOLONG
}
