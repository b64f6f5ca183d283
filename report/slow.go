package report

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Slow is where the time went, each list the most first.
type Slow struct {
	// Longest are the processes that took longest themselves, without what they
	// waited for; Busiest those that used most processor time.
	Longest, Busiest []int
	// Programs are the totals by program.
	Programs []Total
	// Repeated are the command lines that were executed more than once.
	Repeated []Total
	// Searches are the failed attempts to execute along PATH, by the program that was found in the end.
	Searches []Total
	// Absent are the directories in which something was looked for that is not there.
	Absent []Total
	// AbsentPaths are the paths that were looked for most.
	AbsentPaths []Total
}

// Total adds up what belongs to one name.
type Total struct {
	// Name is what it is of, to be printed as it is.
	Name  string
	Count int
	Own   time.Duration
	CPU   time.Duration
	// Some is one of the processes, -1 if none.
	Some int
}

// Slow finds the first n of each.
func (r *Run) Slow(n int) Slow {
	s := Slow{
		Longest:  r.most(n, func(p *Process) time.Duration { return p.Own }),
		Busiest:  r.most(n, (*Process).CPU),
		Programs: visible(first(n, r.byProgram()), Visible),
		Repeated: visible(first(n, r.repeated()), visibleLine),
		Searches: visible(first(n, r.searches()), Visible),
	}
	dirs, paths := r.absent()
	s.Absent, s.AbsentPaths = visible(first(n, dirs), Visible), visible(first(n, paths), Visible)
	return s
}

// most are the processes with the greatest values, without those of 0.
func (r *Run) most(n int, value func(*Process) time.Duration) []int {
	var all []int
	for i := range r.Processes {
		if value(&r.Processes[i]) > 0 {
			all = append(all, i)
		}
	}
	slices.SortStableFunc(all, func(a, b int) int { return cmp.Compare(value(&r.Processes[b]), value(&r.Processes[a])) })
	return all[:min(n, len(all))]
}

func first(n int, all []Total) []Total { return all[:min(n, len(all))] }

// totals adds up by name.
type totals struct {
	index map[string]int
	all   []Total
}

func (t *totals) add(name string, more Total) {
	if t.index == nil {
		t.index = map[string]int{}
	}
	i, known := t.index[name]
	if !known {
		i = len(t.all)
		t.index[name] = i
		t.all = append(t.all, Total{Name: name, Some: more.Some})
	}
	of := &t.all[i]
	of.Count += more.Count
	of.Own += more.Own
	of.CPU += more.CPU
}

// by sorts by a value, then by name.
func (t *totals) by(value func(*Total) time.Duration) []Total {
	slices.SortFunc(t.all, func(a, b Total) int {
		return cmp.Or(cmp.Compare(value(&b), value(&a)), cmp.Compare(a.Name, b.Name))
	})
	return t.all
}

// visible makes the names such that they can be printed.
func visible(all []Total, show func(string) string) []Total {
	for i := range all {
		all[i].Name = show(all[i].Name)
	}
	return all
}

func ownTime(t *Total) time.Duration { return t.Own }
func howMany(t *Total) time.Duration { return time.Duration(t.Count) }

func (r *Run) byProgram() []Total {
	var t totals
	for i := range r.Processes {
		p := &r.Processes[i]
		t.add(r.Program(i), Total{Count: 1, Own: p.Own, CPU: p.CPU(), Some: i})
	}
	return t.by(ownTime)
}

// repeated are command lines, told apart by every argument.
func (r *Run) repeated() []Total {
	var t totals
	for i := range r.Processes {
		image := r.Main(i)
		if image < 0 || r.Images[image].Forked {
			continue
		}
		p := &r.Processes[i]
		name := strings.Join(r.Images[image].Args, "\x00") // no argument holds NUL
		t.add(name, Total{Count: 1, Own: p.Own, CPU: p.CPU(), Some: i})
	}
	t.all = slices.DeleteFunc(t.all, func(t Total) bool { return t.Count < 2 })
	return t.by(howMany)
}

// visibleLine is for arguments that are joined by NUL.
func visibleLine(s string) string { return VisibleArgs(strings.Split(s, "\x00")) }

func (r *Run) searches() []Total {
	var t totals
	for i := range r.Images {
		if image := &r.Images[i]; image.Searched > 0 && !image.Forked {
			t.add(image.Program(), Total{Count: image.Searched, Some: image.Process})
		}
	}
	return t.by(howMany)
}

func (r *Run) absent() (dirs, paths []Total) {
	var d, p totals
	for id := range r.Files {
		of := r.Of(PathID(id))
		n := 0
		some := -1
		for _, i := range of {
			if r.Accesses[i].Class == Absent {
				n += r.Accesses[i].Count
				some = r.Images[r.Accesses[i].Image].Process
			}
		}
		if n == 0 {
			continue
		}
		dir := "/"
		if parent := r.Paths.Parent(PathID(id)); parent >= 0 && r.Paths.Path(parent) != "" {
			dir = r.Paths.Path(parent)
		}
		d.add(dir, Total{Count: n, Some: some})
		p.add(r.Paths.Path(PathID(id)), Total{Count: n, Some: some})
	}
	return d.by(howMany), p.by(howMany)
}

// Counts are the files of each role, without directories for inputs: what a
// directory holds is what was used.
func (r *Run) Counts() map[Role]int {
	counts := map[Role]int{}
	for i := range r.Files {
		f := &r.Files[i]
		for bit := Input; bit <= Missing; bit <<= 1 {
			if f.Role&bit != 0 && !f.Dir {
				counts[bit]++
			}
		}
	}
	return counts
}
