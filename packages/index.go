package packages

import (
	"slices"
	"strings"
)

// index finds packages by the paths in their lists. Most paths are of one
// package; what more than one has (directories, mostly) is in shared.
type index struct {
	one    map[string]*Package
	shared map[string][]*Package
}

func newIndex(all []*Package) index {
	n := 0
	for _, p := range all {
		n += len(p.paths)
	}
	x := index{make(map[string]*Package, n), map[string][]*Package{}}
	for _, p := range all {
		for _, path := range p.paths {
			x.add(path, p)
		}
	}
	return x
}

func (x index) add(path string, p *Package) {
	first, known := x.one[path]
	switch {
	case !known:
		x.one[path] = p
	case x.shared[path] != nil:
		x.shared[path] = append(x.shared[path], p)
	case first != p:
		x.shared[path] = []*Package{first, p}
	}
}

func (x index) find(path string) []*Package {
	if many := x.shared[path]; many != nil {
		return many
	}
	if p := x.one[path]; p != nil {
		return []*Package{p}
	}
	return nil
}

// Owner returns the packages to which the file or directory belongs, by name. The path
// is absolute, as the root directory shows it, canonical or with symbolic
// links. What no package has, but is a symbolic link, belongs to whom the file belongs
// to which it leads. Most files belong to one package, many directories to several.
func (db *DB) Owner(path string) []*Package {
	return db.owner(path, 40) // as many links as the kernel follows: path_resolution(7)
}

func (db *DB) owner(path string, links int) []*Package {
	if found := db.listed(path); found != nil || links == 0 {
		return found
	}
	if target, ok := db.directories.link(path); ok {
		return db.owner(target, links-1)
	}
	if a, ok := db.alternatives[path]; ok && a.best != "" && a.best != path {
		return db.owner(a.best, links-1)
	}
	return nil
}

// listed looks for each name of the path in the lists.
func (db *DB) listed(path string) []*Package {
	var found []*Package
	for _, name := range db.directories.names(path) {
		for _, p := range db.files.find(name) {
			if !slices.Contains(found, p) {
				found = append(found, p)
			}
		}
	}
	slices.SortFunc(found, compare)
	return found
}

// Children returns the paths of all packages that lie directly in the directory, by
// their listed names.
func (db *DB) Children(dir string) []string {
	var found []string
	for _, name := range db.directories.names(dir) {
		found = append(found, db.children()[name]...)
	}
	slices.Sort(found)
	return slices.Compact(found)
}

func children(all []*Package) map[string][]string {
	in := map[string][]string{}
	for _, p := range all {
		for _, path := range p.paths {
			dir := parent(path)
			in[dir] = append(in[dir], path)
		}
	}
	return in
}

// parent is the directory of an absolute path without "." and "..".
func parent(path string) string {
	i := strings.LastIndexByte(path, '/')
	if i <= 0 {
		return "/"
	}
	return path[:i]
}
