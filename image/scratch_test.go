package image_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/catbox-go/catbox/image"
)

// left are the scratch directories of a cache.
func left(t *testing.T, c image.Cache) []string {
	t.Helper()
	all, err := filepath.Glob(filepath.Join(c.Dir, "scratch", "*"))
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestScratchGoesWithItsOwner(t *testing.T) {
	c := image.Cache{Dir: filepath.Join(t.TempDir(), "cache")}
	s, err := c.Scratch()
	if err != nil {
		t.Fatal(err)
	}
	// As overlayfs leaves it.
	if err := os.MkdirAll(filepath.Join(s.Dir, "work/work"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(s.Dir, "work/work"), 0); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Prune(image.PruneOptions{}); err != nil {
		t.Fatal(err)
	}
	if got := left(t, c); len(got) != 1 {
		t.Errorf("a prune leaves %q, with one in use", got)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if got := left(t, c); len(got) != 0 {
		t.Errorf("left: %q", got)
	}
	locks, err := os.ReadDir(filepath.Join(c.Dir, "locks"))
	if err != nil || len(locks) != 0 {
		t.Errorf("locks left: %v, %v", locks, err)
	}
}

func TestScratchOfTheKilled(t *testing.T) {
	c := image.Cache{Dir: filepath.Join(t.TempDir(), "cache")}
	dead := filepath.Join(c.Dir, "scratch", "scratch-dead", "upper")
	if err := os.MkdirAll(dead, 0o700); err != nil {
		t.Fatal(err)
	}
	s, err := c.Scratch()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if got := left(t, c); len(got) != 1 || got[0] != s.Dir {
		t.Errorf("there are %q, want only %q", got, s.Dir)
	}
}
