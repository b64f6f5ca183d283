package target

import (
	"strings"

	"golang.org/x/sys/unix"
)

// quick resolves a path by its text, which is canonical as it is written if
// openat2 meets no symbolic link on it: the usual case, at a third of the cost.
// false: it is not the usual case. Nothing is pinned, so what it says is for
// explaining only.
func (v *View) quick(l Lookup) (Place, bool) {
	p := Place{Dir: -1, File: -1}
	if l.Pin || l.Resolve != 0 {
		return p, false
	}
	full := undotted(l.Path)
	if !plain(full) {
		return p, false
	}
	if full[0] == '/' {
		full = v.rootPath(l.Thread) + full
	} else {
		base, ok := v.textOf(l)
		if !ok {
			return p, false
		}
		full = base + full
	}
	slash := strings.LastIndexByte(full, '/')
	p.Canonical, p.Name = full, full[slash+1:]
	if !l.Entry {
		errno := v.look(full, l.Follow)
		if errno != unix.ENOENT {
			p.Exists = errno == 0
			return p, errno == 0
		}
	}
	return p, v.look(full[:slash+1], true) == 0 // with its slash: what is above has to be a directory
}

// look tells whether a path of the root leads to something without a symbolic link.
func (v *View) look(full string, follow bool) unix.Errno {
	fd, errno := openPath(v.root, relative(full), follow)
	if errno == 0 {
		unix.Close(fd)
	}
	return errno
}

// textOf returns the path of the directory that a relative path starts from,
// with a slash at the end.
func (v *View) textOf(l Lookup) (string, bool) {
	var buf [512]byte
	n, err := unix.Readlinkat(v.proc, linkOf(l.Thread, l.Dir), buf[:])
	if err != nil || n == len(buf) || n == 0 || buf[0] != '/' {
		return "", false
	}
	if n > 1 {
		buf[n] = '/'
		n++
	}
	return string(buf[:n]), true
}

// undotted takes out each "." that is a directory on the way: it leads nowhere else.
func undotted(path string) string {
	for strings.HasPrefix(path, "./") && len(path) > 2 && path[2] != '/' { // or it would be the root's
		path = path[2:]
	}
	for {
		i := strings.Index(path, "/./")
		if i < 0 || i+3 == len(path) {
			return path
		}
		path = path[:i] + path[i+2:]
	}
}

// plain tells whether a path has nothing that text alone cannot resolve: no
// empty component, no "." and no "..", no slash at the end.
func plain(path string) bool {
	start := 0
	if path[0] == '/' {
		start = 1
	}
	for i := start; i <= len(path); i++ {
		if i < len(path) && path[i] != '/' {
			continue
		}
		switch path[start:i] {
		case "", ".", "..":
			return false
		}
		start = i + 1
	}
	return true
}
