package catbox

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/paths"
)

// tree is the run's tree of files as it is before the run, looked at from
// outside: a root filesystem, or the host's, with mounts. Paths in it are as
// the command sees them.
type tree struct {
	root   string // of the host; "/" is the host's own
	mounts []attached
	layers []string // upper trees of overlays that lie over the root, topmost first
}

// attached is what a mount shows: what the host has at source, or an empty directory for "".
type attached struct{ target, source string }

// host returns the path that the host has for a path without symbolic links;
// false if there is none, because the place is of the run's own.
func (t *tree) host(canonical string) (string, bool) {
	for i := len(t.mounts) - 1; i >= 0; i-- {
		m := t.mounts[i]
		if !paths.Under(canonical, m.target) {
			continue
		}
		return path.Join(m.source, strings.TrimPrefix(canonical, m.target)), m.source != ""
	}
	for _, upper := range t.layers {
		switch p, seen := inLayer(upper, canonical); seen {
		case layerHas:
			return p, true
		case layerHides:
			return "", false
		}
	}
	return path.Join(t.root, canonical), true
}

// bottom is the tree without the overlays over it.
func (t tree) bottom() *tree {
	t.layers = nil
	return &t
}

// What an overlay's upper tree says of a path.
const (
	layerSilent = iota // what is below is seen
	layerHas
	layerHides
)

// inLayer looks for a path in an overlay's upper tree (the kernel's overlayfs.rst
// says what whiteouts and opaque directories are).
func inLayer(upper, canonical string) (string, int) {
	at, below := upper, layerSilent
	for _, name := range strings.Split(strings.Trim(canonical, "/"), "/") {
		var st unix.Stat_t
		at = path.Join(at, name)
		if err := unix.Lstat(at, &st); err != nil {
			return "", below
		}
		if st.Mode&unix.S_IFMT == unix.S_IFCHR && st.Rdev == 0 {
			return "", layerHides
		}
		if standsIn(at) {
			return "", layerSilent
		}
		if isOpaque(at) {
			below = layerHides
		}
	}
	return at, layerHas
}

// hides tells whether an overlay's upper tree hides what lies below it at a path.
func hides(upper, canonical string) bool {
	at := upper
	for _, name := range strings.Split(strings.Trim(canonical, "/"), "/") {
		at = path.Join(at, name)
		var st unix.Stat_t
		if err := unix.Lstat(at, &st); err != nil {
			return false
		}
		if st.Mode&unix.S_IFMT != unix.S_IFDIR || isOpaque(at) {
			return true
		}
	}
	return false
}

func isOpaque(dir string) bool {
	var opaque [1]byte
	n, err := unix.Lgetxattr(dir, "user.overlay.opaque", opaque[:])
	return err == nil && n == 1 && opaque[0] == 'y'
}

// view returns the path at which the run has a file of the host; false if it does not see it.
func (t *tree) view(host string) (string, bool) {
	for i := len(t.mounts) - 1; i >= 0; i-- {
		if m := t.mounts[i]; m.source != "" && paths.Under(host, m.source) {
			return path.Join(m.target, strings.TrimPrefix(host, m.source)), true
		}
	}
	if !paths.Under(host, t.root) {
		return "", false
	}
	return path.Join("/", strings.TrimPrefix(host, t.root)), true
}

// lstat is lstat(2) for a path without symbolic links but at its end.
func (t *tree) lstat(canonical string) (fs.FileInfo, error) {
	if p, ok := t.host(canonical); ok {
		return os.Lstat(p)
	}
	for _, m := range t.mounts {
		if paths.Under(m.target, canonical) {
			return os.Lstat("/") // a directory, as the mount and the way to it are
		}
	}
	return nil, &fs.PathError{Op: "lstat", Path: canonical, Err: unix.ENOENT}
}

func (t *tree) readlink(canonical string) (string, error) {
	p, ok := t.host(canonical)
	if !ok {
		return "", &fs.PathError{Op: "readlink", Path: canonical, Err: unix.ENOENT}
	}
	return os.Readlink(p)
}

func (t *tree) isDir(canonical string) bool {
	st, err := t.lstat(canonical)
	return err == nil && st.IsDir()
}

// existingDir returns the nearest directory at or above path that exists.
func (t *tree) existingDir(canonical string) string {
	for canonical != "/" && !t.isDir(canonical) {
		canonical = path.Dir(canonical)
	}
	return canonical
}

// maxLinks is how many symbolic links the kernel follows (path_resolution(7)).
const maxLinks = 40

// canonical resolves the symbolic links of a path, of which the end need not exist.
func (t *tree) canonical(name string) (string, error) {
	at, rest, links := "/", name, 0
	for rest != "" {
		var component string
		component, rest, _ = strings.Cut(rest, "/")
		switch component {
		case "", ".":
			continue
		case "..":
			at = path.Dir(at)
			continue
		}
		next := path.Join(at, component)
		st, err := t.lstat(next)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return t.missing(path.Join(next, rest), rest)
		case err != nil:
			return "", err
		case st.Mode()&fs.ModeSymlink == 0:
			at = next
			continue
		}
		content, err := t.readlink(next)
		if err != nil {
			return "", err
		}
		if links++; links > maxLinks {
			return "", &fs.PathError{Op: "resolve", Path: name, Err: syscall.ELOOP}
		}
		if strings.HasPrefix(content, "/") {
			at = "/"
		}
		rest = content + "/" + rest
	}
	return at, nil
}

// missing is what a path leads to of which rest is below something that is not there.
func (t *tree) missing(cleaned, rest string) (string, error) {
	if strings.Contains(rest, "..") {
		return t.canonical(cleaned) // it came back to what may be there
	}
	return cleaned, nil
}

// find looks for a program as execvp(3) does: the first of that name in the
// directories that can be executed. A name with a slash is itself.
func (t *tree) find(name, search string) (string, error) {
	if strings.Contains(name, "/") {
		return name, nil
	}
	found := error(unix.ENOENT)
	for _, dir := range strings.Split(search, ":") {
		if !path.IsAbs(dir) {
			continue
		}
		canonical, err := t.canonical(path.Join(dir, name))
		if err != nil {
			continue
		}
		st, err := t.lstat(canonical)
		switch {
		case err != nil || !st.Mode().IsRegular():
		case st.Mode()&0o111 != 0:
			return path.Join(dir, name), nil
		default:
			found = unix.EACCES
		}
	}
	return "", &ExecError{Path: name, Err: found}
}
