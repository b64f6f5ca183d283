package packages

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

// makeRoot unpacks testdata/NAME.txtar into a directory. A file "links" has lines "NAME -> TARGET".
func makeRoot(t *testing.T, name string) string {
	t.Helper()
	archive, err := txtar.ParseFile(filepath.Join("testdata", name+".txtar"))
	if err != nil {
		t.Fatal(err)
	}
	root := t.TempDir()
	for _, f := range archive.Files {
		if f.Name == "links" {
			makeLinks(t, root, string(f.Data))
			continue
		}
		write(t, filepath.Join(root, f.Name), f.Data)
	}
	return root
}

func makeLinks(t *testing.T, root, links string) {
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

func write(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

func open(t *testing.T, root string) *DB {
	t.Helper()
	db, err := Open(root)
	if err != nil {
		t.Fatal(err)
	}
	return db
}

// ids are the owners of the path, in a row.
func ids(all []*Package) string {
	words := make([]string, len(all))
	for i, p := range all {
		words[i] = p.ID()
	}
	return strings.Join(words, " ")
}
