package report

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Difference says how a second run differs from a first. Lists are sorted.
type Difference struct {
	A, B *Run
	// Facts are what is said once of a run: the command, the directory, the system, the result.
	Facts []Change
	// Environment is of the command, by variable. Values of variables that look like
	// secrets are not in it.
	Environment []Change
	// Inputs, Outputs and Packages are those of one run only. What a file held is
	// not in a record.
	Inputs, Outputs, Packages Sides
	// Calls are the marked system calls that programs made in one run only.
	Calls Sides
	// Commands are command lines that were run more often in one run, Changed those
	// that have a counterpart with other arguments.
	Commands []Repeat
	Changed  []Rewrite
	// Statuses are commands that ended in another way.
	Statuses []Change
	// Times are the programs by how much more time they took.
	Times []Timing
}

// Change is something with another value. "" is none.
type Change struct{ Name, A, B string }

// Sides are what only one of the runs has.
type Sides struct{ OnlyA, OnlyB []string }

// Empty tells that there is no difference.
func (s Sides) Empty() bool { return len(s.OnlyA)+len(s.OnlyB) == 0 }

// Repeat is a command line with how often it was run.
type Repeat struct {
	Command string
	A, B    int
}

// Rewrite is a command whose arguments differ.
type Rewrite struct {
	A, B           string
	Removed, Added []string // arguments
}

// Timing is the time that a program took itself, and how often it ran.
type Timing struct {
	Program        string
	A, B           time.Duration
	CountA, CountB int
}

// Same tells that the runs did the same, in whatever time.
func (d *Difference) Same() bool {
	return len(d.Facts)+len(d.Environment)+len(d.Commands)+len(d.Changed)+len(d.Statuses) == 0 &&
		d.Inputs.Empty() && d.Outputs.Empty() && d.Packages.Empty() && d.Calls.Empty()
}

// Compare says how b differs from a.
func Compare(a, b *Run) *Difference {
	d := &Difference{A: a, B: b, Facts: facts(a, b), Environment: environments(a, b)}
	d.Inputs, d.Outputs = sides(a.with(Input), b.with(Input)), sides(a.with(Output), b.with(Output))
	if a.OwnersKnown && b.OwnersKnown {
		d.Packages = sides(a.packageNames(), b.packageNames())
	}
	d.Calls = sides(a.callNames(), b.callNames())
	d.commands()
	d.times()
	return d
}

func facts(a, b *Run) []Change {
	var all []Change
	for _, f := range []Change{
		{"command", a.Command(), b.Command()},
		{"directory", Visible(a.Start.Dir), Visible(b.Start.Dir)},
		{"root directory", Visible(a.Start.Root), Visible(b.Start.Root)},
		{"system", Visible(a.Start.System), Visible(b.Start.System)},
		{"catbox", Visible(a.Start.Version), Visible(b.Start.Version)},
		{"result", a.Result(), b.Result()},
	} {
		if f.A != f.B {
			all = append(all, f)
		}
	}
	return all
}

// with are the files of a role. Directories are seen by what is in them.
func (r *Run) with(role Role) []string {
	var names []string
	for i := range r.Files {
		if f := &r.Files[i]; f.Role&role != 0 && !f.Dir {
			names = append(names, r.relative(r.Paths.Path(PathID(i))))
		}
	}
	return names
}

func (r *Run) packageNames() []string {
	var names []string
	for _, p := range r.Packages {
		names = append(names, p.Name)
	}
	return names
}

// callNames are the marked calls with the programs that made them.
func (r *Run) callNames() []string {
	var names []string
	for _, c := range r.Calls {
		names = append(names, c.Name+" by "+r.Images[c.Image].Program()+" ("+c.Mark.String()+")")
	}
	return names
}

// relative names a path below the run's directory by that directory, so that
// builds in two places can be compared.
func (r *Run) relative(path string) string {
	if rest, ok := strings.CutPrefix(path, r.Start.Dir+"/"); ok && len(r.Start.Dir) > 1 {
		return "./" + rest
	}
	return path
}

func sides(a, b []string) Sides {
	in := func(list []string) map[string]bool {
		set := make(map[string]bool, len(list))
		for _, s := range list {
			set[s] = true
		}
		return set
	}
	without := func(list []string, other map[string]bool) []string {
		var only []string
		for _, s := range list {
			if !other[s] {
				only = append(only, s)
			}
		}
		slices.Sort(only)
		return slices.Compact(only)
	}
	return Sides{without(a, in(b)), without(b, in(a))}
}

func (d *Difference) times() {
	timings := map[string]*Timing{}
	add := func(r *Run, to func(*Timing) (*time.Duration, *int)) {
		for _, p := range r.byProgram() {
			t := timings[p.Name]
			if t == nil {
				t = &Timing{Program: Visible(p.Name)}
				timings[p.Name] = t
			}
			own, count := to(t)
			*own, *count = p.Own, p.Count
		}
	}
	add(d.A, func(t *Timing) (*time.Duration, *int) { return &t.A, &t.CountA })
	add(d.B, func(t *Timing) (*time.Duration, *int) { return &t.B, &t.CountB })
	for _, t := range timings {
		d.Times = append(d.Times, *t)
	}
	slices.SortFunc(d.Times, func(a, b Timing) int {
		return cmp.Or(cmp.Compare((b.B-b.A).Abs(), (a.B-a.A).Abs()), strings.Compare(a.Program, b.Program))
	})
}
