package deps

import (
	"path/filepath"

	"github.com/catbox-go/catbox/packages"
	"github.com/catbox-go/catbox/record"
)

// sweep is an image that reads all files with the same ending in a directory which it listed:
// aclocal(1) reads every .m4 file there is to see which it needs, pkg-config --list-all every .pc
// file. That is no use of the packages that have them.
type sweep struct {
	image     *image
	dir, ends string
}

const (
	sweepLeast = 4   // files; fewer may all be needed
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
		path := a.run.paths[x.path]
		if x.class != record.ClassRead || !listed[listing{x.image, filepath.Dir(path)}] {
			continue
		}
		s := sweep{x.image, filepath.Dir(path), filepath.Ext(path)}
		if read[s] == nil {
			read[s] = map[int32]bool{}
		}
		read[s][x.path] = true
	}
	a.swept = map[sweep]bool{}
	for s, files := range read {
		a.swept[s] = s.ends != "" && len(files) >= sweepLeast && a.several(files) && float64(len(files)) >= sweepShare*float64(a.inDirectory(s))
	}
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
