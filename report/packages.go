package report

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Sure is how sure it is that a package was needed.
type Sure uint8

const (
	// ContentRead: a file of it that is no shared library was opened for reading.
	ContentRead Sure = iota
	// Executed: a program of it was executed.
	Executed
	// Loaded: only shared libraries of it were read, as ld.so(8) does.
	Loaded
	// Probed: it was only looked at.
	Probed
	// Listed: directories of it were listed, or links of it followed.
	Listed
)

// SureNames are the words for Sure, as catbox deps has them.
var SureNames = []string{"read", "executed", "loaded", "probed", "listed"}

func (s Sure) String() string { return SureNames[s] }

// Package is a package that owns inputs of the run.
type Package struct {
	Name  string
	Sure  Sure
	Files int // inputs that it owns
	Count int // accesses to them
	// Users is the number of processes that used one.
	Users int
	// Why is the file that is the reason for Sure, By the image that used it first.
	Why   PathID
	By    int
	first time.Duration
}

// packages finds the owners of the inputs. Directories belong to many packages,
// and say nothing of one.
func (r *Run) packages(owners Owners) {
	if owners == nil {
		return
	}
	r.OwnersKnown = true
	byName := map[string]int{}
	var all []*Package
	users := map[[2]int]bool{}
	for id := range r.Files {
		f := &r.Files[id]
		if f.Role&Input == 0 || f.Dir {
			continue
		}
		name := owners.Owner(r.Paths.Path(PathID(id)))
		if name == "" {
			continue
		}
		n, known := byName[name]
		if !known {
			n = len(all)
			byName[name] = n
			all = append(all, &Package{Name: name, Sure: Listed + 1})
		}
		f.Owner = n
		r.credit(all[n], n, PathID(id), users)
	}
	r.sortPackages(all)
}

// credit counts the uses of a file for its package.
func (r *Run) credit(p *Package, number int, path PathID, users map[[2]int]bool) {
	p.Files++
	for _, i := range r.Of(path) {
		a := &r.Accesses[i]
		if !a.Class.uses() || a.Made || a.Errno != 0 && a.Class != Probe {
			continue
		}
		p.Count += a.Count
		process := r.Images[a.Image].Process
		if key := [2]int{number, process}; !users[key] {
			users[key] = true
			p.Users++
		}
		sure := sureOf(a.Class, r.Paths.Path(path))
		if sure < p.Sure || sure == p.Sure && a.First < p.first {
			p.Sure, p.Why, p.By, p.first = sure, path, int(a.Image), a.First
		}
	}
}

func sureOf(c Class, path string) Sure {
	switch c {
	case Read:
		if sharedLibrary(path) {
			return Loaded
		}
		return ContentRead
	case Execute:
		if sharedLibrary(path) { // the dynamic loader itself
			return Loaded
		}
		return Executed
	case Probe:
		return Probed
	}
	return Listed
}

// sharedLibrary tells that a name is one of a shared library: libc.so.6, ld-linux-x86-64.so.2.
func sharedLibrary(path string) bool {
	name := base(path)
	before, version, found := strings.Cut(name, ".so")
	return found && before != "" && (version == "" || strings.Trim(version, ".0123456789") == "")
}

// sortPackages puts the packages in order, and the files' owners with them.
func (r *Run) sortPackages(all []*Package) {
	order := make([]int, len(all))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(all[a].Sure, all[b].Sure), cmp.Compare(all[a].Name, all[b].Name))
	})
	place := make([]int, len(all))
	for to, from := range order {
		place[from] = to
		r.Packages = append(r.Packages, *all[from])
	}
	for i := range r.Files {
		if f := &r.Files[i]; f.Owner >= 0 {
			f.Owner = place[f.Owner]
		}
	}
}
