//go:build linux

package main

import (
	"slices"
	"strings"
	"testing"
)

func TestOptions(t *testing.T) {
	o, err := parseOptions([]string{"-quick", "-only", "start,call", "hello"})
	if err != nil || o.runs != 2 || !slices.Equal(o.only, []string{"start", "call", "hello"}) {
		t.Errorf("got %+v, %v", o, err)
	}
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"-only", "helo"}, `no benchmark "helo"`},
		{[]string{"-runs", "-1"}, "-runs must be positive"},
		{[]string{"-dir", "/tmp/x"}, "bubblewrap mounts a tmpfs there"},
	} {
		if _, err := parseOptions(c.args); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: got %v, want %s", c.args, err, c.want)
		}
	}
}

func TestRootIsNotMeasuredByAccident(t *testing.T) {
	if _, err := lookUp("root"); err == nil || !strings.Contains(err.Error(), "-as-root") {
		t.Errorf("got %v", err)
	}
}

func TestTableTellsFailuresAndWhatIsMissing(t *testing.T) {
	b := &benchmark{Name: "hello", Title: "a build", Unit: "s", References: []string{"native"}, Results: []*result{
		{Variant: "native", Samples: []sample{{Round: 1, Value: 2}}},
		{Variant: "proot", Samples: []sample{{Round: 1, Failure: "exit status 1 after 3.0 s: configure: error"}}},
		{Variant: "strace", Missing: "not installed"},
		{Variant: "catbox", Samples: []sample{{Round: 1, Value: 3, Violations: 4}}},
	}}
	b.summarize()
	var out strings.Builder
	b.print(&out)
	for _, want := range []string{
		"proot failed in 1 of 1 runs: exit status 1 after 3.0 s: configure: error",
		"not measured",
		"1.500",
		"violations",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
	if strings.Contains(out.String(), " MB") {
		t.Errorf("a column that no row has is shown\n%s", out.String())
	}
}
