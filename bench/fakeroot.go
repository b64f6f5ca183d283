//go:build linux

package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// fakeVariants are those that make a command believe to be root.
var fakeVariants = []string{"native", "catbox-fakeroot", "catbox-subuid", "fakeroot", "pseudo", "proot-0"}

// fakeReferences: what it costs, and what one has today.
var fakeReferences = []string{"native", "fakeroot", "pseudo"}

func fakerootVariants(catbox, why string) []variant {
	return []variant{
		{name: "catbox-fakeroot", wrap: prefix(catbox, "fakeroot", "--"), status: true, watched: true, missing: why},
		{name: "catbox-subuid", wrap: prefix(catbox, "fakeroot", "--fakeroot-mode", "subuid", "--"), status: true, watched: true,
			missing: cmp.Or(why, needPackage("newuidmap", "uidmap"))},
		{name: "fakeroot", wrap: prefix("fakeroot", "--"), missing: needPackage("fakeroot", "fakeroot")},
		{name: "pseudo", wrap: pseudo, missing: needPackage("pseudo", "pseudo")},
		{name: "proot-0", wrap: prefix("proot", "-0"), slow: true, missing: needPackage("proot", "proot")},
	}
}

// pseudo keeps its state in the tree, and is not done before its server is: it
// would hold the state of the next run otherwise.
func pseudo(dir string) []string {
	return []string{"env", "PSEUDO_PREFIX=/usr", "PSEUDO_LOCALSTATEDIR=" + filepath.Join(dir, ".tmp"),
		"sh", "-c", `pseudo "$@"; status=$?; pseudo -S; exit $status`, "sh"}
}

// storm is what a package's build does to its files, one kind after the other.
// Ids are the caller's: the same call succeeds natively, too. A command that
// lists has a pipe or a file to write to: tar does not read for /dev/null.
type storm struct{ name, title, shell string }

// argv has a static shell for a static program.
func (st storm) argv() []string {
	if strings.HasPrefix(st.name, "static-") {
		return []string{"busybox", "sh", "-c", st.shell}
	}
	return []string{"sh", "-c", st.shell}
}

func (s *session) storms() []storm {
	ids := fmt.Sprintf("%d:%d", os.Getuid(), os.Getgid())
	if c := s.who.cred; c != nil {
		ids = fmt.Sprintf("%d:%d", c.Uid, c.Gid)
	}
	return []storm{
		{"stat", "stat of each", "find files -type f -print0 | xargs -0 stat -c %u >.tmp/out"},
		{"chown", "chown -R", "chown -R " + ids + " files"},
		{"chmod", "chmod -R", "chmod -R 4711 files"},
		{"find", "find -ls", "find files -ls >.tmp/out"},
		{"tar", "tar c", "tar -c files | cat >.tmp/out"},
		{"pack", "chown, chmod and tar c, in one run", "chown -R " + ids + " files && chmod -R go=rX files && tar -c files | cat >.tmp/out"},
		{"unlink", "rm -r", "rm -r files"},
		{"static-stat", "stat of each, static program", "busybox find files -type f -print0 | busybox xargs -0 busybox stat -c %u >.tmp/out"},
		{"static-chown", "chown -R, static program", "busybox chown -R " + ids + " files"},
		{"static-chmod", "chmod -R, static program", "busybox chmod -R 4711 files"},
		{"static-tar", "tar c, static program", "busybox tar -c files | busybox cat >.tmp/out"},
		{"static-unlink", "rm -r, static program", "busybox rm -r files"},
	}
}

// measureStorm gives wall time for each file, with the tool's own start in it.
// A tool in the C library does not see a static program: its rows of those say
// nothing but that.
func (s *session) measureStorm(ctx context.Context) error {
	n := s.opt.pick(10000, 2000)
	for _, st := range s.storms() {
		err := s.measure(ctx, trial{
			benchmark: benchmark{Name: "fakeroot-storm/" + st.name, Unit: "us", References: fakeReferences,
				Title: fmt.Sprintf("%d files, %s; wall time for each file", n, st.title)},
			variants: fakeVariants,
			rounds:   s.opt.runs,
			status:   true,
			argv:     st.argv(),
			setUp:    func(context.Context) error { return s.treeOfFiles(n) },
			value:    func(o outcome) (float64, error) { return o.wall.Seconds() * 1e6 / float64(n), nil },
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// treeOfFiles makes directories of a hundred files.
func (s *session) treeOfFiles(n int) error {
	if err := s.freshTree(); err != nil {
		return err
	}
	root := filepath.Join(s.tree(), "files")
	if err := s.ownDir(root); err != nil {
		return err
	}
	for i := range n {
		dir := filepath.Join(root, strconv.Itoa(i/100))
		if i%100 == 0 {
			if err := s.ownDir(dir); err != nil {
				return err
			}
		}
		name := filepath.Join(dir, strconv.Itoa(i))
		if err := os.WriteFile(name, []byte("bytes\n"), 0o644); err != nil {
			return err
		}
		if err := s.who.own(name); err != nil {
			return err
		}
	}
	return s.settle()
}

func (s *session) ownDir(dir string) error {
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	return s.who.own(dir)
}

// measureNofile starts /bin/true with few and with as many descriptors as there
// may be: some tools close each that might be open.
func (s *session) measureNofile(ctx context.Context) error {
	if err := s.freshTree(); err != nil {
		return err
	}
	most, err := raiseNofile()
	if err != nil {
		return err
	}
	for _, limit := range []uint64{1024, most} {
		err := s.measure(ctx, trial{
			benchmark: benchmark{Name: fmt.Sprintf("fakeroot-start/%d", limit), Unit: "ms", References: fakeReferences,
				Title: fmt.Sprintf("start, run and end /bin/true with nofile at %d", limit)},
			variants: fakeVariants,
			rounds:   s.opt.pick(20, 3),
			before:   []string{"prlimit", fmt.Sprintf("--nofile=%d:%d", limit, limit)},
			argv:     []string{"/bin/true"},
			value:    wallMilliseconds,
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// raiseNofile gets the hard limit to 2^30, or as far as it goes: to
// fs.nr_open (proc_sys_fs(5)) as root, not at all otherwise.
func raiseNofile() (uint64, error) {
	var l unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &l); err != nil {
		return 0, os.NewSyscallError("getrlimit", err)
	}
	for most := uint64(1) << 30; most > l.Max; most /= 2 {
		if unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: l.Cur, Max: most}) == nil {
			return most, nil
		}
	}
	return l.Max, nil
}

// measureFakeHello is the build of GNU hello by one who believes to be root.
func (s *session) measureFakeHello(ctx context.Context) error {
	return s.measureSource(ctx, "hello", workload{name: "fakeroot-hello", shell: "./configure && make", product: "hello",
		variants: fakeVariants, references: fakeReferences})
}
