package executor

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/catbox-go/catbox"
)

// The tests in this file hold the command lines of the programs, also where
// they are not installed.

// contractSpec has all that a program is told, in a root with /data/1 and /usr.
func contractSpec(t *testing.T) Spec {
	t.Helper()
	root, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(root, "data/1/canary"), "", 0o644)
	s, err := Spec{
		Command: []string{"make", "-k"}, Root: root, Dir: "/data", Network: Isolated, Mounts: Isolated,
		Writable: WritableOnly("data/1", "/tmp"),
		ExtraMounts: []Mount{
			{Target: "proc", Type: "proc"},
			{Source: "none", Target: "/tmp", Type: "tmpfs"},
			{Source: "/usr", Target: "/usr", Options: []string{"bind"}},
		},
	}.validate()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func checkLine(t *testing.T, s Spec, got []string, expected string) {
	t.Helper()
	for i := range got {
		got[i] = strings.ReplaceAll(got[i], s.Root, "ROOT")
	}
	if diff := cmp.Diff(strings.Fields(expected), got); diff != "" {
		t.Errorf("command line (-want +got):\n%s", diff)
	}
	for _, dir := range []string{"proc", "tmp", "usr"} {
		if _, err := os.Lstat(filepath.Join(s.Root, dir)); err != nil {
			t.Errorf("the target is not made: %v", err)
		}
	}
}

func TestBubblewrapCommandLine(t *testing.T) {
	s := contractSpec(t)
	b := &Bubblewrap{found: newBwrap()}
	b.found.path = "bwrap"
	got, err := b.commandLine(&s)
	if err != nil {
		t.Fatal(err)
	}
	checkLine(t, s, got, `bwrap --json-status-fd 3 --die-with-parent --unshare-net --unshare-pid --unshare-ipc --cap-drop CAP_SYS_ADMIN
		--ro-bind ROOT / --proc /proc --tmpfs /tmp --ro-bind /usr /usr --dev-bind ROOT/data/1 /data/1
		--remount-ro /proc --chdir /data -- make -k`)
}

func TestLinuxUserChrootCommandLine(t *testing.T) {
	s := contractSpec(t)
	scratch := t.TempDir()
	u := newUserChroot()
	u.path = "linux-user-chroot"
	got, err := u.commandLine(&s, scratch)
	if err != nil {
		t.Fatal(err)
	}
	up := strings.Repeat("/..", strings.Count(s.Root, "/"))
	for i := range got {
		got[i] = strings.ReplaceAll(strings.ReplaceAll(got[i], scratch, "SCRATCH"), up+"SCRATCH", "UP/SCRATCH")
	}
	checkLine(t, s, got, `linux-user-chroot --unshare-net --unshare-pid --unshare-ipc
		--mount-bind ROOT/data/1 UP/SCRATCH/3 --mount-readonly /
		--mount-proc /proc --mount-readonly /proc --mount-bind SCRATCH/tmpfs/tmp /tmp
		--mount-bind /usr /usr --mount-readonly /usr --mount-bind SCRATCH/3 /data/1
		--chdir /data ROOT make -k`)
}

func TestNothingIsolatedCommandLines(t *testing.T) {
	s, err := Spec{Command: []string{"true"}, Dir: "/"}.validate()
	if err != nil {
		t.Fatal(err)
	}
	b, u := &Bubblewrap{found: newBwrap()}, newUserChroot()
	b.found.path, u.path = "bwrap", "linux-user-chroot"
	bwrap, err1 := b.commandLine(&s)
	chroot, err2 := u.commandLine(&s, t.TempDir())
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	if want := strings.Fields("bwrap --json-status-fd 3 --die-with-parent --dev-bind / / --chdir / -- true"); !slices.Equal(bwrap, want) {
		t.Errorf("%q", bwrap)
	}
	if want := strings.Fields("linux-user-chroot --chdir / / true"); !slices.Equal(chroot, want) {
		t.Errorf("%q", chroot)
	}
}

func TestWhatCannotBeDoneIsRefused(t *testing.T) {
	forEach(t, func(t *testing.T, e Executor) {
		for field, s := range map[string]Spec{
			"Network":  {Network: Isolated},
			"Mounts":   {Mounts: Isolated},
			"Writable": {Writable: WritableOnly("/data")},
		} {
			s.Command, s.Root = []string{"true"}, treeFor(t, e)
			_, changes := Degrade(e, s, nil)
			_, err := e.Run(t.Context(), s)
			var unsupported *UnsupportedError
			switch {
			case len(changes) == 0 && err != nil:
				t.Errorf("%s can be done: %v", field, err)
			case len(changes) > 0 && (!errors.As(err, &unsupported) || unsupported.Field != field || unsupported.Value != changes[0].From || len(unsupported.Supported) == 0):
				t.Errorf("%s: %v, changes %v", field, err, changes)
			}
		}
		_, err := e.Run(t.Context(), Spec{Command: []string{"true"}, Root: treeFor(t, e), ExtraMounts: []Mount{{Target: "/mnt", Type: "no-such-type"}}})
		if err == nil {
			t.Error("a type of file system that there is not: no error")
		}
	})
}

func TestWithoutTheProgram(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	for e, text := range map[Executor]string{&Bubblewrap{found: newBwrap()}: "Debian package bubblewrap", newUserChroot(): "build it from its source"} {
		_, err := e.Run(t.Context(), Spec{Command: []string{"true"}})
		var unavailable *UnavailableError
		if !errors.As(err, &unavailable) || !strings.Contains(err.Error(), text) || e.Capabilities().Err == nil {
			t.Errorf("%s: %v", e.Name(), err)
		}
	}
}

func TestProgramThatDoesNotWork(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "bwrap"), "#!/bin/sh\necho bwrap: no permissions >&2; exit 1\n", 0o755)
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	b := &Bubblewrap{found: newBwrap()}
	if err := b.Capabilities().Err; err == nil || !strings.Contains(err.Error(), "bwrap: no permissions") {
		t.Errorf("%v", err)
	}
	if e, err := choose([]Executor{b, chrootStandIn{}}, func(string) string { return "" }, nil); err != nil || e.Name() != "stand-in" {
		t.Errorf("chosen: %v, %v", e, err)
	}
	if e, err := choose([]Executor{b}, func(string) string { return "" }, nil); err == nil {
		t.Errorf("none works, and chosen: %v", e)
	}
}

// chrootStandIn is an executor that works.
type chrootStandIn struct{ *Chroot }

func (chrootStandIn) Name() string               { return "stand-in" }
func (chrootStandIn) Capabilities() Capabilities { return Capabilities{} }

func TestGet(t *testing.T) {
	for _, name := range []string{"linux-user-chroot", "linux_user_chroot"} {
		if e, err := Get(name); err != nil || e.Name() != "linux-user-chroot" {
			t.Errorf("%s: %v, %v", name, e, err)
		}
	}
	if _, err := Get("unknown"); err == nil || !strings.Contains(err.Error(), "native, bubblewrap, linux-user-chroot, landlock or chroot") {
		t.Errorf("%v", err)
	}
}

func TestNativeTellsViolations(t *testing.T) {
	e := &Native{}
	need(t, e)
	root := treeFor(t, e)
	r := run(t, e, Spec{Command: canWrite("/data/1/canary"), Root: root, Writable: WritableNone()})
	if len(r.Violations) != 1 || r.Violations[0].Canonical != "/data/1/canary" {
		t.Errorf("violations %v", r.Violations)
	}
	r = run(t, &Native{Configure: func(c *catbox.Cmd) { c.FakeRoot = &catbox.FakeRoot{} }}, Spec{Command: []string{"id", "-u"}})
	want(t, r, 0, "0\n", "")
}

// A bind is said by the type or by the option.
func TestBindByTheType(t *testing.T) {
	forEach(t, func(t *testing.T, e Executor) {
		dir := t.TempDir()
		write(t, filepath.Join(dir, "f"), "bound", 0o644)
		want(t, run(t, e, Spec{Command: []string{"cat", "/mnt/f"}, Root: treeFor(t, e), ExtraMounts: []Mount{{Source: dir, Target: "mnt", Type: "bind"}}}), 0, "bound", "")
	})
}

func TestEnvironmentVars(t *testing.T) {
	if got := EnvironmentVars("A=1", "PATH=/x", "A=2"); !slices.Equal(got, []string{"PATH=/x", "A=2"}) {
		t.Errorf("%q", got)
	}
	if got := EnvironmentVars(); !slices.Equal(got, BaseEnvironment()) || len(got) != 1 {
		t.Errorf("%q", got)
	}
}

// A target, or a link on the way to it, does not lead out of the root.
func TestTargetsStayInTheRoot(t *testing.T) {
	forEach(t, func(t *testing.T, e Executor) {
		root, outside := treeFor(t, e), t.TempDir()
		if err := os.Symlink(outside, filepath.Join(root, "out")); err != nil {
			t.Fatal(err)
		}
		for _, target := range []string{"/out/new", "/../../new"} {
			e.Run(t.Context(), Spec{Command: []string{"true"}, Root: root, ExtraMounts: []Mount{{Target: target, Type: "tmpfs"}}})
		}
		if entries, err := os.ReadDir(outside); err != nil || len(entries) > 0 {
			t.Errorf("outside the root: %v, %v", entries, err)
		}
	})
}

func TestBindMounts(t *testing.T) {
	forEach(t, func(t *testing.T, e Executor) {
		source := t.TempDir()
		write(t, filepath.Join(source, "f"), "text", 0o644)
		s := Spec{Command: []string{"cat", "/mnt/x/f"}, Root: treeFor(t, e), ExtraMounts: []Mount{{Source: source, Target: "/mnt/x", Options: []string{"bind"}}}}
		want(t, run(t, e, s), 0, "text", "")
		s.Command = canWrite("/mnt/x/new")
		want(t, run(t, e, s), 0, "wrote\n", "")
		s.ExtraMounts[0].Options = []string{"bind", "ro"}
		want(t, run(t, e, s), 0, "refused\n", "")
	})
}

func TestBubblewrapHasDevices(t *testing.T) {
	e := &Bubblewrap{found: newBwrap()}
	need(t, e)
	s := Spec{Command: []string{"sh", "-c", "echo x >/dev/null && test -c /dev/zero && ! test -e /dev/mem"}, Root: tree(t), Writable: WritableNone(), ExtraMounts: []Mount{{Source: "dev", Target: "/dev", Type: "dev"}}}
	want(t, run(t, e, s), 0, "", "")
}
