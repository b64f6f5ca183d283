//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// workload is a build.
type workload struct {
	name       string
	title      string
	shell      string                          // the build, for sh -c
	product    string                          // what a successful build has made
	variants   []string                        // nil: buildVariants
	references []string                        // nil: native
	overlaid   bool                            // the product may be in an overlay
	unpack     func(ctx context.Context) error // into the fresh tree
}

var buildVariants = []string{"native", "catbox", "bubblewrap", "strace", "proot"}

func (s *session) measureHello(ctx context.Context) error {
	return s.measureSource(ctx, "hello", workload{name: "hello", shell: "./configure && make", product: "hello"})
}

func (s *session) measureLua(ctx context.Context) error {
	return s.measureSource(ctx, "lua5.4", workload{name: "lua", shell: "make linux", product: "src/lua"})
}

// measureSource builds the upstream source of a Debian source package.
func (s *session) measureSource(ctx context.Context, pkg string, w workload) error {
	tarball, err := s.fetchSource(ctx, pkg)
	if err != nil {
		return err
	}
	version, _, _ := strings.Cut(filepath.Base(tarball), ".orig.")
	w.title = fmt.Sprintf("%s: %s", version, w.shell)
	if w.variants == nil {
		w.variants = buildVariants
	}
	w.unpack = func(ctx context.Context) error { return s.untar(ctx, tarball) }
	return s.measureBuild(ctx, w)
}

// measureMany builds thousands of targets that do next to nothing: what is left
// is the cost of a process, and what a supervisor keeps for each.
func (s *session) measureMany(ctx context.Context) error {
	n := s.opt.pick(10000, 1000)
	return s.measureBuild(ctx, workload{
		name:     "many",
		title:    fmt.Sprintf("make -j8 of %d targets, a process each", n),
		shell:    "make -s -j8",
		product:  fmt.Sprintf("t/%d", n),
		variants: []string{"native", "catbox", "bubblewrap", "floor-read"},
		unpack:   func(context.Context) error { return s.writeMakefile(n) },
	})
}

func (s *session) writeMakefile(n int) error {
	var b strings.Builder
	b.WriteString("all:\n")
	for i := 1; i <= n; i++ {
		fmt.Fprintf(&b, "all: t/%d\n", i)
	}
	// The quotes keep make from adding a shell of its own.
	b.WriteString("t/%:\n\t@sh -c ':> $@'\n")
	dir := filepath.Join(s.tree(), "t")
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	if err := s.who.own(dir); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(s.tree(), "Makefile"), []byte(b.String()), 0o644)
}

func (s *session) measureBuild(ctx context.Context, w workload) error {
	if err := s.warmUp(ctx, w); err != nil {
		return err
	}
	return s.measure(ctx, trial{
		benchmark: benchmark{Name: w.name, Title: w.title, Unit: "s", References: w.ratiosTo()},
		variants:  w.variants,
		rounds:    s.opt.runs,
		status:    true,
		argv:      []string{"sh", "-c", w.shell},
		setUp:     func(ctx context.Context) error { return s.unpacked(ctx, w) },
		value:     func(o outcome) (float64, error) { return s.builtSeconds(o, w) },
	})
}

func (w workload) ratiosTo() []string {
	if w.references == nil {
		return []string{"native"}
	}
	return w.references
}

// warmUp builds once natively and forgets it: the first build finds a cold
// page cache. If the native build fails here, nothing else is worth a run.
func (s *session) warmUp(ctx context.Context, w workload) error {
	if err := s.unpacked(ctx, w); err != nil {
		return err
	}
	o, err := s.run(ctx, command{argv: []string{"sh", "-c", w.shell}})
	if err == nil && o.failure != "" {
		err = errors.New("native build: " + o.failure)
	}
	return err
}

func (s *session) unpacked(ctx context.Context, w workload) error {
	if err := s.freshTree(); err != nil {
		return err
	}
	if err := w.unpack(ctx); err != nil {
		return err
	}
	return s.settle()
}

// settle writes out what the last run and the unpacking have left, so that the
// next run does not pay for it.
func (s *session) settle() error {
	d, err := os.Open(s.tree())
	if err != nil {
		return err
	}
	defer d.Close()
	return unix.Syncfs(int(d.Fd()))
}

// builtSeconds takes no build's word for it.
func (s *session) builtSeconds(o outcome, w workload) (float64, error) {
	_, err := os.Lstat(filepath.Join(s.tree(), w.product))
	switch {
	case errors.Is(err, fs.ErrNotExist) && w.overlaid && s.inOverlay(w.product):
	case errors.Is(err, fs.ErrNotExist):
		return 0, fmt.Errorf("exit status 0, but %s was not made", w.product)
	case err != nil:
		return 0, err
	}
	return wallSeconds(o)
}

// untar runs as the identity: it owns what it builds. The tarball comes in by
// a descriptor, from a cache that the identity need not be able to read.
func (s *session) untar(ctx context.Context, tarball string) error {
	f, err := os.Open(tarball)
	if err != nil {
		return err
	}
	defer f.Close()
	cmd := exec.CommandContext(ctx, "tar", "-x", decompressor(tarball), "-C", s.tree(), "--strip-components=1")
	cmd.Stdin = f
	cmd.Env = s.environ()
	cmd.SysProcAttr = &unix.SysProcAttr{Credential: s.who.cred}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("unpack %s: %w: %s", filepath.Base(tarball), err, lastLine(string(out)))
	}
	return nil
}

// decompressor is tar's flag: it can't guess on a descriptor.
func decompressor(tarball string) string {
	switch filepath.Ext(tarball) {
	case ".xz":
		return "--xz"
	case ".bz2":
		return "--bzip2"
	}
	return "--gzip"
}
