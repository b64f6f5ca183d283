package packages

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// directories knows which of the directories that packages list are, or lie
// below, symbolic links on the disk: /bin, where /usr is merged.
type directories struct {
	root string
	all  func() map[string][]string // the listed names of a canonical directory, other than its own

	mu       sync.Mutex
	resolved map[string]string // canonical, by name
}

func newDirectories(root string, all []*Package) *directories {
	d := &directories{root: root, resolved: map[string]string{"/": "/"}}
	d.all = sync.OnceValue(func() map[string][]string { return d.aliases(all) })
	return d
}

func (d *directories) aliases(all []*Package) map[string][]string {
	known := map[string]bool{}
	aliases := map[string][]string{}
	for _, p := range all {
		last := ""
		for _, path := range p.paths {
			dir := parent(path)
			if dir == last || known[dir] {
				continue
			}
			last, known[dir] = dir, true
			if canonical := d.resolve(dir); canonical != dir {
				aliases[canonical] = append(aliases[canonical], dir)
			}
		}
	}
	return aliases
}

// names returns the path and the other names that it may be listed under.
func (d *directories) names(path string) []string {
	aliases := d.all()
	names := []string{path}
	add := func(dir, base string) {
		if name := join(dir, base); name != path {
			names = append(names, name)
		}
	}
	dir, base := parent(path), path[strings.LastIndexByte(path, '/')+1:]
	canonical := d.resolve(dir)
	add(canonical, base)
	for _, alias := range aliases[canonical] {
		add(alias, base)
	}
	for _, alias := range aliases[join(canonical, base)] {
		add(alias, "")
	}
	return names
}

func join(dir, base string) string {
	switch {
	case base == "":
		return dir
	case dir == "/":
		return "/" + base
	}
	return dir + "/" + base
}

// resolve returns the directory without symbolic links. What is not there keeps its name.
func (d *directories) resolve(dir string) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.resolveLocked(dir, 40)
}

func (d *directories) resolveLocked(dir string, links int) string {
	if canonical, ok := d.resolved[dir]; ok {
		return canonical
	}
	canonical := join(d.resolveLocked(parent(dir), links), filepath.Base(dir))
	if target, ok := d.readlink(canonical); ok && links > 0 {
		canonical = d.resolveLocked(target, links-1)
	}
	d.resolved[dir] = canonical
	return canonical
}

// readlink returns what the link at a path, whose directory is canonical, leads to in the root.
func (d *directories) readlink(path string) (string, bool) {
	st, err := os.Lstat(d.root + path)
	if err != nil || st.Mode()&os.ModeSymlink == 0 {
		return "", false
	}
	target, err := os.Readlink(d.root + path)
	if err != nil || target == "" {
		return "", false
	}
	if !strings.HasPrefix(target, "/") {
		target = parent(path) + "/" + target
	}
	return filepath.Clean(target), true
}

// link follows the last component of the path once.
func (d *directories) link(path string) (string, bool) {
	return d.readlink(join(d.resolve(parent(path)), filepath.Base(path)))
}
