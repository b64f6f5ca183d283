package main

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/catbox-go/catbox"
)

// TestMain plays the checks' processes: they are this program, started again.
func TestMain(m *testing.M) {
	catbox.Init()
	if len(os.Args) > 2 && os.Args[1] == "-all" {
		os.Exit(runAll(os.Args[2], nil))
	}
	if len(os.Args) > 1 {
		play(os.Args[1], os.Args[2:])
	}
	os.Exit(m.Run())
}

// easy are the checks that an ordinary user passes: nothing in them needs root.
var easy = []string{"mknod-errors", "open-exclusive"}

// TestChecks is the test of the list. Real root passes all of it, or else an
// expected value is wrong; an ordinary user fails it, or else a check can't.
func TestChecks(t *testing.T) {
	dir := t.TempDir()
	for _, c := range checks {
		t.Run(c.name, func(t *testing.T) {
			why := runApart(dir, c.name)
			switch passes := os.Geteuid() == 0 || slices.Contains(easy, c.name); {
			case c.name == outsideName: // below
			case passes && why != "":
				t.Error(why)
			case !passes && why == "":
				t.Error("an ordinary user passes")
			}
		})
	}
}

func TestOutside(t *testing.T) {
	dir := t.TempDir()
	done := make(chan struct{})
	go func() {
		defer close(done)
		serveOutside(dir)
	}()
	for !somebodyOutside(dir) {
		time.Sleep(time.Millisecond)
	}
	why := runApart(dir, outsideName)
	os.Remove(filepath.Join(dir, presence))
	<-done
	if passes := os.Geteuid() == 0; passes != (why == "") {
		t.Errorf("as root %v: %q", passes, why)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "fakecheck-*")); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}

func TestNames(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range checks {
		if seen[c.name] {
			t.Errorf("two checks are called %s", c.name)
		}
		seen[c.name] = true
	}
	for chosen, want := range map[string]bool{"chown-keeps": true, "chown-": true, "chown": false, "chmod-": false} {
		if wanted("chown-keeps", []string{chosen}) != want {
			t.Errorf("%q chooses chown-keeps: %v", chosen, !want)
		}
	}
}
