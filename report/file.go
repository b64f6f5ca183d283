package report

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Role says what a path was to the run. A path can be an input and an output.
type Role uint8

const (
	// Input: it was there before, and the run used it.
	Input Role = 1 << iota
	// Output: the run made or changed it, and it was there at the end.
	Output
	// Temporary: the run made it, and it was gone at the end.
	Temporary
	// Removed: it was there before, and the run removed it.
	Removed
	// Missing: it was looked for, and never there.
	Missing
)

// Roles are the names of the roles, by bit.
var Roles = []string{"input", "output", "temporary", "removed", "absent"}

// Names are the roles in words.
func (r Role) Names() []string {
	names := []string{}
	for i, name := range Roles {
		if r&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return names
}

// File is what is known of a path at the end.
type File struct {
	Role Role
	// Use says most of how it was used as an input: the first of Classes that was.
	Use Class
	Dir bool
	// Owner is an index in Packages, -1 for none.
	Owner int
	// Makers are the processes that made or changed it, by when.
	Makers []Maker
}

// Maker is a process that made or changed a file at a time.
type Maker struct {
	Process int
	Time    time.Duration
}

// fate is what a replay knows of a path.
type fate struct {
	made    bool // by the run: it was not there, or is another file now
	changed bool
	gone    bool
	existed bool // before the run, which then changed it
	// born is when the run made it first.
	born time.Duration
}

// step is a change of files. One access that stands for several is two steps,
// its first and its last: what is between them does not change how it ends.
type step struct {
	time time.Duration
	*Access
	process int
}

// replay goes through the changes in order to learn what became of each path,
// and who made it. A renamed directory takes along what is in it.
func (r *Run) replay() {
	r.Files = make([]File, r.Paths.Len())
	steps := r.steps() // first: paths that a rename makes come later in Paths
	fates := make([]fate, r.Paths.Len())
	for _, s := range steps {
		fates = r.apply(s, fates)
	}
	for len(r.first) <= r.Paths.Len() { // those have no accesses
		r.first = append(r.first, int32(len(r.byPath)))
	}
	for i := range r.Files {
		r.Files[i].Role = r.role(PathID(i), fates[i])
		r.Files[i].Owner = -1
	}
	r.edges(steps)
}

func (r *Run) steps() []step {
	var steps []step
	for i := range r.Accesses {
		a := &r.Accesses[i]
		if a.Class.uses() || a.Class >= Metadata || a.Errno != 0 {
			continue
		}
		process := r.Images[a.Image].Process
		steps = append(steps, step{a.First, a, process})
		if a.Count > 1 && a.Last > a.First {
			steps = append(steps, step{a.Last, a, process})
		}
	}
	slices.SortStableFunc(steps, func(a, b step) int { return cmp.Compare(a.time, b.time) })
	return steps
}

func (r *Run) apply(s step, fates []fate) []fate {
	switch s.Class {
	case Write:
		fates[s.Path].existed = fates[s.Path].existed || !fates[s.Path].made
		fates[s.Path].changed, fates[s.Path].gone = true, false
		r.makes(s.Path, s)
	case Create:
		fates[s.Path].arrive(s.time)
		r.makes(s.Path, s)
	case Delete:
		fates[s.Path].leave()
	case Link:
		fates = r.named(s.Path, s.To, s, fates)
	case Rename:
		fates = r.named(s.Path, s.To, s, fates)
		if s.Path != s.To {
			fates[s.Path].leave()
		}
		if s.Dir {
			fates = r.moveBelow(s, fates)
		}
	}
	return fates
}

// arrive is for a path at which the run made something.
func (f *fate) arrive(at time.Duration) {
	if !f.made {
		f.born = at
	}
	f.made, f.gone = true, false
}

// leave is for a path at which there is nothing any more.
func (f *fate) leave() {
	f.existed = f.existed || !f.made
	f.gone = true
}

func (r *Run) makes(path PathID, s step) {
	f := &r.Files[path]
	if n := len(f.Makers); n > 0 && f.Makers[n-1].Process == s.process {
		return // again
	}
	f.Makers = append(f.Makers, Maker{s.process, s.time})
	f.Dir = f.Dir || s.Dir
}

// named gives a file its other name.
func (r *Run) named(from, to PathID, s step, fates []fate) []fate {
	if to < 0 {
		return fates
	}
	fates[to].arrive(s.time)
	r.makes(to, s)
	r.Files[to].Dir = s.Dir
	return fates
}

// moveBelow moves what the run made below a directory that got another name.
func (r *Run) moveBelow(s step, fates []fate) []fate {
	if s.To < 0 {
		return fates
	}
	var moved []PathID
	r.Paths.below(s.Path, func(id PathID) {
		if f := fates[id]; (f.made || f.changed) && !f.gone {
			moved = append(moved, id)
		}
	})
	from := len(r.Paths.Path(s.Path))
	for _, id := range moved {
		to := r.Paths.add(r.Paths.Path(s.To) + r.Paths.Path(id)[from:])
		for len(fates) < r.Paths.Len() {
			fates, r.Files = append(fates, fate{}), append(r.Files, File{})
		}
		fates[to].arrive(s.time)
		fates[id].leave()
		r.Files[to].Makers, r.Files[to].Dir = r.Files[id].Makers, r.Files[id].Dir
	}
	return fates
}

// role is what a path was, by its accesses and what became of it.
func (r *Run) role(path PathID, f fate) Role {
	var role Role
	file := &r.Files[path]
	file.Use = Absent
	absent := false
	for _, i := range r.Of(path) {
		a := &r.Accesses[i]
		switch {
		case a.Class == Absent:
			absent = true
		case a.Made || f.made && !f.existed && a.First >= f.born:
		case a.Class.uses() && a.Errno == 0 || a.Class == Probe:
			role |= Input
			file.Use = min(file.Use, a.Class)
			file.Dir = file.Dir || a.Dir
		}
	}
	switch {
	case !f.gone && (f.made || f.changed && !OfKernel(r.Paths.Path(path))):
		return role | Output
	case f.made && !f.existed:
		return role | Temporary
	case f.gone:
		return role | Removed
	case absent && role == 0:
		return Missing
	}
	return role
}

// OfKernel tells that a path is a device or a file of the kernel's: to write to one
// that was there, as /dev/null, makes nothing.
func OfKernel(path string) bool {
	return strings.HasPrefix(path, "/dev/") || strings.HasPrefix(path, "/proc/") || strings.HasPrefix(path, "/sys/")
}
