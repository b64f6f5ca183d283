package packages

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/catbox-go/catbox/packages/packagestest"
)

func makeRoot(t *testing.T, name string) string {
	t.Helper()
	return packagestest.Root(t, filepath.Join("testdata", name+".txtar"))
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
