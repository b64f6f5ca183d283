package overlay

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/record"
)

// layer is one of the trees that lie above each other.
type layer struct {
	*tree
	plain bool                // the root itself: nothing in it is a mark
	split map[string][]string // directories that hold all names, see SetSplit
	notes notes
	// opened are directories that were opened to their owner, see [layer.openHere].
	opened []string
}

func (l *layer) close() error { return errors.Join(l.closeAgain(), l.tree.close()) }

// place is a directory of a layer.
type place struct {
	*layer
	dir  *os.File // O_PATH
	path string   // from the root: "/", "/usr"
}

// node is what a layer has under a name.
type node struct {
	place
	name   string
	stat   *Stat // nil if there is nothing
	gone   bool  // a whiteout: what is below has no such name
	opaque bool  // a directory, of which nothing below is seen
	silent bool  // there only for a mount: what is below is seen, see [StandIn]
}

// StandIn is the attribute of an empty file of an overlay that is there for
// something to be mounted on: it is no change of what lies below.
const StandIn = "user.overlay.catbox.standin"

// stack are the directories that are seen as one, topmost first.
type stack []place

func (s stack) close() {
	for _, p := range s {
		p.dir.Close()
	}
}

func join(dir, name string) string {
	if dir == "/" {
		return "/" + name
	}
	return dir + "/" + name
}

// look finds a name in one layer.
func (p place) look(name string) (node, error) {
	n := node{place: p, name: name}
	st, err := p.stat(name)
	if errors.Is(err, fs.ErrNotExist) {
		n.gone = slices.Contains(p.split[p.path], name)
		return n, nil
	}
	if p.plain && errors.Is(err, fs.ErrPermission) {
		return n, nil // what cannot be seen of the root is as if it were not there
	}
	if err != nil {
		return n, p.wrap(join(p.path, name), err)
	}
	n.stat = st
	if !p.plain {
		err = n.readMarks()
	}
	if n.silent {
		return n, err
	}
	p.shown(st)
	return n, err
}

// stat is the status of a name. A directory's attributes cannot be read as long as
// it is closed.
func (p place) stat(name string) (*Stat, error) {
	st, err := statAt(int(p.dir.Fd()), name)
	if err != nil || p.plain || !st.isClosed() {
		return st, err
	}
	dir, err := p.openHere(p.dir, name, join(p.path, name))
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	return statAt(int(p.dir.Fd()), name)
}

// shown makes a status that of which the command was told.
func (l *layer) shown(st *Stat) {
	if !l.plain {
		st.unlend()
	}
	dropBookkeeping(st.Xattrs)
	l.notes.apply(st)
}

// open opens the directory that the node is.
func (n node) open() (place, error) {
	path := join(n.path, n.name)
	dir, err := openDir(n.dir, n.name)
	return place{layer: n.layer, dir: dir, path: path}, n.wrap(path, err)
}

func openDir(parent *os.File, name string) (*os.File, error) {
	fd, err := unix.Openat(int(parent.Fd()), name, unix.O_PATH|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), name), nil
}

// names are those in the directory, sorted.
func (p place) names() ([]string, error) {
	fd, err := unix.Openat(int(p.dir.Fd()), ".", unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if p.plain && err == unix.EACCES {
		return nil, nil // see look
	}
	if err != nil {
		return nil, p.wrap(p.path, &fs.PathError{Op: "open", Path: p.path, Err: err})
	}
	f := os.NewFile(uintptr(fd), p.path)
	defer f.Close()
	names, err := f.Readdirnames(-1)
	slices.Sort(names)
	return names, err
}

// child finds a name in what is seen of the stack, and the directories that are
// seen as one if it is a directory. They are the caller's to close.
func (s stack) child(name string) (seen node, sub stack, err error) {
	for _, p := range s {
		n, err := p.look(name)
		if err != nil || n.gone {
			return seen, sub, err
		}
		if n.stat == nil {
			continue
		}
		if !n.stat.IsDir() {
			if seen.stat == nil {
				seen = n
			}
			return seen, sub, nil
		}
		d, err := n.open()
		if err != nil {
			return seen, sub, err
		}
		sub = append(sub, d)
		if seen.stat == nil {
			seen = n
		}
		if n.opaque {
			return seen, sub, nil
		}
	}
	return seen, sub, nil
}

// names are those that are seen of the stack, sorted.
func (s stack) names() ([]string, error) {
	var all []string
	for _, p := range s {
		names, err := p.names()
		if err != nil {
			return nil, err
		}
		all = append(all, names...)
	}
	slices.Sort(all)
	return slices.Compact(all), nil
}

// readMarks finds what overlayfs wrote: the meaning of "opaque" and "whiteout"
// is that of its documentation; "trusted." is what it uses without userxattr. What is
// in a divided directory is no overlayfs' work: a command can set any mark there.
func (n *node) readMarks() error {
	if _, standIn := n.stat.Xattrs[StandIn]; standIn && n.stat.isRegular() && n.stat.Size == 0 {
		n.silent, n.stat = true, nil
		return nil
	}
	if _, divided := n.split[n.path]; divided {
		return nil
	}
	// With userxattr there is neither, so that such an attribute of "user." says nothing.
	for _, unsupported := range []string{"redirect", "metacopy"} {
		if name := "trusted.overlay." + unsupported; n.stat.Xattrs[name] != nil {
			return fmt.Errorf("%s: it has the attribute %s, of an overlay mounted with %s; mount with the option userxattr, which does without",
				record.Quote(n.where(join(n.path, n.name))), name, optionOf[unsupported])
		}
	}
	for _, prefix := range bookkeeping {
		n.opaque = n.opaque || n.stat.IsDir() && string(n.stat.Xattrs[prefix+"opaque"]) == "y"
		_, white := n.stat.Xattrs[prefix+"whiteout"]
		n.gone = n.gone || white && n.stat.isRegular() && n.stat.Size == 0
	}
	n.gone = n.gone || n.stat.kind() == unix.S_IFCHR && n.stat.Rdev == 0
	if n.gone {
		n.stat = nil
	}
	return nil
}

var optionOf = map[string]string{"redirect": "redirect_dir=on", "metacopy": "metacopy=on"}

// bookkeeping are the prefixes of the attributes that are overlayfs' own.
var bookkeeping = []string{"user.overlay.", "trusted.overlay."}

// dropBookkeeping leaves the attributes that are the file's. The label of
// SELinux is given by where a file lies, and is not copied (restorecon(8)).
func dropBookkeeping(xattrs map[string][]byte) {
	for name := range xattrs {
		if name == "security.selinux" || slices.ContainsFunc(bookkeeping, func(p string) bool { return strings.HasPrefix(name, p) }) {
			delete(xattrs, name)
		}
	}
}
