package recorder

import (
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/catbox-go/catbox/record"
)

// recording is a recorder with what it has told.
type recording struct {
	*testing.T
	*Recorder
	told []record.Event
}

func begin(t *testing.T) *recording {
	r := &recording{T: t}
	r.Recorder = New(record.SinkFunc(func(e record.Event) error {
		r.told = append(r.told, e)
		return nil
	}))
	r.Release()
	return r
}

// end closes the record and compares what was told, without times.
func (r *recording) end(want ...record.Event) {
	r.Helper()
	if err := r.Close(record.End{}); err != nil {
		r.Fatal(err)
	}
	times := cmpopts.IgnoreTypes(time.Time{})
	if diff := cmp.Diff(append(want, record.End{}), r.told, times, cmpopts.EquateEmpty()); diff != "" {
		r.Errorf("-want +got:\n%s", diff)
	}
}

// does notes one access.
func (r *recording) does(tid int, class record.Class, path string) {
	r.Accessed(tid, Use{Kind: 1, Path: path + string(class)}, []record.Access{{Class: class, Path: path}})
}

func (r *recording) executes(tid int, path string, env ...string) {
	r.Executed(tid, Exec{Path: path, Args: []string{path}, Env: env, Dir: "/"})
}

func program(id, process, previous int64, path string) record.Image {
	return record.Image{ID: id, Process: process, Previous: previous, Path: path, Args: []string{path}, Dir: "/", EnvBase: previous}
}

func anAccess(image int64, class record.Class, path string) record.Access {
	return record.Access{Image: image, Class: class, Path: path, Count: 1}
}

func TestEventsAreInOrder(t *testing.T) {
	r := begin(t)
	r.Tell(record.Start{Dir: "/d"})
	r.Begin(10, 0, time.Now())
	r.executes(10, "/sh", "A=1", "B=2")
	r.does(10, record.ClassRead, "/a")
	r.Forked(10, 11, time.Now())
	r.does(11, record.ClassProbe, "/b")
	r.executes(11, "/cc", "A=1", "B=3", "C=4")
	r.does(11, record.ClassCreate, "/o")
	r.does(10, record.ClassRead, "/o")
	r.Exited(11, record.Exit{Known: true, Status: 3, User: time.Second, System: 2 * time.Second, MaxRSS: 7})
	r.Exited(10, record.Exit{Known: true, Signal: syscall.SIGKILL})
	sh, cc := program(1, 1, 0, "/sh"), program(3, 2, 2, "/cc")
	sh.Env = []string{"A=1", "B=2"}
	cc.Env = []string{"B=3", "C=4"}
	fork := program(2, 2, 1, "/sh")
	fork.Forked = true
	made := anAccess(1, record.ClassRead, "/o")
	made.Made = true
	r.end(
		record.Start{Dir: "/d"}, record.Process{ID: 1, PID: 10}, sh, anAccess(1, record.ClassRead, "/a"),
		record.Process{ID: 2, Parent: 1, PID: 11}, fork, anAccess(2, record.ClassProbe, "/b"), cc, anAccess(3, record.ClassCreate, "/o"), made,
		record.Exit{Process: 2, Known: true, Status: 3, User: time.Second, System: 2 * time.Second, MaxRSS: 7},
		record.Exit{Process: 1, Known: true, Signal: syscall.SIGKILL},
	)
}

func TestAForkThatDoesNothingHasNoImage(t *testing.T) {
	r := begin(t)
	r.Begin(10, 0, time.Now())
	r.executes(10, "/sh", "A=1")
	r.Forked(10, 11, time.Now())
	r.executes(11, "/cc")
	r.Forked(10, 12, time.Now())
	r.Exited(12, record.Exit{Known: true})
	sh, cc := program(1, 1, 0, "/sh"), program(2, 2, 1, "/cc")
	sh.Env, cc.EnvUnset = []string{"A=1"}, []string{"A"}
	r.end(
		record.Process{ID: 1, PID: 10}, sh, record.Process{ID: 2, Parent: 1, PID: 11}, cc,
		record.Process{ID: 3, Parent: 1, PID: 12}, record.Exit{Process: 3, Known: true},
	)
}

func TestAGrandchildRefersToItsParentsImage(t *testing.T) {
	r := begin(t)
	r.Begin(10, 0, time.Now())
	r.executes(10, "/sh")
	r.Forked(10, 11, time.Now())
	r.Forked(11, 12, time.Now()) // now that of 11 is referred to
	r.does(12, record.ClassRead, "/a")
	forked := func(id, process, previous int64) record.Image {
		i := program(id, process, previous, "/sh")
		i.Forked = true
		return i
	}
	r.end(
		record.Process{ID: 1, PID: 10}, program(1, 1, 0, "/sh"), record.Process{ID: 2, Parent: 1, PID: 11},
		forked(2, 2, 1), record.Process{ID: 3, Parent: 2, PID: 12}, forked(3, 3, 2), anAccess(3, record.ClassRead, "/a"),
	)
}

func TestDifferenceOfEnvironments(t *testing.T) {
	for _, test := range []struct{ base, env, set, unset []string }{
		{nil, nil, nil, nil},
		{nil, []string{"A=1"}, []string{"A=1"}, nil},
		{[]string{"A=1"}, []string{"A=1"}, nil, nil},
		{[]string{"A=1", "B=2"}, []string{"B=2", "A=1"}, nil, nil},
		{[]string{"A=1", "B=2", "C="}, []string{"A=2", "C=", "D=4"}, []string{"A=2", "D=4"}, []string{"B"}},
		{[]string{"A=1=2", "NONE"}, []string{"A=1"}, []string{"A=1"}, []string{"NONE"}},
		{[]string{"A="}, []string{"A=x"}, []string{"A=x"}, nil},
	} {
		set, unset := difference(test.base, test.env)
		if !slices.Equal(set, test.set) || !slices.Equal(unset, test.unset) {
			t.Errorf("%q to %q: %q without %q", test.base, test.env, set, unset)
		}
	}
}

func TestDirectoriesOfThreads(t *testing.T) {
	r := begin(t)
	r.Begin(10, 0, time.Now())
	is := func(tid int, want string) {
		t.Helper()
		if dir := r.Dir(tid); dir != want {
			t.Errorf("of %d: %q, want %q", tid, dir, want)
		}
	}
	is(10, "")
	r.Moved(10, "/d/")
	is(10, "/d/")
	r.Forked(10, 11, time.Now())
	is(11, "")
	r.Moves(10)
	is(10, "")
	r.Moved(10, "/e/sub/")
	r.renames(10, "/e", "/f")
	r.Settle()
	is(10, "")
	r.Moved(10, "/e/sub/") // of a look before the rename
	is(10, "")
	r.Moved(11, "/d/")
	r.Cloned(11, 12)
	is(11, "")
	r.Moved(12, "/own/")
	is(11, "")
	is(12, "")
	is(99, "")
	if err := r.Close(record.End{}); err != nil {
		t.Fatal(err)
	}
}

func (r *recording) renames(tid int, from, to string) {
	r.Accessed(tid, Use{}, []record.Access{{Class: record.ClassRename, Path: from, To: to, Dir: true}})
}

func TestThreadsAreTheirProcesss(t *testing.T) {
	r := begin(t)
	r.Begin(10, 0, time.Now())
	r.executes(10, "/p")
	r.Cloned(10, 11)
	r.does(11, record.ClassRead, "/a")
	r.does(10, record.ClassRead, "/a")
	r.ThreadEnded(11)
	if r.Known(11) || !r.Known(10) {
		t.Error("the wrong thread is known")
	}
	r.ExecFailed(10)
	r.ExecFailed(10)
	r.executes(10, "/q")
	r.Exited(10, record.Exit{Known: true})
	if r.Known(10) {
		t.Error("known after its end")
	}
	r.Forked(0, 10, time.Now()) // the number is used again
	again := anAccess(1, record.ClassRead, "/a")
	q := program(2, 1, 1, "/q")
	q.Searched = 2
	r.end(
		record.Process{ID: 1, PID: 10}, program(1, 1, 0, "/p"), anAccess(1, record.ClassRead, "/a"), again, q,
		record.Exit{Process: 1, Known: true}, record.Process{ID: 2, PID: 10},
	)
}

func TestWhatIsNobodysIsBlindness(t *testing.T) {
	r := begin(t)
	r.does(5, record.ClassRead, "/a")
	r.Blind(5, "x", "y")
	r.end(record.Blind{What: "an access", By: "a process of which nothing is known", Count: 1}, record.Blind{What: "x", By: "y", Count: 1})
}

func TestTotals(t *testing.T) {
	r := begin(t)
	r.Begin(1, 0, time.Now())
	r.Forked(1, 2, time.Now())
	r.does(1, record.ClassCreate, "/a")
	r.does(2, record.ClassRead, "/a")
	r.does(2, record.ClassRead, "/a")
	r.Exited(2, record.Exit{Known: true})
	if got, want := r.Totals(), (Totals{Processes: 2, Living: 1, Accesses: 2, Made: 1}); got != want {
		t.Errorf("%+v", got)
	}
	if err := r.Close(record.End{}); err != nil {
		t.Fatal(err)
	}
}
