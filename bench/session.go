//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// session is one run of the driver: where it works, as whom, with which
// variants. It owns its temporary directory.
type session struct {
	opt      options
	who      identity
	dir      string // bin/ has what was built, tree/ is the measured command's
	cache    string // the measured user's; holds what is made once for a user
	variants map[string]variant
	report   *report

	binary, noBinary string // catbox, or why there is none
}

func newSession(ctx context.Context, o options) (*session, error) {
	if err := becomeSubreaper(); err != nil {
		return nil, err
	}
	who, err := chooseIdentity(o.user, o.asRoot)
	if err != nil {
		return nil, err
	}
	if err := needTools("gcc", "make", "tar"); err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(o.dir, "catbox-bench-")
	if err != nil {
		return nil, err
	}
	s := &session{opt: o, who: who, dir: dir}
	if err := s.prepare(ctx); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

func (s *session) prepare(ctx context.Context) error {
	// MkdirTemp makes it private to us, but it is another user who measures, and some
	// overlays can't be written below directories of others.
	if err := errors.Join(os.Chmod(s.dir, 0o755), s.who.own(s.dir)); err != nil {
		return err
	}
	if err := os.Mkdir(s.bin(""), 0o755); err != nil {
		return err
	}
	if err := s.makeCache(); err != nil {
		return err
	}
	if err := s.compile(ctx); err != nil {
		return err
	}
	s.binary, s.noBinary = s.catbox(ctx)
	s.admit(ctx, allVariants(s, s.binary, s.noBinary)...)
	s.report = newReport(s, s.binary)
	return ctx.Err()
}

func (s *session) close() error {
	err := os.RemoveAll(s.dir)
	if s.cache != "" {
		err = errors.Join(err, os.RemoveAll(s.cache))
	}
	return err
}

// makeCache makes the user's cache directory. It is in /tmp, where -dir may not be:
// in an overlay, what lies beside catbox's own cache can't be written if it belongs to
// somebody else (docs/root-filesystems.md).
func (s *session) makeCache() (err error) {
	if s.cache, err = os.MkdirTemp("/tmp", "catbox-bench-cache-"); err != nil {
		return err
	}
	return s.who.own(s.cache)
}

func (s *session) freshCache() error {
	if err := os.RemoveAll(s.cache); err != nil {
		return err
	}
	return s.ownDir(s.cache)
}

func (s *session) bin(name string) string { return filepath.Join(s.dir, "bin", name) }
func (s *session) tree() string           { return filepath.Join(s.dir, "tree") }

// freshTree empties the only directory that measured commands may write to, and the
// places of overlays. It has the same path in every run, and holds TMPDIR, so that all variants use
// the same file system.
func (s *session) freshTree() error {
	if err := os.RemoveAll(s.tree()); err != nil {
		return err
	}
	for _, dir := range []string{s.tree(), s.tmp()} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			return err
		}
		if err := s.who.own(dir); err != nil {
			return err
		}
	}
	for _, name := range measured {
		if err := os.Link(s.bin(name), s.program(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return s.freshOverlays()
}

// measured are the programs that measure from inside. A run sees of the temporary
// directories only what it may write, so they are there too.
var measured = []string{"call", "writers"}

func (s *session) program(name string) string { return filepath.Join(s.tmp(), name) }

func (s *session) tmp() string { return filepath.Join(s.tree(), ".tmp") }

// benchmarkNames are the words that -only takes.
func benchmarkNames() []string {
	var names []string
	for _, g := range groups {
		names = append(names, g.name)
	}
	return names
}

// groups are measured in this order; the short ones first.
var groups = []struct {
	name    string
	measure func(*session, context.Context) error
}{
	{"start", (*session).measureStart},
	{"call", (*session).measureCalls},
	{"parallel", (*session).measureParallel},
	{"many", (*session).measureMany},
	{"lua", (*session).measureLua},
	{"hello", (*session).measureHello},
	{"fakeroot-start", (*session).measureNofile},
	{"fakeroot-storm", (*session).measureStorm},
	{"fakeroot-hello", (*session).measureFakeHello},
	{"record-hello", (*session).measureRecordHello},
	{"record-lua", (*session).measureRecordLua},
	{"record-sqlite", (*session).measureRecordSQLite},
	{"report", (*session).measureReport},
	{"root-start", (*session).measureRootStart},
	{"overlay-start", (*session).measureOverlayStart},
	{"overlay-hello", (*session).measureOverlayHello},
	{"changes-commit", (*session).measureCommit},
	{"image-unpack", (*session).measureUnpack},
}

func (s *session) measureAll(ctx context.Context) error {
	for _, g := range groups {
		if !s.opt.wants(g.name) {
			continue
		}
		if err := g.measure(s, ctx); err != nil {
			return fmt.Errorf("%s: %w", g.name, err)
		}
	}
	return nil
}

func (s *session) progress(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "bench: "+format+"\n", args...)
}
