package report

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Text writes the difference for a terminal.
func (d *Difference) Text(w io.Writer) error {
	t := &text{w: bufio.NewWriter(w)}
	t.line("- %s, %s, %s, %s", short(d.A.Command()), d.A.Result(), Duration(d.A.Length), d.A.Start.Time.UTC().Format("2006-01-02 15:04:05"))
	t.line("+ %s, %s, %s, %s", short(d.B.Command()), d.B.Result(), Duration(d.B.Length), d.B.Start.Time.UTC().Format("2006-01-02 15:04:05"))
	if d.Same() {
		t.line("")
		t.line("They did the same, with the same names. What the files held is not in a record.")
	}
	t.changes("Of the runs", d.Facts)
	t.changes("Environment", d.Environment)
	t.sides("Inputs", d.Inputs)
	t.sides("Outputs", d.Outputs)
	t.sides("Packages", d.Packages)
	t.sides("Marked calls", d.Calls)
	t.rewrites(d)
	t.repeats(d.Commands)
	t.changes("Exit status", d.Statuses)
	t.times(d)
	return t.w.Flush()
}

// diffLines is how many lines a part has at most; --format json has all.
const diffLines = 40

func (t *text) rest(n int) {
	if n > diffLines {
		t.line("  and %s more", Thousands(n-diffLines))
	}
}

func (t *text) changes(title string, all []Change) {
	if len(all) == 0 {
		return
	}
	t.title(title)
	for _, c := range all[:min(len(all), diffLines)] {
		t.line("  %s", short(c.Name))
		if c.A != "" {
			t.line("    - %s", short(c.A))
		}
		if c.B != "" {
			t.line("    + %s", short(c.B))
		}
	}
	t.rest(len(all))
}

func (t *text) sides(title string, s Sides) {
	if s.Empty() {
		return
	}
	t.title(fmt.Sprintf("%s (%s gone, %s new)", title, Thousands(len(s.OnlyA)), Thousands(len(s.OnlyB))))
	for _, name := range s.OnlyA[:min(len(s.OnlyA), diffLines)] {
		t.line("  - %s", Visible(name))
	}
	t.rest(len(s.OnlyA))
	for _, name := range s.OnlyB[:min(len(s.OnlyB), diffLines)] {
		t.line("  + %s", Visible(name))
	}
	t.rest(len(s.OnlyB))
}

// Group is commands whose arguments differ in the same way.
type Group struct {
	Rewrite // one of them
	Count   int
}

// Groups puts together commands whose arguments differ in the same way, the most
// first: one flag can change thousands.
func (d *Difference) Groups() []Group {
	var all []Group
	index := map[string]int{}
	for _, c := range d.Changed {
		key := strings.Join(c.Removed, "\x00") + "\x01" + strings.Join(c.Added, "\x00")
		i, known := index[key]
		if !known {
			i = len(all)
			index[key] = i
			all = append(all, Group{Rewrite: c})
		}
		all[i].Count++
	}
	slices.SortStableFunc(all, func(a, b Group) int { return b.Count - a.Count })
	return all
}

func (t *text) rewrites(d *Difference) {
	all := d.Groups()
	if len(all) == 0 {
		return
	}
	t.title(fmt.Sprintf("Command lines with other arguments (%s)", Thousands(len(d.Changed))))
	for _, c := range all[:min(len(all), diffLines)] {
		t.line("  %s", short(c.A))
		if c.Count > 1 {
			t.line("  and %s in the same way", Thousands(c.Count-1))
		}
		removed, added := apart(strings.Join(c.Removed, " "), strings.Join(c.Added, " "))
		if removed != "" {
			t.line("    - %s", removed)
		}
		if added != "" {
			t.line("    + %s", added)
		}
		if len(c.Removed)+len(c.Added) == 0 {
			t.line("    in another order: %s", short(c.B))
		}
	}
	t.rest(len(all))
}

// apart shortens two texts such that where they differ is seen.
func apart(a, b string) (string, string) {
	one, other := []rune(a), []rune(b)
	same := 0
	for same < min(len(one), len(other)) && one[same] == other[same] {
		same++
	}
	const before = 20
	if same > before && max(len(one), len(other)) > width {
		a, b = "…"+string(one[same-before:]), "…"+string(other[same-before:])
	}
	return short(a), short(b)
}

func (t *text) repeats(all []Repeat) {
	if len(all) == 0 {
		return
	}
	t.title(fmt.Sprintf("Command lines that were run more or less often (%s)", Thousands(len(all))))
	for _, c := range all[:min(len(all), diffLines)] {
		t.line("  %d -> %d  %s", c.A, c.B, short(c.Command))
	}
	t.rest(len(all))
}

func (t *text) times(d *Difference) {
	t.title("Time")
	t.line("  %10s -> %-10s  the run", Duration(d.A.Length), Duration(d.B.Length))
	for _, x := range d.Times[:min(len(d.Times), lines)] {
		t.line("  %10s -> %-10s  %s, %s -> %s", Duration(x.A), Duration(x.B), x.Program, Thousands(x.CountA), Thousands(x.CountB))
	}
}

// JSON writes the difference as one object; docs/report.md describes it. Names in
// it are as Visible shows them.
func (d *Difference) JSON(w io.Writer) error {
	out := &jsonWriter{w: bufio.NewWriter(w)}
	out.raw(`{"catbox_report_diff":1,` + "\n" + `"a":`)
	out.value(d.A.jsonRun())
	out.raw(",\n" + `"b":`)
	out.value(d.B.jsonRun())
	changes(out, "facts", d.Facts)
	changes(out, "environment", d.Environment)
	for _, part := range []struct {
		name string
		Sides
	}{{"inputs", d.Inputs}, {"outputs", d.Outputs}, {"packages", d.Packages}, {"calls", d.Calls}} {
		list(out, part.name+"_only_a", len(part.OnlyA), func(i int) any { return Visible(part.OnlyA[i]) })
		list(out, part.name+"_only_b", len(part.OnlyB), func(i int) any { return Visible(part.OnlyB[i]) })
	}
	list(out, "changed", len(d.Changed), func(i int) any {
		c := d.Changed[i]
		return struct {
			A       string   `json:"a"`
			B       string   `json:"b"`
			Removed []string `json:"removed"`
			Added   []string `json:"added"`
		}{c.A, c.B, c.Removed, c.Added}
	})
	list(out, "commands", len(d.Commands), func(i int) any {
		c := d.Commands[i]
		return struct {
			Command string `json:"command"`
			A       int    `json:"a"`
			B       int    `json:"b"`
		}{c.Command, c.A, c.B}
	})
	changes(out, "statuses", d.Statuses)
	list(out, "times", len(d.Times), func(i int) any {
		x := d.Times[i]
		return struct {
			Program string  `json:"program"`
			A       float64 `json:"a_seconds"`
			B       float64 `json:"b_seconds"`
			CountA  int     `json:"a_count"`
			CountB  int     `json:"b_count"`
		}{x.Program, seconds(x.A), seconds(x.B), x.CountA, x.CountB}
	})
	out.raw("}\n")
	if out.err != nil {
		return out.err
	}
	return out.w.Flush()
}

func changes(out *jsonWriter, name string, all []Change) {
	list(out, name, len(all), func(i int) any {
		return struct {
			Name string `json:"name"`
			A    string `json:"a"`
			B    string `json:"b"`
		}{all[i].Name, all[i].A, all[i].B}
	})
}
