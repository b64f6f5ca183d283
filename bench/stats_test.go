//go:build linux

package main

import (
	"slices"
	"testing"
)

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		values []float64
		want   float64
	}{
		{[]float64{3}, 3},
		{[]float64{9, 1, 4}, 4},
		{[]float64{4, 1, 9, 2}, 3},
	} {
		if got := spreadOf(c.values); got.Median != c.want {
			t.Errorf("median of %v = %v, want %v", c.values, got.Median, c.want)
		}
	}
	if spreadOf(nil) != nil {
		t.Error("nothing has a median")
	}
}

func TestRatiosPairRoundsAndLeaveOutFailures(t *testing.T) {
	native := []sample{{Round: 1, Value: 10}, {Round: 2, Value: 20}, {Round: 3, Failure: "exit status 1"}, {Round: 4, Value: 5}}
	other := []sample{{Round: 1, Value: 20}, {Round: 2, Value: 10}, {Round: 3, Value: 1}, {Round: 4, Failure: "exit status 1"}}
	divide := func(x, to float64) float64 { return x / to }
	if got, want := paired(other, native, divide), []float64{2, 0.5}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestFailedRunsGiveNoTime(t *testing.T) {
	s := summaryOf([]sample{{Value: 1, Failure: "exit status 2"}, {Value: 1, Failure: "exit status 3"}})
	if s.Value != nil || s.Failed != 2 || s.Failure != "exit status 2" {
		t.Errorf("got %+v", s)
	}
}

func TestRotatedStartsEachRoundWithTheNext(t *testing.T) {
	a, b, c := &result{Variant: "a"}, &result{Variant: "b"}, &result{Variant: "c"}
	rows := []*result{a, b, c}
	if got := rotated(rows, 4); !slices.Equal(got, []*result{b, c, a}) {
		t.Errorf("round 5 starts with %s", got[0].Variant)
	}
	if rows[0] != a {
		t.Error("the table's order changed")
	}
}

func TestVerdicts(t *testing.T) {
	b := &benchmark{Name: "start", References: []string{"bubblewrap"}, Results: []*result{
		{Variant: "bubblewrap", Samples: []sample{{Round: 1, Value: 4}}},
		{Variant: "catbox", Samples: []sample{{Round: 1, Value: 8}}},
	}}
	b.summarize()
	got := verdicts([]*benchmark{b})
	if len(got) != 1 || got[0].Measured == nil || *got[0].Measured != 2 || got[0].word() != "2.000\tmissed" {
		t.Errorf("got %+v", got)
	}
}

func TestDifferencesAreInTheUnit(t *testing.T) {
	b := &benchmark{Name: "overlay-start", Unit: "ms", Differences: []string{"catbox"}, Results: []*result{
		{Variant: "native", Samples: []sample{{Round: 1, Value: 1}}},
		{Variant: "catbox", Samples: []sample{{Round: 1, Value: 10}, {Round: 2, Value: 20}}},
		{Variant: "catbox-overlay", Samples: []sample{{Round: 1, Value: 12}, {Round: 2, Value: 24}}},
	}}
	b.summarize()
	if d := b.row("catbox-overlay").Summary.Differences["catbox"]; d == nil || d.Median != 3 || d.Max != 4 {
		t.Errorf("got %+v", d)
	}
	if d := b.row("native").Summary.Differences; len(d) != 0 {
		t.Errorf("native differs: %v", d)
	}
	v := verdicts([]*benchmark{b})
	if len(v) != 2 || v[0].Measured == nil || *v[0].Measured != 3 || v[1].Measured != nil {
		t.Errorf("got %+v", v)
	}
}
