//go:build linux

package main

import (
	"fmt"
	"strings"
	"text/tabwriter"
)

// target is what catbox should reach. It is a goal to see the numbers against,
// not a test: nothing fails when it is missed.
type target struct {
	benchmark string
	what      string
	limit     float64
	measured  func(*summary) *float64
	row       string // the variant, "" for catbox's first
}

// Targets are medians; memory is the worst run.
var targets = []target{
	{"hello", "build, of native", 1.03, ratioTo("native"), ""},
	{"lua", "build, of native", 1.03, ratioTo("native"), ""},
	{"start", "start, of bubblewrap with the same isolation", 1.5, ratioTo("bubblewrap"), ""},
	{"call/open-write", "trapped call, of floor-read", 1.3, ratioTo("floor-read"), ""},
	{"call/chmod", "trapped call, of floor-read", 1.3, ratioTo("floor-read"), ""},
	{"call/mkdir", "trapped call, of floor-read", 1.3, ratioTo("floor-read"), ""},
	{"call/open-write", "trapped call, of floor-find", 1.3, ratioTo("floor-find"), ""},
	{"call/denied", "trapped call, of floor-read", 1.3, ratioTo("floor-read"), ""},
	{"fakeroot-hello", "build as a faked root, of native", 1.04, ratioTo("native"), ""},
	{"many", "memory of all supervisor processes, MB", 40, memoryMB, ""},
	{"record-hello", "build, its processes recorded, of native", 1.03, ratioTo("native"), "catbox-exec"},
	{"record-hello", "build, recorded, of native", 1.20, ratioTo("native"), "catbox-record"},
	{"record-lua", "build, recorded, of native", 1.10, ratioTo("native"), "catbox-record"},
	{"record-sqlite", "build, recorded, of native", 1.10, ratioTo("native"), "catbox-record"},
	{"report", "a page of a record of a million accesses, ms", 5000, milliseconds, "catbox-page"},
	{"root-start", "start in a root filesystem, of bubblewrap", 1.5, ratioTo("bubblewrap-root"), "catbox-root"},
	{"overlay-start", "start in a new overlay, ms more", 3, overMilliseconds("catbox"), "catbox-overlay"},
	{"overlay-start", "start in an overlay used again, ms more", 3, overMilliseconds("catbox"), "catbox-overlay-again"},
	{"overlay-hello", "build in an overlay, of native", 1.05, ratioTo("native"), "catbox-overlay"},
	{"changes-commit", "commit of many files, of cp -a", 1.3, ratioTo("cp"), "catbox-commit"},
	{"image-unpack/docker", "unpack an image, of tar x", 1.3, ratioTo("tar"), "catbox-unpack"},
	{"image-unpack/oci-gzip", "unpack an image, of tar x", 1.3, ratioTo("tar"), "catbox-unpack"},
}

func ratioTo(reference string) func(*summary) *float64 {
	return func(s *summary) *float64 {
		if r := s.Ratios[reference]; r != nil {
			return &r.Median
		}
		return nil
	}
}

// milliseconds is the value of a benchmark in milliseconds.
func milliseconds(s *summary) *float64 {
	if s.Value == nil {
		return nil
	}
	return &s.Value.Median
}

// overMilliseconds is for benchmarks in milliseconds.
func overMilliseconds(reference string) func(*summary) *float64 {
	return func(s *summary) *float64 {
		if d := s.Differences[reference]; d != nil {
			return &d.Median
		}
		return nil
	}
}

func memoryMB(s *summary) *float64 {
	if s.RSSSum == 0 {
		return nil
	}
	mb := megabytes(s.RSSSum)
	return &mb
}

func megabytes(kib int64) float64 { return float64(kib) * 1024 / 1e6 }

// verdict is how a measurement stands to a target. Measured is nil if there is
// none.
type verdict struct {
	Benchmark string   `json:"benchmark"`
	What      string   `json:"what"`
	Limit     float64  `json:"limit"`
	Measured  *float64 `json:"measured"`
}

// verdicts are those of the benchmarks that were asked for.
func verdicts(all []*benchmark) []verdict {
	var list []verdict
	for _, t := range targets {
		for _, b := range all {
			if b.Name == t.benchmark {
				list = append(list, t.verdict(b))
			}
		}
	}
	return list
}

func (t target) verdict(b *benchmark) verdict {
	v := verdict{Benchmark: t.benchmark, What: t.what, Limit: t.limit}
	r := b.ours()
	if t.row != "" {
		r = b.row(t.row)
	}
	if r != nil && r.Summary != nil {
		v.Measured = t.measured(r.Summary)
	}
	return v
}

// ours is the row that targets are for.
func (b *benchmark) ours() *result {
	if r := b.row("catbox"); r != nil {
		return r
	}
	return b.row("catbox-fakeroot")
}

func (v verdict) word() string {
	switch {
	case v.Measured == nil:
		return "not measured"
	case *v.Measured <= v.Limit:
		return fmt.Sprintf("%.3f\tmet", *v.Measured)
	}
	return fmt.Sprintf("%.3f\tmissed", *v.Measured)
}

func printVerdicts(b *strings.Builder, list []verdict) {
	if len(list) == 0 {
		return
	}
	b.WriteString("\ntargets of catbox\n")
	t := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	for _, v := range list {
		fmt.Fprintf(t, "%s\t%s\t<= %g\t%s\n", v.Benchmark, v.What, v.Limit, v.word())
	}
	t.Flush() // to a strings.Builder, which can't fail
}
