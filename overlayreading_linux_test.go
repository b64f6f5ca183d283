package catbox

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// Who waits for the directories of a root to be read is told once: before the first
// time, and after it.
func TestReadingIsToldTheFirstTime(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	root := t.TempDir()
	if err := os.MkdirAll(filepath.Join(root, "d/e"), 0o755); err != nil {
		t.Fatal(err)
	}
	var told []string
	reading := func(dir string) func() {
		told = append(told, dir)
		return func() { told = append(told, "done") }
	}
	for _, hook := range []func(string) func(){reading, reading, nil} {
		p := &plan{cmd: &Cmd{Overlay: &Overlay{}, Hooks: Hooks{Reading: hook}}, tree: tree{root: root}}
		if err := p.skeleton(&layering{alone: func(string) bool { return false }}); err != nil {
			t.Fatal(err)
		}
	}
	if !slices.Equal(told, []string{root, "done"}) {
		t.Errorf("told %q", told)
	}
}

func TestReadingThatNobodyHearsOf(t *testing.T) {
	for name, hook := range map[string]func(string) func(){
		"no hook":            nil,
		"nothing to be told": func(string) func() { return nil },
	} {
		t.Setenv("XDG_CACHE_HOME", t.TempDir())
		p := &plan{cmd: &Cmd{Overlay: &Overlay{}, Hooks: Hooks{Reading: hook}}, tree: tree{root: t.TempDir()}}
		if err := p.skeleton(&layering{alone: func(string) bool { return false }}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
