package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A guard that is not where it was is one that nobody takes out any more.
func TestEveryGuardIsThere(t *testing.T) {
	root, err := moduleRoot()
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range guards {
		for _, e := range g.edits {
			data, err := os.ReadFile(filepath.Join(root, e.file))
			if err != nil {
				t.Fatal(err)
			}
			if n := strings.Count(string(data), e.old); n != 1 || e.old == e.new {
				t.Errorf("%s: its text is %d times in %s", g.name, n, e.file)
			}
		}
	}
}
