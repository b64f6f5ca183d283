package report

import (
	"cmp"
	"path"
	"slices"
	"strings"
)

// ran is one command of a run, in a form in which two runs can be compared:
// temporary files, which have another name each time, and the run's directory are
// put in general terms.
type ran struct {
	key    string // program, directory and arguments
	kind   string // program and directory
	args   []string
	status string
}

func (r *Run) ran(other *Run) []ran {
	all := make([]ran, 0, len(r.Processes))
	for i := range r.Processes {
		image := r.Main(i)
		if image < 0 || r.Images[image].Forked {
			continue
		}
		of := &r.Images[image]
		c := ran{kind: of.Program() + "\x00" + r.inside(of.Dir), status: r.status(i)}
		for _, a := range of.Args {
			c.args = append(c.args, r.general(a, of.Dir, other))
		}
		c.key = c.kind + "\x00" + strings.Join(c.args, "\x00")
		all = append(all, c)
	}
	return all
}

func (r *Run) status(process int) string {
	switch x := r.Processes[process].Exit; {
	case x == nil || !x.Known:
		return "not known"
	case x.Signal != 0:
		return "signal " + itoa(int(x.Signal))
	default:
		return itoa(x.Status)
	}
}

// general names by its directory and ending what has another name in each build,
// as /tmp/ccXYZ.s: a temporary file of which the other run knows nothing. It may be
// a part of an argument, as in -fresolution=/tmp/ccXYZ.res.
func (r *Run) general(arg, dir string, other *Run) string {
	if !strings.ContainsAny(arg, "/=,:") || strings.HasPrefix(arg, "/") {
		return r.inside(r.unnamed(arg, dir, other))
	}
	parts := strings.FieldsFunc(arg, func(c rune) bool { return strings.ContainsRune("=,:", c) })
	for _, part := range parts {
		if general := r.unnamed(part, dir, other); general != part {
			arg = strings.Replace(arg, part, general, 1)
		}
	}
	return r.inside(arg)
}

func (r *Run) unnamed(name, dir string, other *Run) string {
	if path.IsAbs(name) {
		dir = "/"
	}
	parts := strings.Split(name, "/")
	changed := slices.Clone(parts)
	for i, part := range parts {
		dir = path.Join(dir, part)
		if part != "" && r.fleeting(dir, other) {
			changed[i] = "<temporary>" + path.Ext(part)
		}
	}
	return strings.Join(changed, "/")
}

// fleeting tells of a path that it was temporary, and unknown to the other run.
func (r *Run) fleeting(path string, other *Run) bool {
	id := r.Paths.Find(path)
	return id >= 0 && r.Files[id].Role&Temporary != 0 && other.Paths.Find(other.absolute(r.relative(path))) < 0
}

// inside names the run's directory "." wherever a path in a text begins with it.
func (r *Run) inside(text string) string {
	dir := r.Start.Dir
	if len(dir) < 2 {
		return text
	}
	var b strings.Builder
	done := 0
	for from := 0; ; {
		at := strings.Index(text[from:], dir)
		if at < 0 {
			return b.String() + text[done:]
		}
		at += from
		from = at + len(dir)
		if begins(text[:at]) && ends(text[from:]) {
			b.WriteString(text[done:at] + ".")
			done = from
		}
	}
}

// between are bytes that stand between paths in arguments and variables.
const between = " \t\n=:,;&|@<>()'\"`"

// begins tells that a path begins after this text: nothing before it belongs to
// it, but perhaps an option of one letter, as in -I/usr/include.
func begins(before string) bool {
	word := before[strings.LastIndexAny(before, between)+1:]
	return word == "" || len(word) == 2 && word[0] == '-'
}

// ends tells that the last component of a path ends before this text.
func ends(after string) bool {
	return after == "" || after[0] == '/' || strings.IndexByte(between, after[0]) >= 0
}

// absolute undoes relative, for another run.
func (r *Run) absolute(path string) string {
	if rest, ok := strings.CutPrefix(path, "./"); ok {
		return r.Start.Dir + "/" + rest
	}
	return path
}

// tally is how often a command was run in either run, and how it ended.
type tally struct {
	ran
	n        [2]int
	statuses [2][]string
}

// tallies count the commands of both runs, in the order in which they came.
func tallies(a, b []ran) []*tally {
	var all []*tally
	known := map[string]*tally{}
	for side, commands := range [][]ran{a, b} {
		for _, c := range commands {
			t := known[c.key]
			if t == nil {
				t = &tally{ran: c}
				known[c.key] = t
				all = append(all, t)
			}
			t.n[side]++
			if !slices.Contains(t.statuses[side], c.status) {
				t.statuses[side] = append(t.statuses[side], c.status)
			}
		}
	}
	return all
}

// commands finds which commands were run more often, and pairs those that are only
// in one run with those only in the other.
func (d *Difference) commands() {
	var kinds []string
	left := map[string][2][]ran{}
	for _, t := range tallies(d.A.ran(d.B), d.B.ran(d.A)) {
		switch {
		case t.n[0] == t.n[1]:
			d.status(t)
		case t.n[0] > 0 && t.n[1] > 0:
			d.Commands = append(d.Commands, Repeat{VisibleArgs(t.args), t.n[0], t.n[1]})
		default:
			l, known := left[t.kind]
			if !known {
				kinds = append(kinds, t.kind)
			}
			side := 0
			if t.n[1] > 0 {
				side = 1
			}
			for range t.n[side] {
				l[side] = append(l[side], t.ran)
			}
			left[t.kind] = l
		}
	}
	for _, kind := range kinds {
		d.pair(left[kind][0], left[kind][1])
	}
	d.Commands = summed(d.Commands)
	slices.SortStableFunc(d.Changed, func(a, b Rewrite) int { return cmp.Or(strings.Compare(a.A, b.A), strings.Compare(a.B, b.B)) })
	slices.SortFunc(d.Statuses, func(a, b Change) int { return strings.Compare(a.Name, b.Name) })
}

// status notes a command that was run as often, and ended in another way.
func (d *Difference) status(t *tally) {
	for side := range t.statuses {
		slices.Sort(t.statuses[side])
	}
	if a, b := strings.Join(t.statuses[0], ", "), strings.Join(t.statuses[1], ", "); a != b {
		d.Statuses = append(d.Statuses, Change{VisibleArgs(t.args), a, b})
	}
}

// summed adds up what is of one command line.
func summed(all []Repeat) []Repeat {
	slices.SortFunc(all, func(a, b Repeat) int { return strings.Compare(a.Command, b.Command) })
	var out []Repeat
	for _, r := range all {
		if n := len(out); n > 0 && out[n-1].Command == r.Command {
			out[n-1].A += r.A
			out[n-1].B += r.B
			continue
		}
		out = append(out, r)
	}
	return out
}

// pair finds, for each command of the first, the one of the second that has most
// of its arguments.
func (d *Difference) pair(a, b []ran) {
	with := map[string][]int{} // the commands of b that have an argument
	for i, y := range b {
		for _, arg := range y.args {
			if l := with[arg]; len(l) == 0 || l[len(l)-1] != i {
				with[arg] = append(l, i)
			}
		}
	}
	taken := make([]bool, len(b))
	for _, x := range a {
		i := nearest(x, b, with, taken)
		if i < 0 {
			d.Commands = append(d.Commands, Repeat{VisibleArgs(x.args), 1, 0})
			continue
		}
		taken[i] = true
		y := b[i]
		d.Changed = append(d.Changed, Rewrite{
			VisibleArgs(x.args), VisibleArgs(y.args), visibleAll(subtract(x.args, y.args)), visibleAll(subtract(y.args, x.args)),
		})
	}
	for i, y := range b {
		if !taken[i] {
			d.Commands = append(d.Commands, Repeat{VisibleArgs(y.args), 0, 1})
		}
	}
}

// nearest looks only at commands that share the rarest argument: a file's name
// tells two compilations apart, and not -O2.
func nearest(x ran, b []ran, with map[string][]int, taken []bool) int {
	const tries = 32
	args := slices.Clone(x.args[min(1, len(x.args)):])
	slices.SortStableFunc(args, func(p, q string) int { return cmp.Compare(len(with[p]), len(with[q])) })
	for _, arg := range args {
		best, most, tried := -1, 0, 0
		for _, i := range with[arg] {
			if taken[i] {
				continue
			}
			if n := common(x.args, b[i].args); n > most {
				best, most = i, n
			}
			if tried++; tried == tries {
				break
			}
		}
		if best >= 0 {
			return best
		}
	}
	return -1
}

func visibleAll(args []string) []string {
	out := make([]string, len(args))
	for i, a := range args {
		out[i] = VisibleArg(a)
	}
	return out
}

// common counts the arguments that both have.
func common(a, b []string) int { return len(a) - len(subtract(a, b)) }

// subtract returns the arguments of a that are not in b, as often as they are.
func subtract(a, b []string) []string {
	n := map[string]int{}
	for _, s := range b {
		n[s]++
	}
	var left []string
	for _, s := range a {
		if n[s]--; n[s] < 0 {
			left = append(left, s)
		}
	}
	return left
}
