//go:build linux

package main

import (
	"math"
	"slices"
)

// spread is a median with its extremes.
type spread struct {
	Median float64 `json:"median"`
	Min    float64 `json:"min"`
	Max    float64 `json:"max"`
	N      int     `json:"n"`
}

// spreadOf nothing is nil.
func spreadOf(values []float64) *spread {
	if len(values) == 0 {
		return nil
	}
	v := slices.Sorted(slices.Values(values))
	return &spread{median(v), v[0], v[len(v)-1], len(v)}
}

func median(sorted []float64) float64 {
	n := len(sorted)
	if n == 0 {
		return math.NaN()
	}
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

// summary is what a row of the table shows.
type summary struct {
	Value       *spread            `json:"value,omitempty"`
	Ratios      map[string]*spread `json:"ratios,omitempty"`      // by reference, paired within rounds
	Differences map[string]*spread `json:"differences,omitempty"` // by reference, in the unit, paired too
	CPU         *spread            `json:"cpu_s,omitempty"`
	Calls       *spread            `json:"calls,omitempty"`
	Violations  int                `json:"violations,omitempty"` // the most in one run
	RSS         int64              `json:"rss_kib,omitempty"`    // the most in one run
	RSSSum      int64              `json:"rss_sum_kib,omitempty"`
	Failed      int                `json:"failed,omitempty"`
	Failure     string             `json:"failure,omitempty"` // the first
}

// summarize fills the Summary of every row.
func (b *benchmark) summarize() {
	for _, r := range b.Results {
		if len(r.Samples) == 0 {
			continue
		}
		r.Summary = summaryOf(r.Samples)
		r.Summary.Ratios = b.compared(r, b.References, func(x, to float64) float64 { return x / to })
		r.Summary.Differences = b.compared(r, b.Differences, func(x, to float64) float64 { return x - to })
	}
}

func summaryOf(samples []sample) *summary {
	s := &summary{}
	var values, cpu, calls []float64
	for _, x := range samples {
		if x.Failure != "" {
			s.addFailure(x.Failure)
			continue
		}
		values = append(values, x.Value)
		if x.CPU > 0 {
			cpu = append(cpu, x.CPU)
		}
		if x.Calls != nil {
			calls = append(calls, float64(*x.Calls))
		}
		s.Violations = max(s.Violations, x.Violations)
		s.RSS, s.RSSSum = max(s.RSS, x.RSS), max(s.RSSSum, x.RSSSum)
	}
	s.Value, s.CPU, s.Calls = spreadOf(values), spreadOf(cpu), spreadOf(calls)
	return s
}

func (s *summary) addFailure(why string) {
	if s.Failed == 0 {
		s.Failure = why
	}
	s.Failed++
}

func (b *benchmark) compared(r *result, references []string, compare func(x, to float64) float64) map[string]*spread {
	all := map[string]*spread{}
	if r.Variant == "native" {
		return all // it is what others are measured by
	}
	for _, ref := range references {
		if to := b.row(ref); to != nil && to != r {
			if sp := spreadOf(paired(r.Samples, to.Samples, compare)); sp != nil {
				all[ref] = sp
			}
		}
	}
	return all
}

func (b *benchmark) row(variant string) *result {
	for _, r := range b.Results {
		if r.Variant == variant {
			return r
		}
	}
	return nil
}

// paired compares within a round: what slows the machine for a while then
// slows both sides.
func paired(samples, reference []sample, compare func(x, to float64) float64) []float64 {
	byRound := map[int]float64{}
	for _, x := range reference {
		if x.Failure == "" && x.Value > 0 {
			byRound[x.Round] = x.Value
		}
	}
	var all []float64
	for _, x := range samples {
		if to, ok := byRound[x.Round]; ok && x.Failure == "" {
			all = append(all, compare(x.Value, to))
		}
	}
	return all
}
