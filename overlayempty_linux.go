package catbox

import (
	"io"
	"os"
	"path"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/namespace"
	"github.com/catbox-go/catbox/internal/paths"
)

// isEmpty tells whether there is nothing in a directory, in any layer below.
func (l *layering) isEmpty(dir string) bool {
	host, _ := l.tree.host(dir)
	if l.isSaved(dir) {
		return false
	}
	f, err := os.Open(host)
	if err != nil {
		return false
	}
	defer f.Close()
	_, err = f.Readdirnames(1)
	return err == io.EOF && dir != "/"
}

// isSaved tells whether a saved overlay has the directory.
func (l *layering) isSaved(dir string) bool {
	return slices.ContainsFunc(l.lower, func(saved string) bool { return isDirectory(path.Join(saved, dir)) })
}

// isClosed tells of a directory of the host's root that nobody in the run gets at what is in
// it, as in /root. Of another owner, whose id the user namespace may have, its root may.
func (l *layering) isClosed(dir string) bool {
	host, _ := l.tree.host(dir)
	var st unix.Stat_t
	return os.Geteuid() != 0 && !l.isSaved(dir) && unix.Lstat(host, &st) == nil && st.Uid == 0 &&
		!allowed(host, unix.R_OK) && !allowed(host, unix.X_OK)
}

// allowed tells whether the caller may do that with a file, see access(2).
func allowed(name string, mode uint32) bool {
	return unix.Faccessat(unix.AT_FDCWD, name, mode, unix.AT_EACCESS) == nil
}

// seenEmpty has the run see the upper directory alone. It is a mount point, lest the command
// removes what it does not see.
func (l *layering) seenEmpty(dir string) error {
	l.plan.Layers = append(l.plan.Layers, namespace.Layer{Path: dir, Mounted: path.Join(l.upper, dir)})
	return l.place(dir)
}

// holdsSaved tells whether a saved overlay that has something for the directory lies in
// it itself: the kernel takes no layer that is in another one (ELOOP).
func (l *layering) holdsSaved(dir string) bool {
	host, _ := l.tree.host(dir)
	return slices.ContainsFunc(l.lower, func(saved string) bool {
		entries, err := os.ReadDir(path.Join(saved, dir))
		return err == nil && len(entries) > 0 && paths.Under(saved, host)
	})
}
