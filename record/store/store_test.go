package store_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/catbox-go/catbox/record"
	"github.com/catbox-go/catbox/record/internal/events"
	"github.com/catbox-go/catbox/record/store"
)

// fataler is a test, or rapid's part of one.
type fataler interface {
	Helper()
	Fatal(...any)
	Fatalf(string, ...any)
}

func write(t fataler, path string, all []record.Event) {
	t.Helper()
	w, err := store.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range all {
		if err := w.Event(e); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

func read(t fataler, path string) (all []record.Event) {
	t.Helper()
	s, err := store.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	err = s.Each(context.Background(), func(e record.Event) error {
		all = append(all, e)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// throughJSON writes events as JSON lines and reads them.
func throughJSON(t fataler, all []record.Event) (back []record.Event) {
	t.Helper()
	var lines bytes.Buffer
	enc := record.NewEncoder(&lines)
	for _, e := range all {
		if err := enc.Event(e); err != nil {
			t.Fatal(err)
		}
	}
	d := record.NewDecoder(&lines)
	for {
		e, err := d.Next()
		if err == io.EOF {
			return back
		}
		if err != nil {
			t.Fatal(err)
		}
		back = append(back, e)
	}
}

// sorted has the accesses in an order of their own, after the other events.
func sorted(all []record.Event) []record.Event {
	return slices.SortedStableFunc(slices.Values(all), func(a, b record.Event) int {
		return strings.Compare(accessOrder(a), accessOrder(b))
	})
}

// accessOrder is "" for what is no access.
func accessOrder(e record.Event) string {
	a, is := e.(record.Access)
	if !is {
		return ""
	}
	return fmt.Sprintf("%d %q %q %q %d", a.Image, a.Class, a.Path, a.To, a.Errno)
}

func TestEventsComeBackFromAStoreAndThroughJSON(t *testing.T) {
	dir := t.TempDir()
	n := 0
	rapid.Check(t, func(t *rapid.T) {
		all := events.Record.Draw(t, "record")
		if len(all) == 0 {
			return
		}
		n++
		first, second := filepath.Join(dir, "first.db"), filepath.Join(dir, "second.db")
		write(t, first, all)
		got := read(t, first)
		if diff := cmp.Diff(sorted(events.Sum(all)), sorted(got), cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("-told +read\n%s", diff)
		}
		write(t, second, throughJSON(t, got))
		// A class that the schema does not have may get another number.
		if diff := cmp.Diff(sorted(got), sorted(read(t, second)), cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("store, JSON, store: -first +second\n%s", diff)
		}
	})
	if left, err := os.ReadDir(dir); err != nil || len(left) != 2 || n == 0 {
		t.Errorf("%v, %v, %d records", left, err, n)
	}
}
