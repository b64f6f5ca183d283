// Package packagestest makes root directories with databases of package managers,
// for tests.
package packagestest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

// Root unpacks an archive (see txtar) into a directory, which is removed after the
// test. A file "links" in it has lines "NAME -> TARGET".
func Root(t testing.TB, archive string) string {
	t.Helper()
	parsed, err := txtar.ParseFile(archive)
	if err != nil {
		t.Fatal(err)
	}
	root := t.TempDir()
	for _, f := range parsed.Files {
		if f.Name == "links" {
			makeLinks(t, root, string(f.Data))
			continue
		}
		Write(t, filepath.Join(root, f.Name), f.Data)
	}
	return root
}

func makeLinks(t testing.TB, root, links string) {
	t.Helper()
	for line := range strings.Lines(links) {
		name, target, ok := strings.Cut(strings.TrimSpace(line), " -> ")
		if !ok {
			t.Fatalf("links: %q", line)
		}
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(target, path); err != nil {
			t.Fatal(err)
		}
	}
}

// Write writes the file, and the directories that it is in.
func Write(t testing.TB, path string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
}
