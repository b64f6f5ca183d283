package catbox_test

import (
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/catbox-go/catbox"
	"github.com/catbox-go/catbox/internal/straced"
	"github.com/catbox-go/catbox/internal/testenv"
	"github.com/catbox-go/catbox/policy"
	"github.com/catbox-go/catbox/record"
)

// TestMarkedCallsAreWhatStraceShows counts the calls by which programs learn of the
// machine, natively under strace and in the record. Those of a static program
// and of a 32-bit one are seen too.
func TestMarkedCallsAreWhatStraceShows(t *testing.T) {
	testenv.Command(t, "strace")
	s := newScene(t, "testdata/marks.txtar")
	s.env = slices.DeleteFunc(s.env, func(v string) bool { return strings.HasPrefix(v, "PYTHONHASHSEED=") })
	for _, argv := range [][]string{
		{"./static"}, {"./small"}, {"uname"}, {"hostname"}, {"nproc"}, {"true"}, {"busybox", "uname"}, {"sh", "-c", "uname; nproc & nproc & wait"},
		{"python3", "-S", "-c", "import os; os.urandom(8); os.sched_getaffinity(0)"}, {"python3", "-c", "import random"},
		{"perl", "-e", "print rand"}, {"openssl", "rand", "8"}, {"bash", "-c", "echo $HOSTNAME $RANDOM"}, {"sort", "-R", "prog.c"}, {"mktemp", "-u"},
	} {
		t.Run(strings.Join(argv, " "), func(t *testing.T) {
			argv := slices.Clone(argv)
			if !strings.Contains(argv[0], "/") {
				argv[0] = testenv.Command(t, argv[0])
			}
			s := *s
			s.T = t
			s.refresh()
			shown := s.shownMarks(argv)
			s.refresh()
			recorded := map[string]int{}
			for _, e := range s.record(policy.Everything(), catbox.Command(argv[0], argv[1:]...)) {
				if c, is := e.(record.Call); is {
					recorded[c.Name] += c.Count
				}
			}
			if diff := cmp.Diff(shown, recorded); diff != "" {
				t.Errorf("-shown by strace +recorded\n%s", diff)
			}
			if n := shown["getrandom"]; argv[0] == "./static" && n != 50+38+50 {
				t.Errorf("%d times randomness", n)
			}
		})
	}
}

// shownMarks counts the calls by name, as strace shows them.
func (s *scene) shownMarks(argv []string) map[string]int {
	s.Helper()
	trace := s.base + "/trace"
	s.must(s.native(s.dir, "strace", append([]string{
		"-f", "-o", trace, "-e", "trace=uname,olduname,oldolduname,sysinfo,sched_getaffinity,getrandom"}, argv...)...))
	f, err := os.Open(trace)
	if err != nil {
		s.Fatal(err)
	}
	defer f.Close()
	calls, err := straced.Parse(f)
	if err != nil {
		s.Fatal(err)
	}
	counts := map[string]int{}
	for _, c := range calls {
		if c.Name != "" && !ownRandomness(c) {
			counts[c.Name]++
		}
	}
	return counts
}

// ownRandomness: what the C library draws for itself, and what seeds hash tables.
func ownRandomness(c straced.Call) bool {
	if c.Name != "getrandom" {
		return false
	}
	size, _ := strconv.Atoi(c.Args[1])
	return strings.Contains(c.Args[2], "GRND_INSECURE") || strings.Contains(c.Args[2], "GRND_NONBLOCK") && size < 16
}

// A record of processes only has no such call, and none is held for it.
func TestARecordOfProcessesHasNoMarks(t *testing.T) {
	s := newScene(t, "testdata/marks.txtar")
	s.refresh()
	calls := map[catbox.Detail]uint64{}
	for _, detail := range []catbox.Detail{catbox.RecordExec, catbox.RecordFull} {
		c := catbox.Command("./static")
		c.Dir, c.Env, c.Policy = s.dir, s.env, policy.Everything()
		c.Record = &catbox.Record{Detail: detail, Sink: record.SinkFunc(func(e record.Event) error {
			if _, is := e.(record.Call); is && detail == catbox.RecordExec {
				t.Errorf("%+v", e)
			}
			return nil
		})}
		if out, err := c.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		calls[detail] = c.Result().Calls
	}
	if calls[catbox.RecordExec] > 10 || calls[catbox.RecordFull] < 140 {
		t.Errorf("held: %v", calls)
	}
}
