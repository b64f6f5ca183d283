package executor

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The tests in this file are those of sandboxlib, over every executor.

func TestNoOutput(t *testing.T) {
	forEach(t, func(t *testing.T, e Executor) {
		r := run(t, e, Spec{Command: []string{"echo", "xyzzy"}, Stdout: io.Discard, Stderr: io.Discard})
		if r.ExitCode != 0 || r.Out != nil || r.Err != nil {
			t.Errorf("got %+v", r)
		}
	})
}

func TestOutput(t *testing.T) {
	forEach(t, func(t *testing.T, e Executor) {
		r := run(t, e, Spec{Command: []string{"echo", "xyzzy"}})
		want(t, r, 0, "xyzzy\n", "")
		r = run(t, e, Spec{Command: []string{"sh", "-c", "echo xyzzy >&2; exit 11"}})
		want(t, r, 11, "", "xyzzy\n")
		if r.Out == nil {
			t.Error("captured nothing is not the same as not captured")
		}
	})
}

func TestOutputRedirection(t *testing.T) {
	forEach(t, func(t *testing.T, e Executor) {
		dir := t.TempDir()
		out, err1 := os.Create(filepath.Join(dir, "out"))
		errs, err2 := os.Create(filepath.Join(dir, "err"))
		if err := errors.Join(err1, err2); err != nil {
			t.Fatal(err)
		}
		defer out.Close()
		defer errs.Close()
		both := []string{"sh", "-c", "echo abcde; echo xyzzy >&2"}
		r := run(t, e, Spec{Command: both, Stdout: out, Stderr: errs})
		want(t, r, 0, "", "")
		if o, e := contents(t, out.Name()), contents(t, errs.Name()); o != "abcde\n" || e != "xyzzy\n" {
			t.Errorf("out %q, err %q", o, e)
		}
		run(t, e, Spec{Command: both, Stdout: out, Stderr: Merged{}})
		if o := contents(t, out.Name()); o != "abcde\nabcde\nxyzzy\n" {
			t.Errorf("merged: %q", o)
		}
	})
}

func TestCurrentWorkingDirectory(t *testing.T) {
	forEach(t, func(t *testing.T, e Executor) {
		dir := t.TempDir()
		want(t, run(t, e, Spec{Command: []string{"pwd"}, Dir: dir}), 0, dir+"\n", "")
	})
}

func TestEnvironment(t *testing.T) {
	forEach(t, func(t *testing.T, e Executor) {
		expected := "foo=bar\n"
		if b, ok := e.(*Bubblewrap); ok && b.Configure == nil {
			expected += "PWD=/\n" // bwrap sets it, always
		}
		want(t, run(t, e, Spec{Command: []string{"env"}, Dir: "/", Env: []string{"foo=bar"}}), 0, expected, "")
	})
}

func TestIsolatedMounts(t *testing.T) {
	forEach(t, func(t *testing.T, e Executor) {
		s := Spec{Command: []string{"readlink", "/proc/self/ns/mnt"}, Mounts: Isolated}
		can(t, e, s)
		ours, err := os.Readlink("/proc/self/ns/mnt")
		if err != nil {
			t.Fatal(err)
		}
		if r := run(t, e, s); r.ExitCode != 0 || string(r.Out) == ours+"\n" {
			t.Errorf("mount namespace %s (exit %d, %s), and outside %s", r.Out, r.ExitCode, r.Err, ours)
		}
	})
}

func TestIsolatedNetwork(t *testing.T) {
	forEach(t, func(t *testing.T, e Executor) {
		s := Spec{Command: []string{"sh", "-c", "sed 1,2d /proc/net/dev | cut -f1 -d: | tr -d ' '"}, Network: Isolated}
		can(t, e, s)
		want(t, run(t, e, s), 0, "lo\n", "")
	})
}

func TestMountProc(t *testing.T) {
	forEach(t, func(t *testing.T, e Executor) {
		s := MaximumIsolation(e) // a user can mount /proc only of a process namespace of their own
		s.Command, s.Root = []string{"test", "-e", "/proc/self/status"}, treeFor(t, e)
		s.ExtraMounts = []Mount{{Target: "/proc", Type: "proc"}}
		want(t, run(t, e, s), 0, "", "")
	})
}

func TestMountTmpfs(t *testing.T) {
	forEach(t, func(t *testing.T, e Executor) {
		before := mountsHere(t)
		root := treeFor(t, e)
		r := run(t, e, Spec{
			Command: []string{"sh", "-c", "echo x >/dev/shm/y && cat /dev/shm/y"}, Root: root,
			ExtraMounts: []Mount{{Target: "/dev/shm", Type: "tmpfs"}},
		})
		want(t, r, 0, "x\n", "")
		if _, err := os.Lstat(filepath.Join(root, "dev/shm/y")); err == nil {
			t.Error("what was written to the tmpfs is in the root")
		}
		if diff := cmp.Diff(before, mountsHere(t)); diff != "" {
			t.Errorf("mounts (-before +after):\n%s", diff)
		}
	})
}

func TestInvalidMountSpecs(t *testing.T) {
	forEach(t, func(t *testing.T, e Executor) {
		for _, m := range []Mount{
			{Source: "proc", Type: "tmpfs"},
			{Target: "/", Type: "tmpfs"},
			{Target: "/mnt"},
			{Target: "/mnt", Options: []string{"bind"}},
			{Source: "/usr", Target: "/mnt", Type: "tmpfs", Options: []string{"bind"}},
			{Source: "/not/there", Target: "/mnt", Options: []string{"bind"}},
		} {
			_, err := e.Run(t.Context(), Spec{Command: []string{"true"}, Root: treeFor(t, e), ExtraMounts: []Mount{m}})
			if err == nil {
				t.Errorf("%v: no error", m)
			}
		}
	})
}

// canWrite is a command that tries to write to the file.
func canWrite(path string) []string {
	return []string{"sh", "-c", "(echo ! >" + path + ") 2>&- && echo wrote || echo refused"}
}

func testWritable(t *testing.T, w Writable, file, expected string, mounts ...Mount) {
	t.Helper()
	forEach(t, func(t *testing.T, e Executor) {
		s := Spec{Command: canWrite(file), Root: treeFor(t, e), Writable: w, ExtraMounts: mounts}
		can(t, e, s)
		want(t, run(t, e, s), 0, expected+"\n", "")
		text := contents(t, filepath.Join(s.Root, "data/1/canary"))
		if (file == "/data/1/canary" && expected == "wrote") != (text == "!\n") {
			t.Errorf("%s, and the file has %q", expected, text)
		}
	})
}

func TestNoneWritable(t *testing.T) { testWritable(t, WritableNone(), "/data/1/canary", "refused") }
func TestSomeWritable(t *testing.T) {
	testWritable(t, WritableOnly("/data/1"), "/data/1/canary", "wrote")
}
func TestAllWritable(t *testing.T) { testWritable(t, WritableAll(), "/data/1/canary", "wrote") }
func TestMountPointNotWritable(t *testing.T) {
	testWritable(t, WritableNone(), "/tmp/new", "refused", Mount{Target: "/tmp", Type: "tmpfs"})
}
func TestMountPointWritable(t *testing.T) {
	testWritable(t, WritableOnly("tmp"), "/tmp/new", "wrote", Mount{Target: "/tmp", Type: "tmpfs"})
}

// What lies beside and above a writable path is not writable with it.
func TestNextToWritable(t *testing.T) {
	for _, file := range []string{"/data/new", "/data/1x", "/new", "/bin/new"} {
		testWritable(t, WritableOnly("data/1"), file, "refused")
	}
}

func TestExecutorForPlatform(t *testing.T) {
	e, err := ForPlatform(nil)
	if err != nil {
		t.Fatal(err)
	}
	want(t, run(t, e, Spec{Command: []string{"echo", "xyzzy"}}), 0, "xyzzy\n", "")
}

func TestBackendVariable(t *testing.T) {
	for _, variable := range overrides {
		for _, e := range executors {
			t.Setenv(variable, e.Name())
			if got, err := ForPlatform(nil); err != nil || got != e {
				t.Errorf("%s=%s: %v, %v", variable, e.Name(), got, err)
			}
		}
		t.Setenv(variable, "")
	}
}

func TestBackendVariableNamesNone(t *testing.T) {
	usual, err := ForPlatform(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, variable := range overrides {
		t.Setenv(variable, "unknown")
		var warned []string
		e, err := ForPlatform(func(text string) { warned = append(warned, text) })
		if err != nil || e != usual || len(warned) != 1 {
			t.Errorf("%s: %v, %v, warned %q", variable, e, err, warned)
		}
		t.Setenv(variable, "")
	}
}

func TestDegrade(t *testing.T) {
	forEach(t, func(t *testing.T, e Executor) {
		in := Spec{Command: []string{"true"}, Mounts: Isolated, Network: Isolated, Writable: WritableOnly("/tmp")}
		var warned []string
		out, changes := Degrade(e, in, func(text string) { warned = append(warned, text) })
		if len(warned) != len(changes) {
			t.Errorf("%d changes, warned %q", len(changes), warned)
		}
		if e.Name() == "landlock" { // what is a namespace
			in.Mounts, in.Network = Undefined, Undefined
		}
		if c, ok := e.(*Chroot); ok {
			in.Network = Undefined
			if c.Configure == nil {
				in.Writable = WritableAll()
			}
		}
		if diff := cmp.Diff(in, out, cmp.AllowUnexported(Writable{})); diff != "" {
			t.Error(diff)
		}
		if _, err := e.Run(t.Context(), out); err != nil {
			t.Errorf("what is degraded does not run: %v", err)
		}
	})
}
