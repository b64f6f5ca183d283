package cgroup

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// group makes a directory that looks like a control group's, handing down the controllers.
func group(t *testing.T, controllers string) string {
	t.Helper()
	dir := t.TempDir()
	for file, content := range map[string]string{"cgroup.procs": "", "cgroup.subtree_control": controllers} {
		if err := os.WriteFile(filepath.Join(dir, file), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func content(t *testing.T, dir, file string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, file))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestAControllerThatIsNotHandedDownIsAskedFor(t *testing.T) {
	for _, test := range []struct {
		handed string
		want   []string
		after  string
	}{
		{"memory pids\n", []string{"memory", "pids"}, "memory pids\n"},
		{"cpu memory\n", []string{"memory", "pids"}, "+pids"},
		{"\n", []string{"memory"}, "+memory"},
		{"memorypids\n", []string{"pids"}, "+pids"},
		{"\n", nil, "\n"},
	} {
		dir := group(t, test.handed)
		if err := usable(dir, test.want); err != nil {
			t.Errorf("%q: %v", test.handed, err)
		}
		if got := content(t, dir, "cgroup.subtree_control"); got != test.after {
			t.Errorf("%q: %q was written, want %q", test.handed, got, test.after)
		}
	}
}

func TestWhyThereIsNoGroup(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "missing")
	err := usable(missing, nil)
	if !errors.Is(err, ErrNotDelegated) || !strings.Contains(err.Error(), missing) {
		t.Errorf("%v does not say where", err)
	}
	dir := group(t, "")
	if err := os.Remove(filepath.Join(dir, "cgroup.subtree_control")); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "cgroup.subtree_control"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := usable(dir, []string{"memory"}); err == nil {
		t.Error("nothing can be read there")
	}
}

func TestLimitsAreWritten(t *testing.T) {
	dir := t.TempDir()
	l := Limits{Memory: 1 << 20, Processes: 5}
	if err := os.WriteFile(filepath.Join(dir, "memory.max"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{"memory.swap.max", "pids.max"} {
		if err := os.WriteFile(filepath.Join(dir, file), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.set(dir); err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]string{"memory.max": "1048576", "memory.swap.max": "0", "pids.max": "17"} {
		if got := content(t, dir, file); got != want {
			t.Errorf("%s is %q, want %q", file, got, want)
		}
	}
	if err := l.set(filepath.Join(dir, "missing")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v", err)
	}
}

func TestNoLimitNeedsNoController(t *testing.T) {
	for _, test := range []struct {
		limits Limits
		want   []string
	}{{Limits{}, nil}, {Limits{Memory: 1}, []string{"memory"}}, {Limits{Processes: 1}, []string{"pids"}}, {Limits{1, 1}, []string{"memory", "pids"}}} {
		if got := test.limits.controllers(); !slices.Equal(got, test.want) {
			t.Errorf("%+v needs %q, want %q", test.limits, got, test.want)
		}
	}
	dir := t.TempDir()
	if err := (Limits{}).set(dir); err != nil {
		t.Error(err)
	}
	if entries, _ := os.ReadDir(dir); len(entries) > 0 {
		t.Errorf("%v was written", entries)
	}
}

func TestNoGroupIsNothingToClose(t *testing.T) {
	var none *Group
	none.Close()
	if none.Dir() != nil {
		t.Error("it has a directory")
	}
}

// Either a group is made and goes away again, or the error says why not.
func TestNew(t *testing.T) {
	g, err := New(Limits{Memory: 64 << 20, Processes: 20})
	if err != nil {
		if g != nil || !errors.Is(err, ErrNotDelegated) && !errors.Is(err, os.ErrPermission) {
			t.Errorf("%v, %v", g, err)
		}
		return
	}
	if got := strings.TrimSpace(content(t, g.path, "memory.max")); got != "67108864" {
		t.Errorf("memory.max is %s", got)
	}
	if g.Dir() == nil {
		t.Error("there is no directory to start in")
	}
	g.Close()
	if _, err := os.Stat(g.path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("it is still there: %v", err)
	}
}
