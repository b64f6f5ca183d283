package catbox_test

import (
	"os"
	"testing"

	"go.uber.org/goleak"

	"github.com/catbox-go/catbox"
	"github.com/catbox-go/catbox/policy"
)

// TestRunsLeaveNothing counts descriptors, threads and goroutines over many runs.
func TestRunsLeaveNothing(t *testing.T) {
	before := goleak.IgnoreCurrent()
	runOnce(t) // what is made once is made here
	files, threads := entriesOf(t, "/proc/self/fd"), entriesOf(t, "/proc/self/task")
	for range 30 {
		runOnce(t)
	}
	if n := entriesOf(t, "/proc/self/fd"); n > files {
		t.Errorf("%d descriptors after 30 runs, %d after one", n, files)
	}
	if n := entriesOf(t, "/proc/self/task"); n > threads+6 { // the runtime keeps some
		t.Errorf("%d threads after 30 runs, %d after one", n, threads)
	}
	goleak.VerifyNone(t, before)
}

func runOnce(t *testing.T) {
	t.Helper()
	c := catbox.Command("sh", "-c", "echo x > here; true > /etc/hostname; sleep 100 & exit 0")
	c.Dir = t.TempDir()
	c.Policy = c.Policy.Allow(policy.Write, c.Dir)
	if err := c.Run(); err != nil {
		t.Fatal(err)
	}
	if r := c.Result(); len(r.Violations) != 1 || len(r.Leftover) != 1 {
		t.Fatalf("violations %v, left over %v", r.Violations, r.Leftover)
	}
}

func entriesOf(t *testing.T, dir string) int {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}
