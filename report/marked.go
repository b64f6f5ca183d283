package report

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Marked is a file or a system call that makes a build depend on when and where it ran,
// and that the run read or made.
type Marked struct {
	Mark Mark
	// Path is the file, NoPath for a call, whose name Call is then.
	Path  PathID
	Call  string
	Count int
	// Users is the number of processes that read or made it, By the image that did first.
	Users int
	By    int
	first time.Duration
}

// Tells says whether the access told the run something of when and where it ran: to look whether
// such a file is there does not.
func (a *Access) Tells() bool {
	return a.Mark != 0 && a.Errno == 0 && a.Class.uses() && a.Class != Probe
}

// Name is the file's path or the call's name, fit to be shown.
func (r *Run) Name(m *Marked) string {
	if m.Path == NoPath {
		return Visible(m.Call)
	}
	return Visible(r.Paths.Path(m.Path))
}

// Marked returns the files and calls that told something, by mark and how many processes
// they told it.
func (r *Run) Marked() []Marked {
	m := marking{run: r, index: map[markedKey]int{}, users: map[[2]int]bool{}}
	for i := range r.Accesses {
		if a := &r.Accesses[i]; a.Tells() {
			m.add(Marked{Mark: a.Mark, Path: a.Path, Count: a.Count, By: int(a.Image), first: a.First})
		}
	}
	for i := range r.Calls {
		c := &r.Calls[i]
		m.add(Marked{Mark: c.Mark, Path: NoPath, Call: c.Name, Count: c.Count, By: c.Image, first: c.First})
	}
	slices.SortFunc(m.all, func(a, b Marked) int {
		return cmp.Or(cmp.Compare(a.Mark, b.Mark), cmp.Compare(b.Users, a.Users), strings.Compare(r.Name(&a), r.Name(&b)))
	})
	return m.all
}

// marking adds up what told the same.
type marking struct {
	run   *Run
	index map[markedKey]int
	users map[[2]int]bool // index and process
	all   []Marked
}

type markedKey struct {
	path PathID
	call string
}

func (m *marking) add(one Marked) {
	key := markedKey{one.Path, one.Call}
	n, known := m.index[key]
	if !known {
		n = len(m.all)
		m.index[key] = n
		m.all = append(m.all, Marked{Mark: one.Mark, Path: one.Path, Call: one.Call, By: one.By, first: one.first})
	}
	of := &m.all[n]
	of.Count += one.Count
	if user := [2]int{n, m.run.Images[one.By].Process}; !m.users[user] {
		m.users[user] = true
		of.Users++
	}
	if one.first < of.first {
		of.By, of.first = one.By, one.first
	}
}
