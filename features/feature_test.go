package features

import (
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"syscall"
	"testing"
)

func TestFeaturesHaveNamesOfTheirOwn(t *testing.T) {
	seen := map[string]bool{}
	for _, f := range All() {
		if f.Name == "" || f.Purpose == "" || seen[f.Name] {
			t.Errorf("name %q, purpose %q, seen before: %v", f.Name, f.Purpose, seen[f.Name])
		}
		seen[f.Name] = true
	}
}

func TestOnlyConclusiveAnswersAreRemembered(t *testing.T) {
	for _, test := range []struct {
		answer error
		runs   int
	}{
		{nil, 1},
		{refuse("no"), 1},
		{syscall.ENOSYS, 1}, // errors.ErrUnsupported by itself
		{syscall.EMFILE, 3},
		{syscall.EPERM, 3},
	} {
		runs := 0
		probe := func() error { runs++; return test.answer }
		name := fmt.Sprintf("%s %v", t.Name(), test.answer)
		defer answers.Delete(name) // for -count
		for range 3 {
			if err := remember(name, probe); err != test.answer {
				t.Errorf("%v: answered %v", test.answer, err)
			}
		}
		if runs != test.runs {
			t.Errorf("%v: ran %d times, want %d", test.answer, runs, test.runs)
		}
	}
}

func TestErrorKeepsFeatureCauseAndVerdict(t *testing.T) {
	f := Feature{Name: "thing", probe: func() error { return refusal{syscall.EPERM} }}
	err := f.Probe()
	var e *Error
	if !errors.As(err, &e) || e.Feature != "thing" || !errors.Is(err, syscall.EPERM) || !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("%#v", err)
	}
	if err.Error() != "thing: operation not permitted" {
		t.Errorf("%q", err)
	}
	f = Feature{Name: "another", probe: func() error { return syscall.EPERM }}
	if errors.Is(f.Probe(), errors.ErrUnsupported) {
		t.Error("a bare errno is conclusive")
	}
}

func TestHintIsTheFirstThatApplies(t *testing.T) {
	f := Feature{hints: []hint{
		{sysctl: "no.such", holds: "1", say: "sysctl"},
		{cause: syscall.EPERM, say: "permission"},
		{say: "anything"},
	}}
	for err, want := range map[error]string{nil: "", syscall.EPERM: "permission", refusal{syscall.EPERM}: "permission", syscall.ENOMEM: "anything"} {
		if got := f.Hint(err); got != want {
			t.Errorf("%v: %q, want %q", err, got, want)
		}
	}
	if got := (Feature{}).Hint(syscall.ENOSYS); got == "" {
		t.Error("no general hint for ENOSYS")
	}
}

func TestReportAgreesWithProbes(t *testing.T) {
	results := Report()
	if len(results) != len(All()) {
		t.Fatalf("%d results, %d features", len(results), len(All()))
	}
	for i, f := range All() {
		r, err := results[i], f.Probe()
		if r.Name != f.Name || r.Works != (err == nil) || (r.Error == "") != r.Works || (r.Works && !r.Conclusive) {
			t.Errorf("%s: %+v, but the probe says %v", f.Name, r, err)
		}
	}
}

func TestResultMembers(t *testing.T) {
	f := Feature{Name: "n", Purpose: "p", probe: func() error { return refuse("no") }, hints: []hint{{say: "h"}}}
	got, err := json.Marshal(f.result())
	const want = `{"name":"n","purpose":"p","works":false,"conclusive":true,"error":"no","hint":"h"}`
	if err != nil || string(got) != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}

func TestNothingIsSupportedElsewhere(t *testing.T) {
	if runtime.GOOS == "linux" {
		return // this test is for the other systems; probe_linux_test.go is for this one
	}
	for _, f := range All() {
		if err := f.Probe(); !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("%s: %v", f.Name, err)
		}
	}
	if tier, missing := Tier(); tier != 0 || len(missing) == 0 {
		t.Errorf("tier %d, missing %v", tier, missing)
	}
}
