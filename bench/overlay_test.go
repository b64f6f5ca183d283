//go:build linux

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestProductMayBeInAnOverlay(t *testing.T) {
	s := testSession(t)
	made := filepath.Join(s.overlay("upper"), "var", "hello")
	if err := os.MkdirAll(filepath.Dir(made), 0o755); err != nil {
		t.Fatal(err)
	}
	w := workload{product: "hello", overlaid: true}
	if _, err := s.builtSeconds(outcome{wall: time.Second}, w); err == nil {
		t.Error("an empty overlay passes for a build")
	}
	writeFile(t, made, "")
	if v, err := s.builtSeconds(outcome{wall: time.Second}, w); v != 1 || err != nil {
		t.Errorf("got %v, %v", v, err)
	}
	w.overlaid = false
	if _, err := s.builtSeconds(outcome{wall: time.Second}, w); err == nil {
		t.Error("what is in an overlay passes for a build without one")
	}
}

func TestFreshTreeForgetsOverlays(t *testing.T) {
	s := testSession(t)
	left := filepath.Join(s.overlay("upper"), "hello")
	writeFile(t, left, "")
	if err := s.freshTree(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(left); !os.IsNotExist(err) {
		t.Errorf("got %v", err)
	}
}

// The fake does what try does with its arguments: a shell reads them, joined.
func TestTryGetsTheCommandQuoted(t *testing.T) {
	s := testSession(t)
	fake := filepath.Join(t.TempDir(), "try")
	writeFile(t, fake, "#!/bin/sh\necho $1 ${2##*/}\nshift 2\necho \"$@\" | sh\n")
	if err := os.Chmod(fake, 0o755); err != nil {
		t.Fatal(err)
	}
	s.opt.try = fake
	for _, v := range s.overlayPeers() {
		if v.name != "try" {
			continue
		}
		o, err := s.run(t.Context(), command{argv: v.argv(s.tree(), false, "sh", "-c", "cd / && pwd")})
		if err != nil || o.stdout != "-N try\n/\n" {
			t.Errorf("%q, %v %s", o.stdout, err, o.failure)
		}
	}
}

func TestTryThatIsNotThereIsNamed(t *testing.T) {
	s := testSession(t)
	s.opt.try = filepath.Join(t.TempDir(), "try")
	if _, why := s.findTry(); !strings.Contains(why, "-try") {
		t.Errorf("got %q", why)
	}
}

func TestCommitAndCopyAreChecked(t *testing.T) {
	s := testSession(t)
	m := manyFiles{120}
	if err := s.committed(m); err == nil {
		t.Error("nothing passes for a commit")
	}
	if err := m.make(s, filepath.Join(s.tree(), "copy")); err != nil {
		t.Fatal(err)
	}
	if err := s.committed(m); err != nil {
		t.Error(err)
	}
	if dirs, _ := filepath.Glob(filepath.Join(s.tree(), "copy", "*")); len(dirs) != 3 {
		t.Errorf("%d directories", len(dirs))
	}
}
