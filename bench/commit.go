//go:build linux

package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
)

// manyFiles are small files in directories of fifty.
type manyFiles struct{ files int }

const filesOfDirectory = 50

// make writes them below dir.
func (m manyFiles) make(s *session, dir string) error {
	if err := s.ownDir(dir); err != nil {
		return err
	}
	for i := range m.files {
		sub := filepath.Join(dir, strconv.Itoa(i/filesOfDirectory))
		if i%filesOfDirectory == 0 {
			if err := s.ownDir(sub); err != nil {
				return err
			}
		}
		name := filepath.Join(sub, strconv.Itoa(i))
		if err := os.WriteFile(name, []byte("a small file, number "+strconv.Itoa(i)+"\n"), 0o644); err != nil {
			return err
		}
		if err := s.who.own(name); err != nil {
			return err
		}
	}
	return nil
}

// check looks whether the last is there.
func (m manyFiles) check(dir string) error {
	last := filepath.Join(dir, strconv.Itoa((m.files-1)/filesOfDirectory), strconv.Itoa(m.files-1))
	_, err := os.Lstat(last)
	return err
}

func (s *session) source() string { return filepath.Join(s.dir, "source") }

// commitVariants are whole commands. Those of a commit and of a copy end in different
// places of the tree.
func (s *session) commitVariants() []variant {
	_, static := staticBusybox()
	return []variant{
		{name: "catbox-commit", wrap: prefix(s.binary, "changes", "commit", s.overlay("new")), missing: cmp.Or(s.noBinary, static)},
		{name: "cp", wrap: prefix("cp", "-a", s.source(), filepath.Join(s.tree(), "copy"))},
		{name: "cp-sync", wrap: prefix("sh", "-c", `cp -a "$1" "$2" && sync -f "$2"`, "sh", s.source(), filepath.Join(s.tree(), "copy"))},
	}
}

// measureCommit has an overlay over a root filesystem made before each run, also of
// cp: the caches are the same then.
func (s *session) measureCommit(ctx context.Context) error {
	m := manyFiles{s.opt.pick(10000, 2000)}
	if err := m.make(s, s.source()); err != nil {
		return err
	}
	s.add(s.commitVariants()...)
	return s.measure(ctx, trial{
		benchmark: benchmark{Name: "changes-commit", Unit: "ms", References: []string{"cp", "cp-sync"},
			Title: fmt.Sprintf("commit of an overlay with %d new files in %d directories", m.files, m.files/filesOfDirectory)},
		variants: []string{"catbox-commit", "cp", "cp-sync"},
		rounds:   s.opt.runs,
		setUp:    s.filledOverlay,
		value: func(o outcome) (float64, error) {
			if err := s.committed(m); err != nil {
				return 0, fmt.Errorf("exit status 0, but not all is there: %w", err)
			}
			return wallMilliseconds(o)
		},
	})
}

// filledOverlay has the files made in an overlay. Without catbox, cp is measured alone.
func (s *session) filledOverlay(ctx context.Context) error {
	if err := s.freshTree(); err != nil {
		return err
	}
	if s.variants["catbox-commit"].missing == "" {
		if err := s.fillOverlay(ctx); err != nil {
			return err
		}
	}
	return s.settle()
}

func (s *session) fillOverlay(ctx context.Context) error {
	root := filepath.Join(s.tree(), "root")
	if err := s.makeRoot(root); err != nil {
		return err
	}
	o, err := s.run(ctx, command{argv: []string{s.binary, "run", "--root", root, "--overlay", s.overlay("new"),
		"--bind", s.source() + ":/mnt:ro", "--", "/bin/cp", "-a", "/mnt", "/files"}})
	if err == nil && o.failure != "" {
		err = errors.New("fill an overlay: " + o.failure)
	}
	return err
}

// committed looks where a commit and where a copy puts the files.
func (s *session) committed(m manyFiles) error {
	err := m.check(filepath.Join(s.tree(), "root", "files"))
	if errors.Is(err, fs.ErrNotExist) {
		err = m.check(filepath.Join(s.tree(), "copy"))
	}
	return err
}
