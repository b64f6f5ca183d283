package page

import (
	"time"

	"github.com/catbox-go/catbox/record"
	"github.com/catbox-go/catbox/report"
)

// directory is the bit of a role that says so; it is above those of report.
const directory = 32

func (b *builder) addPaths() {
	p := &b.data.Paths
	for i := range b.Files {
		id, f := report.PathID(i), &b.Files[i]
		role := int(f.Role)
		if f.Dir {
			role |= directory
		}
		p.Up = append(p.Up, b.Run.Paths.Parent(id))
		p.Name = append(p.Name, report.Visible(b.Run.Paths.Name(id)))
		p.Role, p.Use = append(p.Role, role), append(p.Use, int(f.Use))
		p.Owner = append(p.Owner, f.Owner)
	}
}

func (b *builder) addProcesses() {
	p := &b.data.Procs
	for i := range b.Processes {
		of := &b.Processes[i]
		p.Up, p.PID, p.Lane, p.Main = append(p.Up, of.Parent), append(p.PID, of.PID), append(p.Lane, of.Lane), append(p.Main, b.Run.Main(i))
		p.Began, p.Length = append(p.Began, micros(of.Began)), append(p.Length, micros(of.Length()))
		p.Own = append(p.Own, micros(of.Own))
		cpu, rss := int64(-1), int64(-1)
		if of.Exit != nil && of.Exit.Known {
			cpu, rss = micros(of.CPU()), of.Exit.MaxRSS
		}
		p.CPU, p.RSS, p.Status = append(p.CPU, cpu), append(p.RSS, rss), append(p.Status, statusOf(of))
	}
}

func statusOf(p *report.Process) *int {
	if p.Exit == nil || !p.Exit.Known {
		return nil
	}
	status := p.Exit.Status
	if p.Exit.Signal != 0 {
		status = -int(p.Exit.Signal)
	}
	return &status
}

func (b *builder) addImages() {
	p := &b.data.Images
	for i := range b.Run.Images {
		of := &b.Run.Images[i]
		forked := 0
		if of.Forked {
			forked = 1
		}
		p.Proc, p.Prev, p.Forked = append(p.Proc, of.Process), append(p.Prev, b.From(i)), append(p.Forked, forked)
		p.Began, p.Path = append(p.Began, micros(of.Began)), append(p.Path, of.Path)
		p.Program, p.Dir = append(p.Program, b.text(of.Program())), append(p.Dir, b.text(of.Dir))
		p.Searched, p.Args = append(p.Searched, of.Searched), append(p.Args, b.args(of))
	}
}

// longest is how many bytes of a command line are in the page: execve(2) takes
// up to megabytes, which nobody reads.
const longest = 16 << 10

func (b *builder) args(i *report.Image) []int {
	args := []int{}
	left := longest
	for n, a := range i.Args {
		left -= len(a) + 1
		if left < 0 {
			return append(args, b.text("… and "+report.Plural(len(i.Args)-n, "more argument")))
		}
		args = append(args, b.quoted(a))
	}
	return args
}

// quoted is text for what is visible and quoted already.
func (b *builder) quoted(a string) int {
	return b.number("\x00"+a, a, report.VisibleArg) // no path and no argument holds NUL
}

func (b *builder) addAccesses() {
	p := &b.data.Accesses
	n := len(b.Run.Accesses)
	p.Image, p.Path = make([]int32, n), make([]report.PathID, n)
	p.Class, p.Count, p.First = make([]int, n), make([]int, n), make([]int64, n)
	before := int32(0)
	for i := range b.Run.Accesses {
		a := &b.Run.Accesses[i]
		p.Image[i], before = a.Image-before, a.Image
		p.Path[i], p.Class[i], p.Count[i], p.First[i] = a.Path, int(a.Class), a.Count, int64(a.First/time.Millisecond)
		if a.Errno != 0 && a.Class != report.Absent {
			p.Errno = append(p.Errno, [2]int{i, b.text(record.ErrnoName(a.Errno))})
		}
		if a.To >= 0 {
			p.To = append(p.To, [2]int{i, int(a.To)})
		}
		if a.Tells() {
			p.Mark = append(p.Mark, [2]int{i, int(a.Mark)})
		}
		if a.Made {
			p.Made = append(p.Made, i)
		}
	}
}

func (b *builder) addCalls() {
	p := &b.data.Calls
	for _, c := range b.Run.Calls {
		p.Image, p.Name = append(p.Image, c.Image), append(p.Name, b.text(c.Name))
		p.Mark, p.Count = append(p.Mark, int(c.Mark)), append(p.Count, c.Count)
	}
}

func (b *builder) addEdges() {
	for _, e := range b.Run.Edges {
		p := &b.data.Edges
		p.From, p.To, p.Path = append(p.From, e.From), append(p.To, e.To), append(p.Path, e.Path)
	}
}

// slow has what is summed up over the run; what is of one process, the script sorts itself.
type slow struct {
	Programs []total `json:"programs"`
	Repeated []total `json:"repeated"`
	Searches []total `json:"searches"`
	Absent   []total `json:"absent"`
	Lookups  []total `json:"lookups"`
}

type total struct {
	Name  string `json:"name"`
	Count int    `json:"count"`
	Own   int64  `json:"own"`
	CPU   int64  `json:"cpu"`
	Some  int    `json:"some"`
}

// most is how many rows a list of what was slow has.
const most = 200

func (b *builder) addSlow() {
	s := b.Run.Slow(most)
	b.data.Slow = slow{totals(s.Programs), totals(s.Repeated), totals(s.Searches), totals(s.Absent), totals(s.AbsentPaths)}
}

func totals(all []report.Total) []total {
	out := []total{}
	for _, t := range all {
		out = append(out, total{cut(t.Name), t.Count, micros(t.Own), micros(t.CPU), t.Some})
	}
	return out
}

// cut shortens a name that nobody reads to its end.
func cut(s string) string {
	const most = 2000
	if runes := []rune(s); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return s
}
