package executor

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The tests in this file run commands in the host's own file system.

func TestWritableOnTheHost(t *testing.T) {
	forEach(t, func(t *testing.T, e Executor) {
		open, closed := t.TempDir(), t.TempDir()
		for _, test := range []struct {
			w        Writable
			dir      string
			expected string
		}{
			{WritableOnly(open), open, "wrote\n"},
			{WritableOnly(open), closed, "refused\n"},
			{WritableNone(), open, "refused\n"},
			{WritableAll(), open, "wrote\n"},
		} {
			s := Spec{Command: canWrite(filepath.Join(test.dir, "new")), Dir: "/", Writable: test.w}
			can(t, e, s)
			want(t, run(t, e, s), 0, test.expected, "")
			_, err := os.Lstat(filepath.Join(test.dir, "new"))
			if (err == nil) != (test.expected == "wrote\n") {
				t.Errorf("%v: %s, and the file: %v", test.w, test.expected, err)
			}
			os.Remove(filepath.Join(test.dir, "new"))
		}
	})
}

func TestNullDeviceWorksWhereNothingIsWritable(t *testing.T) {
	forEach(t, func(t *testing.T, e Executor) {
		s := Spec{Command: []string{"sh", "-c", "echo x >/dev/null"}, Writable: WritableNone()}
		can(t, e, s)
		want(t, run(t, e, s), 0, "", "")
	})
}

func TestWritableHasToExist(t *testing.T) {
	forEach(t, func(t *testing.T, e Executor) {
		s := Spec{Command: []string{"true"}, Root: treeFor(t, e), Writable: WritableOnly("/missing")}
		can(t, e, s)
		if _, err := e.Run(t.Context(), s); err == nil {
			t.Error("no error")
		}
	})
}

// What is mounted goes with the command, however that ends.
func TestMountsAreUndoneAfterACrash(t *testing.T) {
	forEach(t, func(t *testing.T, e Executor) {
		before := mountsHere(t)
		e.Run(t.Context(), Spec{
			Command: []string{"sh", "-c", "kill -KILL $$"}, Root: treeFor(t, e),
			ExtraMounts: []Mount{{Target: "/tmp", Type: "tmpfs"}, {Source: t.TempDir(), Target: "/mnt", Options: []string{"bind"}}},
		})
		if diff := cmp.Diff(before, mountsHere(t)); diff != "" {
			t.Errorf("mounts (-before +after):\n%s", diff)
		}
	})
}

// Standard error goes where standard output goes, in the order in which it is written.
func TestMergedCapture(t *testing.T) {
	forEach(t, func(t *testing.T, e Executor) {
		s := Spec{Command: []string{"sh", "-c", "echo a; echo b >&2; echo c"}, Stderr: Merged{}}
		want(t, run(t, e, s), 0, "a\nb\nc\n", "")
	})
}
