package page

import (
	"time"

	"github.com/catbox-go/catbox/record"
	"github.com/catbox-go/catbox/report"
)

// data is what the script gets: columns and not rows, so that names of members are
// not repeated. Times are in microseconds since the start. Strings that came from
// the command are visible already.
type data struct {
	Length   int64     `json:"length"`
	Owners   bool      `json:"owners"`
	Strings  []string  `json:"strings"`
	Paths    paths     `json:"paths"`
	Procs    procs     `json:"procs"`
	Images   images    `json:"images"`
	Accesses accesses  `json:"accesses"`
	Calls    calls     `json:"calls"`
	Edges    edges     `json:"edges"`
	Packages []pkg     `json:"packages"`
	Networks []network `json:"networks"`
	Violated []violate `json:"violations"`
	Blind    []blind   `json:"blind"`
	Slow     slow      `json:"slow"`
	Parallel []float64 `json:"parallel"`
	Classes  []string  `json:"classes"`
	Roles    []string  `json:"roles"`
	Marks    []string  `json:"marks"`
}

// paths is the tree: Up is the number of the directory. Role has report's bits,
// and 32 for a directory.
type paths struct {
	Up    []report.PathID `json:"up"`
	Name  []string        `json:"name"`
	Role  []int           `json:"role"`
	Use   []int           `json:"use"`
	Owner []int           `json:"owner"`
}

// procs has in Status the exit status, the negative number of a signal, or null.
type procs struct {
	Up     []int   `json:"up"`
	PID    []int   `json:"pid"`
	Began  []int64 `json:"began"`
	Length []int64 `json:"length"`
	Own    []int64 `json:"own"`
	CPU    []int64 `json:"cpu"`
	RSS    []int64 `json:"rss"`
	Status []*int  `json:"status"`
	Lane   []int   `json:"lane"`
	Main   []int   `json:"main"`
}

type images struct {
	Proc     []int           `json:"proc"`
	Prev     []int           `json:"prev"` // what it came from, forked ones left out
	Forked   []int           `json:"forked"`
	Began    []int64         `json:"began"`
	Path     []report.PathID `json:"path"`
	Program  []int           `json:"program"`
	Dir      []int           `json:"dir"`
	Searched []int           `json:"searched"`
	Args     [][]int         `json:"args"`
}

// accesses has Image as the difference to the row before, and what is mostly
// absent as pairs of row and value. First is in milliseconds.
type accesses struct {
	Image []int32         `json:"image"`
	Path  []report.PathID `json:"path"`
	Class []int           `json:"class"`
	Count []int           `json:"count"`
	First []int64         `json:"first"`
	Errno [][2]int        `json:"errno"`
	To    [][2]int        `json:"to"`
	Mark  [][2]int        `json:"mark"`
	Made  []int           `json:"made"` // rows of what the run made itself
}

// calls are the marked system calls.
type calls struct {
	Image []int `json:"image"`
	Name  []int `json:"name"`
	Mark  []int `json:"mark"`
	Count []int `json:"count"`
}

type edges struct {
	From []int           `json:"from"`
	To   []int           `json:"to"`
	Path []report.PathID `json:"path"`
}

type pkg struct {
	Name  string        `json:"name"`
	Sure  string        `json:"sure"`
	Rank  report.Sure   `json:"rank"`
	Files int           `json:"files"`
	Count int           `json:"count"`
	Users int           `json:"users"`
	Why   report.PathID `json:"why"`
	By    int           `json:"by"` // image
}

type network struct {
	Image       int    `json:"image"`
	Operation   string `json:"operation"`
	Destination string `json:"destination"`
	Errno       string `json:"errno"`
	Count       int    `json:"count"`
	Began       int64  `json:"began"`
}

type violate struct {
	Time      int64  `json:"time"`
	Action    string `json:"action"`
	Operation string `json:"operation"`
	Call      string `json:"call"`
	Object    string `json:"object"`
	Errno     string `json:"errno"`
	Program   string `json:"program"`
	PID       int    `json:"pid"`
}

type blind struct {
	Time  int64  `json:"time"`
	What  string `json:"what"`
	By    string `json:"by"`
	Count int    `json:"count"`
}

// builder makes data; strings are numbered as they come.
type builder struct {
	*report.Run
	data    data
	numbers map[string]int
}

func dataOf(r *report.Run) *data {
	b := builder{Run: r, numbers: map[string]int{}}
	b.data.Length, b.data.Owners = micros(r.Length), r.OwnersKnown
	for _, c := range report.Classes {
		b.data.Classes = append(b.data.Classes, string(c))
	}
	b.data.Roles, b.data.Marks = report.Roles, report.Marks
	b.addPaths()
	b.addProcesses()
	b.addImages()
	b.addAccesses()
	b.addCalls()
	b.addEdges()
	b.addPackages()
	b.addEvents()
	b.addSlow()
	b.data.Parallel = r.Parallel(parts).Over
	for i, v := range b.data.Parallel {
		b.data.Parallel[i] = float64(int(v*100)) / 100
	}
	return &b.data
}

// parts is how fine the run's parallelism is drawn.
const parts = 400

func micros(d time.Duration) int64 { return d.Microseconds() }

// text returns the number of a string that the page can show.
func (b *builder) text(s string) int { return b.number(s, s, report.Visible) }

// number is that of a string as show shows it, which key stands for.
func (b *builder) number(key, s string, show func(string) string) int {
	n, known := b.numbers[key]
	if !known {
		n = len(b.data.Strings)
		b.numbers[key] = n
		b.data.Strings = append(b.data.Strings, show(s))
	}
	return n
}

func (b *builder) addEvents() {
	for _, n := range b.Networks {
		b.data.Networks = append(b.data.Networks, network{
			n.Image, string(n.Operation), report.Visible(n.Destination), record.ErrnoName(n.Errno), max(n.Count, 1), micros(n.Began),
		})
	}
	for _, v := range b.Violations {
		object := v.Canonical
		if object == "" {
			object = v.Path
		}
		b.data.Violated = append(b.data.Violated, violate{
			b.since(v.Time), string(v.Action), string(v.Operation), report.Visible(v.Call), report.Visible(object),
			record.ErrnoName(v.Errno), report.Visible(v.Program), v.PID,
		})
	}
	for _, x := range b.Run.Blind {
		b.data.Blind = append(b.data.Blind, blind{b.since(x.Time), report.Visible(x.What), report.Visible(x.By), max(x.Count, 1)})
	}
}

func (b *builder) since(t time.Time) int64 { return max(micros(t.Sub(b.Start.Time)), 0) }

func (b *builder) addPackages() {
	for _, p := range b.Run.Packages {
		b.data.Packages = append(b.data.Packages, pkg{
			report.Visible(p.Name), p.Sure.String(), p.Sure, p.Files, p.Count, p.Users, p.Why, p.By,
		})
	}
}
