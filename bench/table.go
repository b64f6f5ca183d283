//go:build linux

package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// print writes the tables for people.
func (r *report) print(w io.Writer) error {
	var b strings.Builder
	r.Header.print(&b)
	for _, bench := range r.Benchmarks {
		bench.print(&b)
	}
	printVerdicts(&b, r.Targets)
	if r.Interrupted {
		b.WriteString("\nInterrupted: the last table is incomplete.\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (h header) print(b *strings.Builder) {
	fmt.Fprintf(b, "%s, Linux %s %s, %d x %s\n", h.Date, h.Kernel, h.Machine, h.Cores, h.CPU)
	fmt.Fprintf(b, "as %s; catbox %s; load %s before, %s after\n", h.User, h.Catbox, h.LoadBefore, h.LoadAfter)
	var versions []string
	for _, v := range h.Versions {
		versions = append(versions, v.Package+" "+v.Version)
	}
	fmt.Fprintln(b, strings.Join(versions, ", "))
	for _, m := range h.Missing {
		fmt.Fprintf(b, "not measured: %s: %s\n", m.Variant, m.Why)
	}
	if h.Quick {
		b.WriteString("-quick: too few runs for conclusions\n")
	}
}

func (b *benchmark) print(out *strings.Builder) {
	fmt.Fprintf(out, "\n%s: %s\n", b.Name, b.Title)
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	columns := b.columns()
	for _, c := range columns {
		fmt.Fprintf(t, "%s\t", c.head)
	}
	fmt.Fprintln(t)
	for _, r := range b.Results {
		b.printRow(t, columns, r)
	}
	t.Flush() // to a strings.Builder, which can't fail
	b.printFailures(out)
}

// column is a head and what to show of a row; "" is nothing to show.
type column struct {
	head string
	cell func(*summary) string
}

// columns leaves out what no row has.
func (b *benchmark) columns() []column {
	all := []column{
		{b.Unit, func(s *summary) string { return number(s.Value) }},
		{"min..max", func(s *summary) string { return extremes(s.Value) }},
	}
	for _, ref := range b.References {
		all = append(all,
			column{"of " + ref, func(s *summary) string { return ratio(s.Ratios[ref]) }},
			column{"min..max", func(s *summary) string { return ratioExtremes(s.Ratios[ref]) }})
	}
	for _, ref := range b.Differences {
		all = append(all,
			column{"over " + ref, func(s *summary) string { return number(s.Differences[ref]) }},
			column{"min..max", func(s *summary) string { return extremes(s.Differences[ref]) }})
	}
	all = append(all,
		column{"user+sys s", func(s *summary) string { return number(s.CPU) }},
		column{"calls", func(s *summary) string { return count(s.Calls) }},
		column{"violations", func(s *summary) string { return positive(float64(s.Violations), "%.0f") }},
		column{"supervisor MB", func(s *summary) string { return positive(megabytes(s.RSS), "%.1f") }},
		column{"all of it MB", func(s *summary) string { return positive(megabytes(s.RSSSum), "%.1f") }})
	used := []column{{"", nil}}
	for _, c := range all {
		if b.anyRow(c) {
			used = append(used, c)
		}
	}
	return used
}

func (b *benchmark) anyRow(c column) bool {
	for _, r := range b.Results {
		if r.Summary != nil && c.cell(r.Summary) != "" {
			return true
		}
	}
	return false
}

func (b *benchmark) printRow(t io.Writer, columns []column, r *result) {
	fmt.Fprintf(t, "%s\t", r.Variant)
	switch {
	case r.Missing != "":
		fmt.Fprint(t, "not measured")
	case r.Summary == nil:
		fmt.Fprint(t, "interrupted")
	case r.Summary.Value == nil:
		fmt.Fprint(t, "failed")
	default:
		for _, c := range columns[1:] {
			fmt.Fprintf(t, "%s\t", c.cell(r.Summary))
		}
	}
	fmt.Fprintln(t)
}

// printFailures goes below the table: the reasons are long.
func (b *benchmark) printFailures(out *strings.Builder) {
	for _, r := range b.Results {
		if s := r.Summary; s != nil && s.Failed > 0 {
			fmt.Fprintf(out, "  %s failed in %d of %d runs: %s\n", r.Variant, s.Failed, len(r.Samples), s.Failure)
		}
	}
}

func number(s *spread) string {
	if s == nil {
		return ""
	}
	return fmt.Sprintf("%.2f", s.Median)
}

func extremes(s *spread) string {
	if s == nil {
		return ""
	}
	return fmt.Sprintf("%.2f..%.2f", s.Min, s.Max)
}

func ratio(s *spread) string {
	if s == nil {
		return ""
	}
	return fmt.Sprintf("%.3f", s.Median)
}

func ratioExtremes(s *spread) string {
	if s == nil {
		return ""
	}
	return fmt.Sprintf("%.3f..%.3f", s.Min, s.Max)
}

func count(s *spread) string {
	if s == nil {
		return ""
	}
	return fmt.Sprintf("%.0f", s.Median)
}

func positive(x float64, format string) string {
	if x <= 0 {
		return ""
	}
	return fmt.Sprintf(format, x)
}
