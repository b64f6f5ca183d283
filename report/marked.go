package report

import (
	"cmp"
	"slices"
	"time"
)

// Marked is a file that makes a build depend on when and where it ran, and that the run read.
type Marked struct {
	Mark  Mark
	Path  PathID
	Count int
	// Users is the number of processes that read it, By the image that did first.
	Users int
	By    int
	first time.Duration
}

// Tells says whether the access told the run something of when and where it ran: to look whether
// such a file is there does not.
func (a *Access) Tells() bool {
	return a.Mark != 0 && a.Errno == 0 && a.Class.uses() && a.Class != Probe
}

// Marked returns the files that told something, by mark and how many processes read them.
func (r *Run) Marked() []Marked {
	index := map[PathID]int{}
	users := map[[2]int]bool{}
	var all []Marked
	for i := range r.Accesses {
		a := &r.Accesses[i]
		if !a.Tells() {
			continue
		}
		n, known := index[a.Path]
		if !known {
			n = len(all)
			index[a.Path] = n
			all = append(all, Marked{Mark: a.Mark, Path: a.Path, By: int(a.Image), first: a.First})
		}
		m := &all[n]
		m.Count += a.Count
		if user := [2]int{n, r.Images[a.Image].Process}; !users[user] {
			users[user] = true
			m.Users++
		}
		if a.First < m.first {
			m.By, m.first = int(a.Image), a.First
		}
	}
	slices.SortFunc(all, func(a, b Marked) int {
		return cmp.Or(cmp.Compare(a.Mark, b.Mark), cmp.Compare(b.Users, a.Users), cmp.Compare(r.Paths.Path(a.Path), r.Paths.Path(b.Path)))
	})
	return all
}
