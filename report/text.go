package report

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"
)

// Text writes what a person wants to know first, for a terminal: nothing in it
// can give the terminal an order.
func Text(w io.Writer, r *Run) error {
	t := &text{w: bufio.NewWriter(w), Run: r}
	t.summary()
	t.violations()
	t.slow()
	t.marked()
	t.packages()
	return t.w.Flush()
}

// text writes lines; an error comes back when it is flushed.
type text struct {
	w *bufio.Writer
	*Run
}

func (t *text) line(format string, args ...any) { _, _ = fmt.Fprintf(t.w, format+"\n", args...) }

// width is how much of a line a command line gets.
const width = 100

// short cuts what is too long for a line.
func short(s string) string {
	if utf8.RuneCountInString(s) <= width {
		return s
	}
	return string([]rune(s)[:width-1]) + "…"
}

func (t *text) summary() {
	p, counts := t.Parallel(1), t.Counts()
	t.line("%s", short(t.Command()))
	t.line("%s after %s, %s, in %s", t.Result(), Duration(t.Length), t.Start.Time.UTC().Format("2006-01-02 15:04:05 UTC"), t.Place())
	t.line("")
	t.line("processes  %s, %.1f at once on average, at most %d, %s of processor time", Thousands(len(t.Processes)), p.Mean, p.Most, Duration(p.CPU))
	t.line("inputs     %s, and %s looked for in vain", Plural(counts[Input], "file"), Thousands(counts[Missing]))
	t.line("outputs    %s, and %s temporary", Plural(counts[Output], "file"), Thousands(counts[Temporary]))
	if t.OwnersKnown {
		t.line("packages   %s", Thousands(len(t.Packages)))
	}
	t.line("network    %s", Plural(len(t.Networks), "destination"))
	t.line("record     %s", t.completeness())
}

func (t *text) completeness() string {
	if len(t.Blind) == 0 && t.End != nil {
		return "complete"
	}
	var lacks []string
	if t.End == nil {
		lacks = append(lacks, "no end")
	}
	for _, b := range t.Blind {
		lacks = append(lacks, Visible(b.What)+" ("+Visible(b.By)+")")
	}
	const most = 5
	if len(lacks) > most {
		lacks = append(lacks[:most], fmt.Sprintf("and %d more", len(lacks)-most))
	}
	return "may lack something: " + strings.Join(lacks, "; ")
}

// lines is how many rows each part has at most.
const lines = 10

func (t *text) title(name string) {
	t.line("")
	t.line("%s", name)
}

func (t *text) more(n int) {
	if n > lines {
		t.line("  and %s more", Thousands(n-lines))
	}
}

func (t *text) violations() {
	if len(t.Violations) == 0 {
		return
	}
	t.title("Violations")
	for _, v := range t.Violations[:min(len(t.Violations), lines)] {
		t.line("  %s", v)
	}
	t.more(len(t.Violations))
}

func (t *text) slow() {
	s := t.Slow(lines)
	t.title("Programs that took most time by themselves")
	for _, p := range s.Programs {
		t.line("  %10s  %6s ×  %s", Duration(p.Own), Thousands(p.Count), p.Name)
	}
	t.processes("Processes that took longest by themselves", s.Longest, func(p *Process) time.Duration { return p.Own })
	t.processes("Processes that used most processor time", s.Busiest, (*Process).CPU)
	t.totals("Command lines that were run again and again", s.Repeated)
	t.totals("Failed attempts to execute, along PATH", s.Searches)
	t.totals("Directories in which was looked for what is not there", s.Absent)
}

func (t *text) processes(title string, list []int, value func(*Process) time.Duration) {
	if len(list) == 0 {
		return
	}
	t.title(title)
	for _, i := range list {
		command := Visible(t.Program(i))
		if image := t.Main(i); image >= 0 {
			command = VisibleArgs(t.Images[image].Args)
		}
		t.line("  %10s  %s", Duration(value(&t.Processes[i])), short(command))
	}
}

func (t *text) totals(title string, all []Total) {
	if len(all) == 0 {
		return
	}
	t.title(title)
	for _, x := range all {
		t.line("  %10s  %s", Thousands(x.Count)+" ×", short(x.Name))
	}
}

func (t *text) marked() {
	all := t.Marked()
	if len(all) == 0 {
		return
	}
	t.title("What differs from one machine or time to another")
	for _, m := range all[:min(len(all), lines)] {
		how := "read"
		if m.Path == NoPath {
			how = "called"
		}
		t.line("  %-6s  %s %s by %s, %s", m.Mark, t.Name(&m), how, t.ChainText(m.By), Plural(m.Users, "process"))
	}
	t.more(len(all))
}

func (t *text) packages() {
	if !t.OwnersKnown || len(t.Packages) == 0 {
		return
	}
	t.title("Packages")
	longest := 0
	for _, p := range t.Packages {
		longest = max(longest, utf8.RuneCountInString(Visible(p.Name)))
	}
	for _, p := range t.Packages {
		t.line("  %-*s  %-8s  %s by %s", min(longest, 40), Visible(p.Name), p.Sure, Visible(t.Paths.Path(p.Why)), t.ChainText(p.By))
	}
}
