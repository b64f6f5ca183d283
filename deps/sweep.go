package deps

import (
	"path/filepath"

	"github.com/catbox-go/catbox/packages"
	"github.com/catbox-go/catbox/record"
)

// sweep is an image that reads the files with the same ending in a directory which it
// listed: aclocal(1) reads every .m4 file there is to see which it needs, pkg-config
// --list-all every .pc file, ar(1) every plugin.
type sweep struct {
	image     *image
	dir, ends string
}

func sweepOf(i *image, path string) sweep {
	return sweep{i, filepath.Dir(path), filepath.Ext(path)}
}

// extent says how much of a directory was read.
type extent int

const (
	notSwept extent = iota
	// few: all that there are, but so few that each may have been needed. It does not
	// follow that they have to be declared.
	few
	// swept: so many that it is no use of the packages that have them.
	swept
)

func (a *analysis) extentOf(i *image, path string) extent {
	if !i.lists {
		return notSwept
	}
	return a.swept[sweepOf(i, path)]
}

const (
	sweepLeast = 4   // files
	sweepShare = 0.9 // of those there are; some may be read only once a process
)

func (a *analysis) findSweeps() {
	type listing struct {
		image *image
		dir   string
	}
	listed := map[listing]bool{}
	for _, x := range a.run.accesses {
		if x.class == record.ClassEnumerate {
			listed[listing{x.image, a.run.paths[x.path]}] = true
		}
	}
	read := map[sweep]map[int32]bool{}
	for _, x := range a.run.accesses {
		if !x.image.lists {
			continue
		}
		s := sweepOf(x.image, a.run.paths[x.path])
		if x.class != record.ClassRead && x.class != record.ClassSymlink || s.ends == "" || !listed[listing{s.image, s.dir}] {
			continue
		}
		if read[s] == nil {
			read[s] = map[int32]bool{}
		}
		read[s][x.path] = true
	}
	for s, files := range read {
		a.sweep(s, files, a.extent(s, files))
	}
}

// sweep notes the extent for the files, and for those that links among them lead to.
func (a *analysis) sweep(s sweep, files map[int32]bool, e extent) {
	if e == notSwept {
		return
	}
	a.swept[s] = e
	for f := range files {
		if target, ok := a.run.links[a.run.paths[f]]; ok {
			a.swept[sweepOf(s.image, target)] = e
		}
	}
}

func (a *analysis) extent(s sweep, files map[int32]bool) extent {
	read, all := len(files), a.inDirectory(s)
	switch {
	case !a.several(files):
	case read >= sweepLeast && float64(read) >= sweepShare*float64(all):
		return swept
	case read >= all:
		return few
	}
	return notSwept
}

// several tells that the files are of more than one package.
func (a *analysis) several(files map[int32]bool) bool {
	var first *packages.Package
	for f := range files {
		for _, p := range a.owner(f) {
			if first != nil && p != first {
				return true
			}
			first = p
		}
	}
	return false
}

// inDirectory counts the files of packages that a sweep would read.
func (a *analysis) inDirectory(s sweep) int {
	n := 0
	for _, path := range a.DB.Children(s.dir) {
		if filepath.Ext(path) == s.ends {
			n++
		}
	}
	return n
}
