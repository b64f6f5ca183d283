package store_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/catbox-go/catbox/record"
	"github.com/catbox-go/catbox/record/store"
)

// Begin without an event leaves everything as it was; with one, the new record
// takes the old one's place, and nothing else is left.
func TestBegin(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	write := func(begin bool, events ...record.Event) {
		t.Helper()
		w, err := store.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		if begin {
			if err := w.Begin(); err != nil {
				t.Fatal(err)
			}
			for _, f := range store.Files(path)[:3] {
				if _, err := os.Stat(f); err != nil {
					t.Error(err)
				}
			}
		}
		for _, e := range events {
			if err := w.Event(e); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	write(true)
	alone(t, path, false)
	write(true, record.Start{Args: []string{"first"}})
	alone(t, path, true)
	before, _ := os.ReadFile(path)
	write(true)
	alone(t, path, true)
	if after, _ := os.ReadFile(path); string(after) != string(before) {
		t.Error("the old record changed though there was no event")
	}
	write(true, record.Start{Args: []string{"second"}})
	alone(t, path, true)
	if after, _ := os.ReadFile(path); string(after) == string(before) {
		t.Error("the old record is still there")
	}
}

// alone: the record is all that is in its directory, or nothing is.
func alone(t *testing.T, path string, there bool) {
	t.Helper()
	list, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	if there != (len(list) == 1) || len(list) > 1 || there && list[0].Name() != filepath.Base(path) {
		t.Errorf("in the directory: %v", list)
	}
}
