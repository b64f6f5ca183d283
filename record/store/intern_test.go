package store

import (
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

func memory(t *testing.T) *sqlite.Conn {
	t.Helper()
	conn, err := sqlite.OpenConn(filepath.Join(t.TempDir(), "db"), sqlite.OpenReadWrite, sqlite.OpenCreate)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := errors.Join(sqlitex.ExecuteScript(conn, schema, nil), execute(conn, "BEGIN")); err != nil {
		t.Fatal(err)
	}
	return conn
}

func TestPathsKeepTheirNumberWhenTheyWereForgotten(t *testing.T) {
	conn := memory(t)
	first, second := newIDs(conn, 2000), newIDs(conn, 2000)
	var err error
	id := func(n *ids, i int) int64 {
		got, e := n.id(fmt.Sprintf("/path/\xff%d", i))
		err = errors.Join(err, e)
		return got
	}
	want := map[int]int64{}
	for i := range 500 {
		want[i] = id(first, i)
	}
	// Forwards what was used lately is forgotten first, backwards last.
	for i := range 500 {
		for _, i := range []int{i, 499 - i} {
			if got := id(first, i); got != want[i] || want[i] != int64(i+1) {
				t.Fatalf("%d was %d and is %d", i, want[i], got)
			}
			if len(first.young)+len(first.old) > 100 {
				t.Fatalf("%d are remembered", len(first.young)+len(first.old))
			}
		}
	}
	// Another goes on where this one ended.
	if id(second, 7) != 8 || id(second, 500) != 501 || err != nil {
		t.Error(err)
	}
	if empty, err := first.id(""); empty != 0 || err != nil {
		t.Error(empty, err)
	}
}

func TestNamesThatWereNotLoadedAreReadFromTheDatabase(t *testing.T) {
	conn := memory(t)
	n := newIDs(conn, 1000)
	for i := range 100 {
		if _, err := n.id(fmt.Sprint("/", i)); err != nil {
			t.Fatal(err)
		}
	}
	names, err := loadNames(conn, 200)
	if err != nil || len(names.loaded) > 20 || len(names.loaded) < 5 {
		t.Fatal(len(names.loaded), err)
	}
	for i := range int64(100) {
		if got, err := names.name(i + 1); got != fmt.Sprint("/", i) || err != nil {
			t.Fatal(i, got, err)
		}
	}
	if got, err := names.name(0); got != "" || err != nil {
		t.Error(got, err)
	}
}

// A full queue has its sender wait; nothing is dropped.
func TestTheQueueIsBoundedAndDropsNothing(t *testing.T) {
	q := newQueue()
	const n = 100_000
	go func() {
		defer q.close()
		for i := range n {
			if err := q.put(numbered(i)); err != nil {
				t.Error(err)
			}
		}
	}()
	next := 0
	for open := true; open; {
		time.Sleep(20 * time.Millisecond) // a slow disk
		q.mu.Lock()
		size := q.size
		q.mu.Unlock()
		if size > queueSize+sizeOf(numbered(0)) {
			t.Errorf("%d bytes wait", size)
		}
		events, more := q.take()
		open = more
		for _, e := range events {
			if e != numbered(next) {
				t.Fatalf("%v at %d", e, next)
			}
			next++
		}
	}
	if next != n {
		t.Errorf("%d of %d", next, n)
	}
	q.fail(errClosed)
	if err := q.put(numbered(0)); err != errClosed {
		t.Error(err)
	}
}

type numbered int

func (numbered) Kind() string { return "numbered" }
