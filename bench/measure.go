//go:build linux

package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// benchmark is one table: the same thing measured in several variants.
type benchmark struct {
	Name        string    `json:"name"`
	Title       string    `json:"title"`
	Unit        string    `json:"unit"`
	References  []string  `json:"references"`            // variants that ratios are given to
	Differences []string  `json:"differences,omitempty"` // variants that differences are given to
	Results     []*result `json:"results"`
}

// result is one row.
type result struct {
	Variant string   `json:"variant"`
	Missing string   `json:"missing,omitempty"` // why nothing was measured
	Samples []sample `json:"samples,omitempty"`
	Summary *summary `json:"summary,omitempty"`
}

// sample is one run. Only Round and Failure mean something if it failed.
type sample struct {
	Round      int     `json:"round"`
	Value      float64 `json:"value"` // in the benchmark's unit
	CPU        float64 `json:"cpu_s,omitempty"`
	Calls      *int64  `json:"calls,omitempty"`
	Violations int     `json:"violations,omitempty"`
	RSS        int64   `json:"rss_kib,omitempty"`     // peak of the supervisor's largest process
	RSSSum     int64   `json:"rss_sum_kib,omitempty"` // of all its processes
	Failure    string  `json:"failure,omitempty"`
}

// trial is how to take one sample of a benchmark.
type trial struct {
	benchmark
	variants []string
	rounds   int
	status   bool // ask catbox for status lines, watch the supervisor's memory
	argv     []string
	before   []string                    // goes before the variant's own command
	setUp    func(context.Context) error // before each run, not timed
	value    func(outcome) (float64, error)
}

// measure takes the variants in turn, round by round.
func (s *session) measure(ctx context.Context, t trial) error {
	b := s.report.add(t.benchmark, s.rows(t.variants))
	for round := 1; round <= t.rounds; round++ {
		for _, r := range rotated(b.Results, round-1) {
			if r.Missing != "" {
				continue
			}
			got, err := s.takeSample(ctx, t, s.variants[r.Variant])
			if err != nil {
				return err
			}
			got.Round = round
			r.Samples = append(r.Samples, got)
		}
		if round == t.rounds || t.status {
			s.progress("%s: round %d of %d", t.Name, round, t.rounds)
		}
	}
	return nil
}

// rotated starts each round with the next variant: none always comes after the
// same neighbour's mess, or first.
func rotated(rows []*result, by int) []*result {
	by %= len(rows)
	return append(append([]*result(nil), rows[by:]...), rows[:by]...)
}

func (s *session) rows(names []string) []*result {
	var rows []*result
	for _, name := range names {
		rows = append(rows, &result{Variant: name, Missing: s.variants[name].missing})
	}
	return rows
}

func (s *session) takeSample(ctx context.Context, t trial, v variant) (sample, error) {
	if t.setUp != nil {
		if err := t.setUp(ctx); err != nil {
			return sample{}, err
		}
	}
	o, err := s.run(ctx, command{
		argv:    append(slices.Clip(t.before), v.argv(s.tree(), t.status, t.argv...)...),
		status:  t.status && v.status,
		watched: t.status && v.watched,
	})
	if err != nil || o.failure != "" {
		return sample{Failure: o.failure}, err
	}
	return toSample(t, o), nil
}

func toSample(t trial, o outcome) sample {
	value, err := t.value(o)
	if err != nil {
		return sample{Failure: err.Error()}
	}
	got := sample{Value: value, Violations: o.status.violations, Calls: o.status.calls,
		RSS: o.memory.largest, RSSSum: o.memory.sum}
	if t.status {
		got.CPU = (o.user + o.sys).Seconds()
	}
	return got
}

// printedMicroseconds is the value of the C programs: nanoseconds on stdout.
func printedMicroseconds(o outcome) (float64, error) {
	ns, err := strconv.ParseFloat(strings.TrimSpace(o.stdout), 64)
	if err != nil {
		return 0, fmt.Errorf("printed no number: %w", err)
	}
	return ns / 1e3, nil
}

func wallSeconds(o outcome) (float64, error) { return o.wall.Seconds(), nil }

func wallMilliseconds(o outcome) (float64, error) { return o.wall.Seconds() * 1e3, nil }
