package executor

import (
	"errors"
	"os"
	"slices"
	"testing"

	"github.com/catbox-go/catbox"
	"github.com/catbox-go/catbox/record"
)

// landlocked is the executor, if it works here.
func landlocked(t *testing.T) *Landlock {
	t.Helper()
	e := &Landlock{}
	need(t, e)
	return e
}

func TestLandlockHasNoNamespaces(t *testing.T) {
	e := landlocked(t)
	for _, name := range []string{"user", "mnt", "pid", "net"} {
		ours, err := os.Readlink("/proc/self/ns/" + name)
		if err != nil {
			t.Fatal(err)
		}
		r := run(t, e, Spec{Command: []string{"readlink", "/proc/self/ns/" + name}, Writable: WritableNone()})
		want(t, r, 0, ours+"\n", "")
	}
}

func TestLandlockTellsViolations(t *testing.T) {
	e := landlocked(t)
	file := t.TempDir() + "/new"
	r := run(t, e, Spec{Command: canWrite(file), Writable: WritableNone()})
	if !slices.ContainsFunc(r.Violations, func(v record.Violation) bool { return v.Canonical == file }) {
		t.Errorf("violations %v, want one of %s", r.Violations, file)
	}
}

func TestLandlockHasNoRoot(t *testing.T) {
	_, err := landlocked(t).Run(t.Context(), Spec{Command: []string{"true"}, Root: tree(t)})
	var unsupported *UnsupportedError
	if !errors.As(err, &unsupported) || unsupported.Field != "Root" || !slices.Equal(unsupported.Supported, []string{"/"}) {
		t.Errorf("%v", err)
	}
	_, err = landlocked(t).Run(t.Context(), Spec{Command: []string{"true"}, ExtraMounts: []Mount{{Target: "/mnt", Type: "tmpfs"}}})
	if !errors.As(err, &unsupported) || unsupported.Field != "ExtraMounts" {
		t.Errorf("%v", err)
	}
}

func TestLandlockIsConfigured(t *testing.T) {
	e := landlocked(t)
	e.Configure = func(c *catbox.Cmd) { c.FakeRoot = &catbox.FakeRoot{Mode: catbox.FakeNone} }
	want(t, run(t, e, Spec{Command: []string{"id", "-u"}}), 0, "0\n", "")
}
