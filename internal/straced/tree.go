package straced

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"syscall"
)

type kind uint8

const (
	none kind = iota
	file
	directory
	link
)

// node is what a name stands for; to is what a symbolic link holds.
type node struct {
	kind kind
	to   string
}

// Tree is a model of the files as a run changes them: of one directory as it was
// before the run, and of everything else as it is.
type Tree struct {
	top   string
	nodes map[string]node
}

// NewTree reads the directory top, which must be canonical.
func NewTree(top string) (*Tree, error) {
	t := &Tree{top: top, nodes: map[string]node{}}
	err := filepath.WalkDir(top, func(name string, _ fs.DirEntry, err error) error {
		if err == nil {
			t.nodes[name] = look(name)
		}
		return err
	})
	return t, err
}

func look(name string) node {
	st, err := os.Lstat(name)
	switch {
	case err != nil:
		return node{}
	case st.IsDir():
		return node{kind: directory}
	case st.Mode()&fs.ModeSymlink != 0:
		to, _ := os.Readlink(name)
		return node{link, to}
	}
	return node{kind: file}
}

func (t *Tree) at(name string) node {
	n, ok := t.nodes[name]
	if ok || name == t.top || strings.HasPrefix(name, t.top+"/") {
		return n
	}
	n = look(name)
	t.nodes[name] = n
	return n
}

// found is where a path leads: the path is canonical, of what is not there too.
type found struct {
	path   string
	kind   kind
	errno  syscall.Errno
	orphan bool // the directory is not there either
	hops   []hop
}

type hop struct{ path, to string }

// maxLinks is the kernel's MAXSYMLINKS.
const maxLinks = 40

// walk is a path on the way.
type walk struct {
	t     *Tree
	cur   string
	rest  []string
	hops  []hop
	slash bool // the path ended with one
}

// resolve looks up a path that starts from a directory.
func (t *Tree) resolve(dir, name string, follow bool) found {
	w := &walk{t: t, cur: dir}
	if name == "" {
		return found{path: dir, errno: syscall.ENOENT}
	}
	w.push(name)
	for len(w.rest) > 0 {
		if errno := w.step(follow); errno != 0 {
			return found{path: w.lost(), errno: errno, orphan: len(w.rest) > 1, hops: w.hops}
		}
	}
	return found{path: w.cur, kind: t.at(w.cur).kind, hops: w.hops}
}

// lost is where the walk ended, up to where the text would go up again.
func (w *walk) lost() string {
	at := w.cur
	for _, name := range w.rest {
		if name == ".." {
			break
		}
		at = path.Join(at, name)
	}
	return at
}

func (w *walk) push(name string) {
	if name[0] == '/' {
		w.cur = "/"
	}
	if len(w.rest) == 0 {
		w.slash = w.slash || strings.HasSuffix(name, "/")
	}
	w.rest = append(strings.FieldsFunc(name, func(r rune) bool { return r == '/' }), w.rest...)
}

// step goes one name on. If it cannot, the name is still the first of the rest.
func (w *walk) step(follow bool) syscall.Errno {
	if w.t.at(w.cur).kind != directory {
		return syscall.ENOTDIR
	}
	name := w.rest[0]
	next, last := path.Join(w.cur, name), len(w.rest) == 1
	n := w.t.at(next)
	switch {
	case n.kind == none:
		return syscall.ENOENT
	case n.kind == link && (!last || follow || w.slash):
		if len(w.hops) == maxLinks {
			return syscall.ELOOP
		}
		w.hops = append(w.hops, hop{next, n.to})
		w.rest = w.rest[1:]
		w.push(n.to)
		return 0
	case n.kind != directory && last && w.slash:
		return syscall.ENOTDIR
	}
	w.cur, w.rest = next, w.rest[1:]
	return 0
}

// set makes a name stand for something else, or for nothing.
func (t *Tree) set(name string, n node) { t.nodes[name] = n }

// move renames, with all that is below a directory.
func (t *Tree) move(from, to string) {
	moved := map[string]node{to: t.at(from)}
	for name, n := range t.nodes {
		if rest, ok := strings.CutPrefix(name, from+"/"); ok {
			moved[to+"/"+rest] = n
			t.nodes[name] = node{}
		}
	}
	t.nodes[from] = node{}
	for name, n := range moved {
		t.nodes[name] = n
	}
}
