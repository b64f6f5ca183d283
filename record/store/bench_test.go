package store_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/catbox-go/catbox/record"
	"github.com/catbox-go/catbox/record/store"
)

// million are the accesses of a big build: 5,000 programs, 100,000 paths.
const million = 1_000_000

func bigBuild(f func(record.Event)) {
	at := time.Unix(1_700_000_000, 0)
	f(record.Start{Time: at, Args: []string{"make"}, Dir: "/src", Detail: "full"})
	paths := make([]string, million/10)
	for i := range paths {
		paths[i] = fmt.Sprintf("/usr/include/library-%d/some/directory/header-%d.h", i%100, i)
	}
	const each = 200
	env := []string{"PATH=/usr/bin:/bin", "HOME=/home/me", "LANG=C"}
	for i := range int64(million / each) {
		f(record.Process{ID: i + 1, Parent: i / 2, PID: int(i), Time: at})
		image := record.Image{
			ID: i + 1, Process: i + 1, Previous: i / 2, Time: at, Path: "/usr/bin/cc1", Dir: "/src",
			Args: []string{"cc1", "-quiet", "-o", fmt.Sprintf("file-%d.o", i)}, Env: env, EnvBase: i / 2,
		}
		if i > 0 {
			image.Env = nil
		}
		f(image)
		for n := range int64(each) {
			at = at.Add(time.Microsecond)
			f(access(i+1, n, paths[(i*each+n)*7919%int64(len(paths))], at))
		}
		f(record.Exit{Process: i + 1, Time: at, Known: true})
	}
	f(record.End{Time: at})
}

func access(image, n int64, path string, at time.Time) record.Access {
	a := record.Access{Image: image, Class: record.ClassRead, Path: path, Count: 1, First: at, Last: at}
	switch n % 10 {
	case 0:
		a.Class, a.Errno = record.ClassAbsent, 2
	case 1:
		a.Class = record.ClassProbe
	case 2:
		a.Path, a.Class = fmt.Sprintf("/src/out/%d/%d.o", image, n), record.ClassCreate
	}
	return a
}

// BenchmarkMillion writes and reads the record of a big build: a few seconds
// and under 2 s on the reference machine, with 2 cores.
func BenchmarkMillion(b *testing.B) {
	path := filepath.Join(b.TempDir(), "big.db")
	b.Run("write", func(b *testing.B) {
		for b.Loop() {
			writeBig(b, path)
		}
	})
	b.Run("each", func(b *testing.B) {
		for b.Loop() {
			accesses := 0
			readBig(b, path, func(e record.Event) error {
				if _, is := e.(record.Access); is {
					accesses++
				}
				return nil
			})
			if accesses != million {
				b.Fatalf("%d accesses", accesses)
			}
		}
	})
	for _, view := range []string{"inputs", "outputs", "absent", "temporary", "environment", "processes", "images", "chain", "accesses"} {
		b.Run(view, func(b *testing.B) {
			for b.Loop() {
				countRows(b, path, "SELECT * FROM "+view)
			}
		})
	}
}

func writeBig(tb testing.TB, path string) {
	tb.Helper()
	w, err := store.Create(path)
	if err != nil {
		tb.Fatal(err)
	}
	bigBuild(func(e record.Event) {
		if err := w.Event(e); err != nil {
			tb.Fatal(err)
		}
	})
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
}

func readBig(tb testing.TB, path string, f func(record.Event) error) {
	tb.Helper()
	s, err := store.Open(path)
	if err != nil {
		tb.Fatal(err)
	}
	defer s.Close()
	if err := s.Each(context.Background(), f); err != nil {
		tb.Fatal(err)
	}
}

func countRows(tb testing.TB, path, query string) (n int) {
	tb.Helper()
	s, err := store.Open(path)
	if err != nil {
		tb.Fatal(err)
	}
	defer s.Close()
	err = s.Query(context.Background(), query, nil, func([]string, []any) error {
		n++
		return nil
	})
	if err != nil {
		tb.Fatal(err)
	}
	return n
}

// What is held in Go's memory are the names, up to a bound, and a few batches.
func TestMemoryIsBounded(t *testing.T) {
	var stats runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&stats)
	before, peak, n := stats.HeapAlloc, uint64(0), 0
	look := func(record.Event) error {
		if n++; n%50_000 == 0 {
			runtime.ReadMemStats(&stats)
			peak = max(peak, stats.HeapAlloc-min(before, stats.HeapAlloc))
		}
		return nil
	}
	path := filepath.Join(t.TempDir(), "big.db")
	w, err := store.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	bigBuild(func(e record.Event) {
		if err := errors.Join(look(e), w.Event(e)); err != nil {
			t.Fatal(err)
		}
	})
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	readBig(t, path, look)
	if peak > 160<<20 || peak == 0 {
		t.Errorf("%d MiB of heap for %d events", peak>>20, n)
	}
}
