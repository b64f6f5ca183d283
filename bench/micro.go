//go:build linux

package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
)

// callKinds are those of c/call.c. The file exists, new does not.
var callKinds = []struct {
	name, title string
	n           int    // calls in a run; mkdir is slow on a journalling file system
	path        string // "" stands for one that must not be written
}{
	{"getppid", "getppid: the filter lets it go on", 200000, "file"},
	{"open-read", "open to read, close: the filter tests the flags and lets it go on", 50000, "file"},
	{"open-write", "open an existing file to write, close: allowed by the supervisor", 20000, "file"},
	{"chmod", "chmod: allowed by the supervisor", 20000, "file"},
	{"mkdir", "mkdir and rmdir, two calls: allowed by the supervisor", 5000, "new"},
	{"denied", "mkdir outside: denied", 20000, ""},
}

// outside can't be written by an ordinary user, whatever the variant.
const outside = "/usr/catbox-bench-denied"

func (s *session) measureCalls(ctx context.Context) error {
	if err := s.treeWithFile(); err != nil {
		return err
	}
	for _, k := range callKinds {
		path := outside
		if k.path != "" {
			path = filepath.Join(s.tree(), k.path)
		}
		err := s.measure(ctx, trial{
			benchmark: benchmark{Name: "call/" + k.name, Title: k.title, Unit: "us",
				References: []string{"native", "floor-bare", "floor-read", "floor-find"}},
			variants: []string{"native", "floor-bare", "floor-read", "floor-find", "catbox"},
			rounds:   s.opt.runs,
			argv:     []string{s.program("call"), k.name, fmt.Sprint(k.n / s.opt.pick(1, 5)), path},
			value:    printedMicroseconds,
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *session) treeWithFile() error {
	if err := s.freshTree(); err != nil {
		return err
	}
	file := filepath.Join(s.tree(), "file")
	if err := os.WriteFile(file, []byte("bytes\n"), 0o644); err != nil {
		return err
	}
	return s.who.own(file)
}

func (s *session) measureStart(ctx context.Context) error {
	if err := s.freshTree(); err != nil {
		return err
	}
	return s.measure(ctx, trial{
		benchmark: benchmark{Name: "start", Title: "start, run and end /bin/true", Unit: "ms",
			References: []string{"native", "bubblewrap"}},
		variants: []string{"native", "catbox", "bubblewrap", "bubblewrap-plain"},
		rounds:   s.opt.pick(300, 30),
		argv:     []string{"/bin/true"},
		value:    wallMilliseconds,
	})
}

func (s *session) measureParallel(ctx context.Context) error {
	files := fmt.Sprint(s.opt.pick(6400, 1280))
	for n := 1; n <= 64; n *= 2 {
		err := s.measure(ctx, trial{
			benchmark: benchmark{Name: fmt.Sprintf("parallel/%d", n), Unit: "us",
				Title:      fmt.Sprintf("%d writers: create, write, unlink; wall time for each file", n),
				References: []string{"native", "floor-read", "floor-find"}},
			variants: []string{"native", "floor-bare", "floor-read", "floor-find", "catbox"},
			rounds:   s.opt.runs,
			argv:     []string{s.program("writers"), fmt.Sprint(n), files, s.tree()},
			setUp:    func(context.Context) error { return s.freshTree() },
			value:    printedMicroseconds,
		})
		if err != nil {
			return err
		}
	}
	return nil
}
