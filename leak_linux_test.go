package catbox_test

import (
	"os"
	"testing"
	"time"

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
	if n := settled(t, "/proc/self/fd", files); n > files {
		t.Errorf("%d descriptors after 30 runs, %d after one", n, files)
	}
	if n := settled(t, "/proc/self/task", threads+6); n > threads+6 { // the runtime keeps some
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

// settled returns how many entries there are once there are no more than most: the
// first process of a brief run is reaped after the run's end is told.
func settled(t *testing.T, dir string, most int) int {
	t.Helper()
	for end := time.Now().Add(5 * time.Second); ; time.Sleep(time.Millisecond) {
		if n := entriesOf(t, dir); n <= most || time.Now().After(end) {
			return n
		}
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
