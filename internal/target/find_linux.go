package target

import (
	"os"
	"path"

	"golang.org/x/sys/unix"
)

// Found is what a lookup leads to, for whoever wants to know all that it depends on.
type Found struct {
	// Canonical is the path without symbolic links as the run's root shows it, of
	// what is not there too. For what has no path (a pipe) it does not start with "/".
	Canonical string
	// Errno is 0 if there is a file, and otherwise what the kernel says.
	Errno unix.Errno
	// Orphan tells that the directory that it would be in is not there either.
	Orphan bool
	// Mode is the file's type and mode, 0 if there is none.
	Mode uint32
	// Links are the symbolic links on the way, in their order.
	Links []Hop
}

// IsDir tells that there is a directory.
func (f Found) IsDir() bool { return f.Mode&unix.S_IFMT == unix.S_IFDIR }

// Lasts tells that only a change in the directories of Canonical and of Links makes it
// another.
func (f Found) Lasts() bool { return f.Errno == 0 || f.Errno == unix.ENOENT && !f.Orphan }

// Hop is a symbolic link: where it is and what it holds.
type Hop struct{ Path, Content string }

// Base is the text of the directory that a relative path starts from, with a
// slash at the end; false: it has none.
func (v *View) Base(t Thread, dir int32) (string, bool) { return v.textOf(Lookup{Thread: t, Dir: dir}) }

// Find finds out where a lookup leads, whose path starts from base (of Base) if it is
// relative. An Entry is looked up as a name whose symbolic link is not followed. Thread may be 0, for one that
// has gone on: what /proc/self is to it is not looked up.
func (v *View) Find(l Lookup, base string) Found {
	if l.Entry {
		l.Follow, l.Entry = false, false
	}
	if l.Path == "" {
		return v.findEmpty(l)
	}
	text := undotted(l.Path)
	full := text
	if full[0] != '/' {
		full = base + full
		if l.Thread == 0 {
			l.Path = base + l.Path
		}
	} else if v.chrooted.Load() {
		full = v.rootPath(l.Thread) + full
	}
	if plain(text) {
		if f, ok := v.findPlain(full, l.Follow); ok {
			return f
		}
	}
	return v.findWalking(l)
}

// findPlain is Find for a text that is canonical if no symbolic link is met.
func (v *View) findPlain(full string, follow bool) (Found, bool) {
	fd, errno := openPath(v.root, relative(full), follow)
	switch errno {
	case 0:
		defer unix.Close(fd)
		return Found{Canonical: full, Mode: modeOf(fd)}, true
	case unix.ENOENT: // without a symbolic link before the first missing name
		orphan := unix.Faccessat(v.root, relative(path.Dir(full)), unix.F_OK, 0) != nil
		return Found{Canonical: full, Errno: errno, Orphan: orphan}, true
	}
	return Found{}, false
}

func modeOf(fd int) uint32 {
	var st unix.Stat_t
	if unix.Fstat(fd, &st) != nil {
		return 0
	}
	return st.Mode
}

func (v *View) findEmpty(l Lookup) Found {
	if !l.Empty {
		return Found{Errno: unix.ENOENT}
	}
	fd, errno := v.openLink(l.Thread, l.Dir)
	if errno != 0 {
		return Found{Errno: errno}
	}
	defer unix.Close(fd)
	canonical, errno := v.pathOf(fd)
	return Found{Canonical: canonical, Errno: errno, Mode: modeOf(fd)}
}

// findWalking goes component by component and keeps the links that it meets.
func (v *View) findWalking(l Lookup) Found {
	var f Found
	l.Links, l.Lost = &f.Links, &f.Canonical
	l.Pin = true // or the text alone would do, without its links
	p, errno := v.Resolve(l)
	defer p.Close()
	switch {
	case errno == unix.ESRCH && l.Thread == 0: // /proc/self
	case errno != 0:
		f.Errno, f.Orphan = errno, errno == unix.ENOENT
	case !p.Exists:
		f.Errno, f.Canonical = unix.ENOENT, p.Canonical
	default:
		f.Canonical = p.Canonical
		if p.File >= 0 {
			f.Mode = modeOf(p.File)
		}
		if p.Slash && !f.IsDir() {
			f.Errno = unix.ENOTDIR
		}
	}
	return f
}

// OpenFile opens a file at a canonical path of the run's root to be read.
func (v *View) OpenFile(canonical string) (int, unix.Errno) {
	how := unix.OpenHow{Flags: unix.O_RDONLY | unix.O_NONBLOCK | unix.O_NOCTTY | unix.O_CLOEXEC, Resolve: inRoot}
	fd, err := unix.Openat2(v.root, relative(canonical), &how)
	return fd, toErrnoOrNil(err)
}

// Reaches tells whether a directory of the run's root can be entered by its path, which is
// canonical and ends with a slash.
func (v *View) Reaches(dir string) bool { return v.look(dir, true) == 0 }

// Stat is stat(2) of a canonical path of the run's root.
func (v *View) Stat(canonical string, st *unix.Stat_t) unix.Errno {
	return toErrnoOrNil(unix.Fstatat(v.root, relative(canonical), st, unix.AT_SYMLINK_NOFOLLOW))
}

// Access tells whether the caller may do what mode says (access(2)) with a canonical
// path of the run's root.
func (v *View) Access(canonical string, mode uint32) unix.Errno {
	return toErrnoOrNil(unix.Faccessat(v.root, relative(canonical), mode, unix.AT_EACCESS|unix.AT_SYMLINK_NOFOLLOW))
}

// IsEmpty tells whether nothing is in the directory, if that can be told.
func (v *View) IsEmpty(canonical string) bool {
	fd, errno := v.OpenFile(canonical)
	if errno != 0 {
		return true
	}
	f := os.NewFile(uintptr(fd), canonical)
	defer f.Close()
	names, _ := f.Readdirnames(1)
	return len(names) == 0
}
