package store_test

import (
	"bufio"
	"io"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/catbox-go/catbox/internal/testenv"
	"github.com/catbox-go/catbox/record"
)

// told is how many accesses the recorder has said that it told, and when.
type told struct {
	mu sync.Mutex
	n  []int
	at []time.Time
}

func (s *told) follow(r io.Reader) {
	for lines := bufio.NewScanner(r); lines.Scan(); {
		if n, err := strconv.Atoi(lines.Text()); err == nil {
			s.mu.Lock()
			s.n, s.at = append(s.n, n), append(s.at, time.Now())
			s.mu.Unlock()
		}
	}
}

// before is how many it had told by then.
func (s *told) before(at time.Time) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.n {
		if s.at[i].Before(at) {
			n = s.n[i]
		}
	}
	return n
}

// kill starts a recorder and kills it after a while.
func kill(t *testing.T, path, version string, pause, after time.Duration) (s *told, at time.Time) {
	t.Helper()
	cmd := testenv.Helper(t, "recorder", path, version, pause.String())
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	s = &told{}
	followed := make(chan struct{})
	go func() {
		defer close(followed)
		s.follow(out)
	}()
	time.Sleep(after)
	at = time.Now()
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-followed
	if err := cmd.Wait(); err == nil || err.Error() != "signal: killed" {
		t.Fatal(err)
	}
	return s, at
}

// check reads the record with this package and another SQLite, and returns
// its version and how many accesses it has. They have to be the first ones.
func check(t *testing.T, path string) (version string, n int) {
	t.Helper()
	ids := map[string]bool{}
	for _, e := range read(t, path) {
		switch e := e.(type) {
		case record.Start:
			version = e.Version
		case record.Access:
			ids[e.Path] = true
		}
	}
	for i := range len(ids) {
		if !ids["/"+strconv.Itoa(i)] {
			t.Fatalf("version %s: %d accesses, without %d", version, len(ids), i)
		}
	}
	if got := ask(t, path, "PRAGMA integrity_check"); !slices.Equal(got, []string{"ok"}) {
		t.Error(got)
	}
	// Paths are written before the accesses of their batch.
	const half = "SELECT count(*) FROM path WHERE path <> '/bin/sh' AND id NOT IN (SELECT path FROM access)"
	if got := ask(t, path, half); !slices.Equal(got, []string{"0"}) {
		t.Errorf("half a batch is there: %s paths without an access", got)
	}
	if got, want := python(t, path, "SELECT count(*) FROM accesses"), "ok "+strconv.Itoa(len(ids)); got != want {
		t.Errorf("another SQLite: %s, want %s", got, want)
	}
	return version, len(ids)
}

// python is the answer of the SQLite that Python has, written in C: whether the
// file is whole, and the first value of the query.
func python(t *testing.T, path, query string) string {
	t.Helper()
	const program = `import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
print(db.execute("PRAGMA integrity_check").fetchone()[0], db.execute(sys.argv[2]).fetchone()[0])`
	cmd := exec.Command(testenv.Command(t, "python3"), "-c", program, path, query)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return strings.TrimSpace(string(out))
}

// What waits for the writer and what it is writing are at most this many
// accesses of the recorder.
const inFlight = 2 * (8 << 20) / 224

// Each recorder takes the place of the record that the one before left.
func TestKilledAtAnyMomentARecordIsWhole(t *testing.T) {
	path := filepath.Join(t.TempDir(), "run.db")
	write(t, path, []record.Event{record.Start{Version: "-1"}})
	previous, had := "-1", 0
	begun := 0
	for i := range 25 {
		s, at := kill(t, path, strconv.Itoa(i), 0, time.Duration(rand.Int64N(int64(time.Duration(1+i)*20*time.Millisecond))))
		version, n := check(t, path)
		switch version {
		case previous:
			if n != had {
				t.Errorf("the record of %s had %d accesses and has %d", previous, had, n)
			}
		case strconv.Itoa(i):
			begun++
			if told := s.before(at); told > n+inFlight {
				t.Errorf("%d accesses of %d", n, told)
			}
		default:
			t.Errorf("a record of %q, after %s and %d", version, previous, i)
		}
		previous, had = version, n
	}
	if begun < 5 {
		t.Errorf("only %d of the recorders began", begun)
	}
}

// With time to write, what is lost is what came in a batch's time: a second is
// for a machine that is busy.
func TestAKilledRecordHasAllButTheLastMoments(t *testing.T) {
	for i := range 4 {
		path := filepath.Join(t.TempDir(), "run.db")
		s, at := kill(t, path, "0", time.Millisecond, 1500*time.Millisecond+time.Duration(rand.Int64N(int64(time.Second))))
		_, n := check(t, path)
		if want := s.before(at.Add(-time.Second)); n < want || want == 0 {
			t.Errorf("%d: %d accesses, and a second before there were %d", i, n, want)
		}
	}
}
