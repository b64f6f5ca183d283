package unpack

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"
)

// place is an open directory of the tree. path has no symbolic links in it.
type place struct {
	path string
	root *os.Root
	file *os.File // opened when a system call wants a descriptor
}

// fd is the directory's descriptor, for the calls that os.Root lacks.
func (p *place) fd() (int, error) {
	if p.file == nil {
		f, err := p.root.Open(".")
		if err != nil {
			return -1, err
		}
		p.file = f
	}
	return int(p.file.Fd()), nil
}

func (p *place) close() {
	if p.file != nil {
		p.file.Close()
	}
	p.root.Close()
}

// chain are the open directories from the tree's root down to where the last
// entry was. Archives are in the order of the tree, so that the next entry is
// mostly in the last one, and costs no walk.
type chain []*place

func (c *chain) pop(to int) {
	for len(*c) > to {
		last := len(*c) - 1
		(*c)[last].close()
		*c = (*c)[:last]
	}
}

// popTo leaves the directories that are dir or above it.
func (c *chain) popTo(dir string) {
	for len(*c) > 1 && !within(dir, (*c).last().path) {
		c.pop(len(*c) - 1)
	}
}

func (c chain) last() *place { return c[len(c)-1] }

// within says whether p is dir or below it.
func within(p, dir string) bool {
	return dir == "." || p == dir || strings.HasPrefix(p, dir) && p[len(dir)] == '/'
}

// maxLinks is how many symbolic links the kernel follows (path_resolution(7)).
const maxLinks = 40

// enter opens the directory dir, and makes what is missing of it. A symbolic
// link in the path is followed as the command of the image would, in a root of
// its own.
func (a *adding) enter(dir string) (*place, error) {
	for range maxLinks {
		elsewhere, err := a.walk(dir)
		if err != nil {
			return nil, err
		}
		if elsewhere == "" {
			return a.at.last(), nil
		}
		dir = elsewhere
	}
	return nil, fmt.Errorf("%q: more than %d symbolic links on the way", dir, maxLinks)
}

// walk goes to dir. At a symbolic link it stops and returns the path, without
// that link, that dir stands for.
func (a *adding) walk(dir string) (string, error) {
	a.at.popTo(dir)
	at := a.at.last().path
	if at == dir {
		return "", nil
	}
	rest := dir
	if at != "." {
		rest = dir[len(at)+1:]
	}
	for rest != "" {
		part, after, _ := strings.Cut(rest, "/")
		elsewhere, err := a.step(part, after)
		if err != nil || elsewhere != "" {
			return elsewhere, err
		}
		rest = after
	}
	return "", nil
}

func (a *adding) step(part, after string) (string, error) {
	here := a.at.last()
	p := join(here.path, part)
	fi, err := here.root.Lstat(part)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", a.makeParent(here, part)
	case err != nil:
		return "", err
	case fi.IsDir():
		return "", a.push(here, part)
	case fi.Mode()&fs.ModeSymlink == 0:
		return "", fmt.Errorf("%q is not a directory, but the archive has an entry below it", p)
	case a.ReplaceLinks && !a.touched[p]:
		if err := a.remove(here, part); err != nil {
			return "", err
		}
		return "", a.makeParent(here, part)
	}
	return a.follow(here, part, after)
}

func (a *adding) push(here *place, part string) error {
	root, err := here.root.OpenRoot(part)
	if err != nil {
		return err
	}
	a.at = append(a.at, &place{path: join(here.path, part), root: root})
	return nil
}

func (a *adding) makeParent(here *place, part string) error {
	if err := here.root.Mkdir(part, 0o700); err != nil {
		return err
	}
	a.implicit(join(here.path, part), here.root)
	return a.push(here, part)
}

// follow is where the path goes on through the link part. A link out of the
// image, made and gone through by one archive, is an attack: no program packs
// that. An absolute link of a lower layer is an image's own (/var/run -> /run).
func (a *adding) follow(here *place, part, after string) (string, error) {
	p := join(here.path, part)
	target, err := here.root.Readlink(part)
	if err != nil {
		return "", err
	}
	to := target
	if strings.HasPrefix(target, "/") {
		if a.touched[p] {
			return "", fmt.Errorf("%q is a symbolic link to %q, and the archive has an entry through it: it leads out of the image", p, target)
		}
		to = "." + target
	} else {
		to = path.Join(here.path, target)
	}
	to = path.Clean(to)
	if to == ".." || strings.HasPrefix(to, "../") {
		return "", fmt.Errorf("%q is a symbolic link to %q, and the archive has an entry through it: it leads out of the image", p, target)
	}
	if to == "." && after == "" {
		a.at.pop(1)
		return "", nil
	}
	return path.Join(to, after), nil
}
