package report

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/catbox-go/catbox/record"
)

// JSON writes the run as one object; docs/report.md describes it. Each element of
// its lists is in a line of its own.
func JSON(w io.Writer, r *Run) error {
	out := &jsonWriter{w: bufio.NewWriter(w)}
	out.raw(`{"catbox_report":1,` + "\n" + `"run":`)
	out.value(r.jsonRun())
	list(out, "processes", len(r.Processes), r.jsonProcess)
	list(out, "files", len(r.Files), r.jsonFile)
	list(out, "edges", len(r.Edges), r.jsonEdge)
	list(out, "packages", len(r.Packages), r.jsonPackage)
	list(out, "violations", len(r.Violations), func(i int) any { return r.Violations[i] })
	list(out, "network", len(r.Networks), r.jsonNetwork)
	list(out, "blind", len(r.Blind), r.jsonBlind)
	marked := r.Marked()
	list(out, "marked", len(marked), func(i int) any { return r.jsonMarked(&marked[i]) })
	out.raw(",\n" + `"slow":`)
	out.value(r.jsonSlow())
	out.raw("}\n")
	if out.err != nil {
		return out.err
	}
	return out.w.Flush()
}

// jsonWriter keeps the first error of encoding. Those of the bufio.Writer come
// back when it is flushed.
type jsonWriter struct {
	w   *bufio.Writer
	err error
}

func (j *jsonWriter) raw(s string) { _, _ = j.w.WriteString(s) }

// value writes one value. What does not print is written as \u, as in a record's JSON.
func (j *jsonWriter) value(v any) {
	var data bytes.Buffer
	enc := json.NewEncoder(&data)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil && j.err == nil {
		j.err = err
	}
	for _, r := range strings.TrimSuffix(data.String(), "\n") {
		if r == utf8.RuneError || strconv.IsPrint(r) {
			_, _ = j.w.WriteRune(r)
			continue
		}
		for _, unit := range utf16.Encode([]rune{r}) {
			_, _ = fmt.Fprintf(j.w, `\u%04x`, unit)
		}
	}
}

// list writes a member that is a list, without the elements that are nil.
func list(j *jsonWriter, name string, n int, element func(int) any) {
	j.raw(",\n" + `"` + name + `":[`)
	between := "\n"
	for i := range n {
		if e := element(i); e != nil {
			j.raw(between)
			j.value(e)
			between = ",\n"
		}
	}
	j.raw("]")
}

// escaped are the names of members with bytes that are not UTF-8, as in package record.
type escaped struct {
	Escaped []string `json:"escaped,omitempty"`
}

func (e *escaped) text(member, s string) string {
	text, changed := record.EscapeText(s)
	if changed {
		e.Escaped = append(e.Escaped, member)
	}
	return text
}

func seconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1e6 }

func (r *Run) jsonRun() any {
	var e escaped
	p, counts := r.Parallel(1), r.Counts()
	run := struct {
		Command  string    `json:"command"`
		Dir      string    `json:"dir"`
		Root     string    `json:"root,omitempty"`
		Version  string    `json:"version"`
		System   string    `json:"system"`
		Detail   string    `json:"detail,omitempty"`
		Began    time.Time `json:"began"`
		Seconds  float64   `json:"seconds"`
		Ended    bool      `json:"ended"`
		Exit     int       `json:"exit"`
		Signal   string    `json:"signal,omitempty"`
		CPU      float64   `json:"cpu_seconds"`
		Parallel float64   `json:"parallel_mean"`
		Most     int       `json:"parallel_most"`
		Inputs   int       `json:"inputs"`
		Outputs  int       `json:"outputs"`
		escaped
	}{
		Command: VisibleArgs(r.Start.Args), Dir: e.text("dir", r.Start.Dir), Root: e.text("root", r.Start.Root), Version: e.text("version", r.Start.Version),
		System: e.text("system", r.Start.System), Detail: r.Start.Detail, Began: r.Start.Time.UTC(), Seconds: seconds(r.Length),
		Ended: r.End != nil, CPU: seconds(p.CPU), Parallel: p.Mean, Most: p.Most, Inputs: counts[Input], Outputs: counts[Output],
	}
	if r.End != nil {
		run.Exit, run.Signal = r.End.Exit, record.SignalName(r.End.Signal)
	}
	run.escaped = e
	return run
}

func (r *Run) jsonProcess(i int) any {
	p := &r.Processes[i]
	var e escaped
	out := struct {
		ID      int      `json:"id"`
		Parent  int      `json:"parent"`
		PID     int      `json:"pid"`
		Program string   `json:"program"`
		Path    string   `json:"path,omitempty"`
		Command string   `json:"command,omitempty"`
		Dir     string   `json:"dir,omitempty"`
		Began   float64  `json:"began"`
		Seconds float64  `json:"seconds"`
		Own     float64  `json:"own_seconds"`
		CPU     *float64 `json:"cpu_seconds,omitempty"`
		MaxRSS  int64    `json:"maxrss_kib,omitempty"`
		Status  *int     `json:"exit,omitempty"`
		Signal  string   `json:"signal,omitempty"`
		escaped
	}{ID: i, Parent: p.Parent, PID: p.PID, Program: e.text("program", r.Program(i)), Began: seconds(p.Began), Seconds: seconds(p.Length()), Own: seconds(p.Own)}
	if image := r.Main(i); image >= 0 {
		of := &r.Images[image]
		out.Path, out.Command, out.Dir = e.text("path", of.Image.Path), VisibleArgs(of.Args), e.text("dir", of.Dir)
	}
	if x := p.Exit; x != nil && x.Known {
		cpu := seconds(p.CPU())
		out.CPU, out.MaxRSS, out.Status = &cpu, x.MaxRSS, &x.Status
		if x.Signal != 0 {
			out.Status, out.Signal = nil, record.SignalName(x.Signal)
		}
	}
	out.escaped = e
	return out
}
