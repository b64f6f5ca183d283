package executor

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/catbox-go/catbox"
	"github.com/catbox-go/catbox/internal/testenv"
)

func TestMain(m *testing.M) {
	catbox.Init()
	os.Exit(m.Run())
}

// supervisedExecutors are those that catbox stands in front of.
var supervisedExecutors = []Executor{&Bubblewrap{Configure: asIs}, &Chroot{Configure: asIs}}

func asIs(*catbox.Cmd) {}

// forEach runs the test over every executor, with catbox in front where it can
// stand there, and over what ForPlatform chooses.
func forEach(t *testing.T, test func(t *testing.T, e Executor)) {
	for _, e := range supervisedExecutors {
		t.Run(e.Name()+", supervised", func(t *testing.T) {
			need(t, e)
			test(t, e)
		})
	}
	for _, e := range executors {
		t.Run(e.Name(), func(t *testing.T) {
			need(t, e)
			test(t, e)
		})
	}
	t.Run("ForPlatform", func(t *testing.T) {
		e, err := ForPlatform(func(text string) { t.Error(text) })
		if err != nil {
			t.Fatal(err)
		}
		test(t, e)
	})
}

// need goes on only if the executor works here. What only root can do is tested
// where the tests are run by root, and what no distribution has is tested by
// scripts/linux-user-chroot-test: neither is a test that was forgotten.
func need(t *testing.T, e Executor) {
	t.Helper()
	err := e.Capabilities().Err
	switch {
	case err == nil:
	case e.Name() == "chroot" && os.Geteuid() != 0:
		testenv.Elsewhere(t, err.Error())
	case e.Name() == "linux-user-chroot" && os.Getenv("CATBOX_TEST_LINUX_USER_CHROOT") != "1":
		testenv.Elsewhere(t, err.Error())
	default:
		testenv.Skip(t, err.Error())
	}
}

// treeFor is tree for an executor, which has to be able to use it.
func treeFor(t *testing.T, e Executor) string {
	t.Helper()
	if !e.Capabilities().Root {
		testenv.Elsewhere(t, e.Name()+" has no root but the host's") // TestLandlockHasNoRoot
	}
	return tree(t)
}

// tree makes a root filesystem with busybox, and a file that is precious.
func tree(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	busybox, err := os.ReadFile(testenv.Command(t, "busybox"))
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(root, "bin/busybox"), string(busybox), 0o755)
	for _, name := range []string{"sh", "cat", "test", "env", "pwd", "id", "ls", "mount", "kill", "true"} {
		if err := os.Symlink("busybox", filepath.Join(root, "bin", name)); err != nil {
			t.Fatal(err)
		}
	}
	write(t, filepath.Join(root, "data/1/canary"), "precious", 0o644)
	return root
}

func write(t *testing.T, path, text string, mode os.FileMode) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}

// run runs the Spec, which has to come to run.
func run(t *testing.T, e Executor, s Spec) Result {
	t.Helper()
	r, err := e.Run(t.Context(), s)
	if err != nil {
		t.Fatalf("%s: %v\n%s", e.Name(), err, r.Err)
	}
	return r
}

// want checks how a command ended, and what it wrote.
func want(t *testing.T, r Result, code int, out, err string) {
	t.Helper()
	if r.ExitCode != code || string(r.Out) != out || string(r.Err) != err {
		t.Errorf("exit %d, out %q, err %q; want %d, %q, %q", r.ExitCode, r.Out, r.Err, code, out, err)
	}
}

// can goes on only if the executor can do it at all; that it refuses what it
// cannot do is tested by TestWhatCannotBeDoneIsRefused.
func can(t *testing.T, e Executor, s Spec) {
	t.Helper()
	if _, changes := Degrade(e, s, nil); len(changes) > 0 {
		testenv.Elsewhere(t, fmt.Sprintf("%s cannot do it: %v", e.Name(), changes))
	}
}

func contents(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// mountsHere are the mounts of this process, which no run may change.
func mountsHere(t *testing.T) string { return contents(t, "/proc/self/mountinfo") }
