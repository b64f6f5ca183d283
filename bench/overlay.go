//go:build linux

package main

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Below overlays() each way to have an overlay has its place: catbox makes new and
// again itself, the others want theirs to be there.
func (s *session) overlays() string           { return filepath.Join(s.dir, "overlays") }
func (s *session) overlay(name string) string { return filepath.Join(s.overlays(), name) }

// freshOverlays forgets what was written to overlays.
func (s *session) freshOverlays() error {
	if err := os.RemoveAll(s.overlays()); err != nil {
		return err
	}
	for _, name := range []string{"", "upper", "work", "try"} {
		if err := s.ownDir(s.overlay(name)); err != nil {
			return err
		}
	}
	return nil
}

// catboxOverlay is catbox run --overlay DIR, a new one in each run or the same again.
func (s *session) catboxOverlay() []variant {
	in := func(name string) func(string) []string {
		return prefix(s.binary, "run", "--overlay", s.overlay(name), "--")
	}
	return []variant{
		{name: "catbox-overlay", wrap: in("new"), status: true, watched: true, missing: s.noBinary},
		{name: "catbox-overlay-again", wrap: in("again"), missing: s.noBinary},
	}
}

// overlayPeers cover the tree alone, but for try, which covers the whole host.
func (s *session) overlayPeers() []variant {
	upper, work := s.overlay("upper"), s.overlay("work")
	try, noTry := s.findTry()
	return []variant{
		{name: "bubblewrap-overlay", watched: true, missing: bubblewrapOverlay(),
			wrap: func(dir string) []string {
				return []string{"bwrap", "--ro-bind", "/", "/", "--tmpfs", "/tmp", "--overlay-src", dir, "--overlay", upper, work, dir,
					"--proc", "/proc", "--dev", "/dev", "--unshare-all", "--die-with-parent"}
			}},
		{name: "fuse-overlayfs", wrap: func(dir string) []string { return fuseOverlay(dir, upper, work) },
			missing: cmp.Or(needPackage("fuse-overlayfs", "fuse-overlayfs"), needPackage("unshare", "util-linux"))},
		{name: "try", wrap: prefix("sh", "-c", tryScript, try, s.overlay("try")), missing: noTry},
	}
}

// bubblewrapOverlay says why bubblewrap has no overlays: they came with 0.11.
func bubblewrapOverlay() string {
	if why := needPackage("bwrap", "bubblewrap"); why != "" {
		return why
	}
	out, err := exec.Command("bwrap", "--help").CombinedOutput()
	switch {
	case err != nil:
		return "bwrap --help: " + err.Error()
	case !strings.Contains(string(out), "--overlay-src"):
		return "bubblewrap has no --overlay before 0.11"
	}
	return ""
}

// fuseOverlay mounts over dir in namespaces of its own, where an ordinary user may
// mount, and unmounts at the end: the server ends then, not with the command.
func fuseOverlay(dir, upper, work string) []string {
	return []string{"unshare", "--user", "--map-root-user", "--mount", "sh", "-c",
		`dir=$1 && fuse-overlayfs -o "lowerdir=$1,upperdir=$2,workdir=$3" "$1" && cd "$1" && shift 3 || exit 125
"$@"
status=$?
cd / && umount "$dir" && exit $status`, "sh", dir, upper, work}
}

// tryScript quotes the command: try has a shell read it (echo "$@" >script).
const tryScript = `dir=$1 && shift
for word; do line="$line '$word'"; done
exec "$0" -N "$dir" "$line"`

// findTry is the path of -try, or what PATH has.
func (s *session) findTry() (path, why string) {
	path, err := exec.LookPath(cmp.Or(s.opt.try, "try"))
	if err != nil {
		return "", "not installed (https://github.com/binpash/try; give its path with -try)"
	}
	if path, err = filepath.Abs(path); err != nil {
		return "", err.Error()
	}
	return path, ""
}

// measureOverlayStart is the start row in an overlay. An ordinary user's first has to
// make a tree of the host's directories (docs/root-filesystems.md), which later ones
// only compare with the host.
func (s *session) measureOverlayStart(ctx context.Context) error {
	if err := s.freshTree(); err != nil {
		return err
	}
	s.add(s.catboxOverlay()...)
	if err := s.measureFirstOverlay(ctx); err != nil {
		return err
	}
	s.admit(ctx, s.overlayPeers()...)
	if err := s.freshTree(); err != nil {
		return err
	}
	return s.measure(ctx, trial{
		benchmark: benchmark{Name: "overlay-start", Unit: "ms", References: []string{"native"}, Differences: []string{"catbox"},
			Title: "start, run and end /bin/true in an overlay"},
		variants: []string{"native", "catbox", "catbox-overlay", "catbox-overlay-again", "bubblewrap-overlay"},
		rounds:   s.opt.pick(100, 10),
		argv:     []string{"/bin/true"},
		setUp:    func(context.Context) error { return os.RemoveAll(s.overlay("new")) },
		value:    wallMilliseconds,
	})
}

// measureFirstOverlay leaves the tree made.
func (s *session) measureFirstOverlay(ctx context.Context) error {
	return s.measure(ctx, trial{
		benchmark: benchmark{Name: "overlay-start/first", Unit: "ms", Title: "the same, for the first time of this user"},
		variants:  []string{"catbox-overlay"},
		rounds:    s.opt.pick(3, 1),
		argv:      []string{"/bin/true"},
		setUp: func(context.Context) error {
			return errors.Join(os.RemoveAll(s.overlay("new")), s.freshCache())
		},
		value: wallMilliseconds,
	})
}

// measureOverlayHello is the build of GNU hello that leaves its tree as it is. That
// each variant is tried before has catbox's tree of directories made.
func (s *session) measureOverlayHello(ctx context.Context) error {
	s.admit(ctx, append(s.catboxOverlay(), s.overlayPeers()...)...)
	return s.measureSource(ctx, "hello", workload{name: "overlay-hello", shell: "./configure && make", product: "hello", overlaid: true,
		variants: []string{"native", "catbox", "catbox-overlay", "bubblewrap-overlay", "fuse-overlayfs", "try"}})
}

// inOverlay tells whether an overlay has a file of that name, whatever the overlay
// covers: the tree, or the host's whole tree of files.
func (s *session) inOverlay(name string) bool {
	found := errors.New("found")
	err := filepath.WalkDir(s.overlays(), func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil: // the kernel's own work directory is closed
			return nil
		case d.Type().IsRegular() && strings.HasSuffix(path, "/"+name):
			return found
		}
		return nil
	})
	return err == found
}
