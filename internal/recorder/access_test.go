package recorder

import (
	"fmt"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/catbox-go/catbox/internal/target"
	"github.com/catbox-go/catbox/record"
)

func TestWhatIsRepeatedIsCounted(t *testing.T) {
	r := begin(t)
	r.Begin(10, 0, time.Now())
	r.executes(10, "/sh")
	u := Use{Kind: 1, Base: "/", Path: "a"}
	if r.Again(10, u) {
		t.Error("known before it was seen")
	}
	r.Accessed(10, u, []record.Access{{Class: record.ClassSymlink, Path: "/a", To: "b"}, {Class: record.ClassRead, Path: "/b"}})
	for range 4 {
		if !r.Again(10, u) {
			t.Error("not known again")
		}
	}
	for _, other := range []Use{{Kind: 2, Base: "/", Path: "a"}, {Kind: 1, Base: "/d/", Path: "a"}, {Kind: 1, Base: "/", Path: "b"}} {
		if r.Again(10, other) {
			t.Errorf("%+v is taken for another", other)
		}
	}
	r.does(10, record.ClassRead, "/b") // in another way, which is the same access
	r.Forked(10, 11, time.Now())
	if r.Again(11, u) {
		t.Error("known of a process that has not done it")
	}
	r.executes(10, "/cc") // here what was only counted is told
	if r.Again(10, u) {
		t.Error("known of a program that has not done it")
	}
	link, read := anAccess(1, record.ClassSymlink, "/a"), anAccess(1, record.ClassRead, "/b")
	link.To = "b"
	more := []record.Event{link, read}
	for i, n := range []int{4, 5} {
		a := more[i].(record.Access)
		a.Count = n
		more[i] = a
	}
	if err := r.Close(record.End{}); err != nil {
		t.Fatal(err)
	}
	accesses := slices.DeleteFunc(r.told, func(e record.Event) bool { return e.Kind() != "access" })
	slices.SortFunc(accesses[2:], func(a, b record.Event) int { return a.(record.Access).Count - b.(record.Access).Count })
	if diff := cmp.Diff([]record.Event{link, read, more[0], more[1]}, accesses, cmpopts.IgnoreTypes(time.Time{})); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	for _, e := range accesses[2:] {
		if a := e.(record.Access); a.First.IsZero() || a.Last.Before(a.First) {
			t.Errorf("from %v to %v", a.First, a.Last)
		}
	}
}

func TestCountsAreToldAtTheEndOfTheRun(t *testing.T) {
	r := begin(t)
	r.Begin(10, 0, time.Now())
	r.executes(10, "/sh")
	n := record.Network{Operation: record.Connect, Destination: "192.0.2.1:443"}
	for range 3 {
		r.does(10, record.ClassRead, "/a")
		r.Network(10, n)
	}
	n.Image, n.Count = 1, 1
	first := n
	n.Count = 2
	more := anAccess(1, record.ClassRead, "/a")
	more.Count = 2
	r.end(record.Process{ID: 1, PID: 10}, program(1, 1, 0, "/sh"), anAccess(1, record.ClassRead, "/a"), first, more, n)
}

func TestMade(t *testing.T) {
	for _, test := range []struct {
		name string
		do   func(r *recording)
		path string
		made bool
	}{
		{"created", func(r *recording) { r.does(1, record.ClassCreate, "/a") }, "/a", true},
		{"written", func(r *recording) { r.does(1, record.ClassWrite, "/a") }, "/a", false},
		{"written anew", func(r *recording) { r.Truncated("/a") }, "/a", true},
		{"not there before", func(r *recording) { r.does(1, record.ClassAbsent, "/a") }, "/a", false},
		{"deleted", func(r *recording) { r.does(1, record.ClassCreate, "/a"); r.does(1, record.ClassDelete, "/a") }, "/a", false},
		{"linked", func(r *recording) { r.moves(record.ClassLink, "/a", "/b", false) }, "/b", true},
		{"the other name of a link", func(r *recording) { r.moves(record.ClassLink, "/a", "/b", false) }, "/a", false},
		{"renamed", func(r *recording) { r.moves(record.ClassRename, "/a", "/b", false) }, "/b", true},
		{"the old name", func(r *recording) {
			r.does(1, record.ClassCreate, "/a")
			r.moves(record.ClassRename, "/a", "/b", false)
		}, "/a", false},
		{"below a renamed directory", func(r *recording) {
			r.does(1, record.ClassCreate, "/d/a")
			r.moves(record.ClassRename, "/d", "/e", true)
		}, "/e/a", true},
		{"below its old name", func(r *recording) {
			r.does(1, record.ClassCreate, "/d/a")
			r.moves(record.ClassRename, "/d", "/e", true)
		}, "/d/a", false},
		{"beside it", func(r *recording) {
			r.does(1, record.ClassCreate, "/dd/a")
			r.moves(record.ClassRename, "/d", "/e", true)
		}, "/dd/a", true},
		{"a failure", func(r *recording) {
			r.Accessed(1, Use{}, []record.Access{{Class: record.ClassCreate, Path: "/a", Errno: syscall.EACCES}})
		}, "/a", false},
	} {
		r := begin(t)
		r.Begin(1, 0, time.Now())
		test.do(r)
		r.does(1, record.ClassRead, test.path)
		if err := r.Close(record.End{}); err != nil {
			t.Fatal(err)
		}
		if a := r.told[len(r.told)-2].(record.Access); a.Class != record.ClassRead || a.Made != test.made {
			t.Errorf("%s: %+v", test.name, a)
		}
	}
}

func (r *recording) moves(class record.Class, from, to string, dir bool) {
	r.Accessed(1, Use{}, []record.Access{{Class: class, Path: from, To: to, Dir: dir}})
}

func TestLookupsAreKeptWhereNothingChanges(t *testing.T) {
	for _, test := range []struct {
		name string
		do   func(r *recording)
		kept bool
	}{
		{"nothing", func(*recording) {}, true},
		{"a use", func(r *recording) { r.does(1, record.ClassRead, "/d/f") }, true},
		{"a change of content", func(r *recording) { r.does(1, record.ClassWrite, "/d/f") }, true},
		{"a new name elsewhere", func(r *recording) { r.does(1, record.ClassCreate, "/e/f") }, true},
		{"a failure", func(r *recording) {
			r.Accessed(1, Use{}, []record.Access{{Class: record.ClassDelete, Path: "/d/f", Errno: syscall.EACCES}})
		}, true},
		{"a new name beside it", func(r *recording) { r.does(1, record.ClassCreate, "/d/g") }, false},
		{"its removal", func(r *recording) { r.does(1, record.ClassDelete, "/d/f") }, false},
		{"a link beside it", func(r *recording) { r.moves(record.ClassLink, "/e", "/d/g", false) }, false},
		{"a rename away", func(r *recording) { r.moves(record.ClassRename, "/d/g", "/e", false) }, false},
		{"a rename to there", func(r *recording) { r.moves(record.ClassRename, "/e", "/d/g", false) }, false},
		{"a change beside the link on the way", func(r *recording) { r.does(1, record.ClassCreate, "/links/x") }, false},
		{"a directory above is renamed", func(r *recording) { r.moves(record.ClassRename, "/d", "/x", true) }, false},
		{"a directory comes there", func(r *recording) { r.moves(record.ClassRename, "/x", "/d", true) }, false},
		{"the directory is removed", func(r *recording) {
			r.Accessed(1, Use{}, []record.Access{{Class: record.ClassDelete, Path: "/d", Dir: true}})
		}, false},
	} {
		r := begin(t)
		r.Begin(1, 0, time.Now())
		l, f := Lookup{Base: "/links/", Path: "l"}, target.Found{Canonical: "/d/f", Links: []target.Hop{{Path: "/links/l", Content: "/d/f"}}}
		u := Use{Kind: 9, Path: "/links/l"}
		r.Keep(l, f)
		r.Accessed(1, u, []record.Access{{Class: record.ClassSymlink, Path: "/links/l", To: "/d/f"}, {Class: record.ClassProbe, Path: "/d/f"}})
		test.do(r)
		r.Settle()
		if _, ok := r.Found(l); ok != test.kept {
			t.Errorf("%s: the lookup is kept: %v", test.name, ok)
		}
		if again := r.Again(1, u); again != test.kept {
			t.Errorf("%s: the use is known: %v", test.name, again)
		}
		r.Keep(l, f)
		if _, ok := r.Found(l); ok != test.kept {
			t.Errorf("%s: a new lookup is kept: %v", test.name, ok)
		}
		if err := r.Close(record.End{}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestTooManyMovesKeepNothing(t *testing.T) {
	r := begin(t)
	r.Begin(1, 0, time.Now())
	l, f := Lookup{Path: "/d/f"}, target.Found{Canonical: "/d/f"}
	for i := range maxMoved {
		r.moves(record.ClassRename, fmt.Sprint("/x", i), fmt.Sprint("/y", i), true)
	}
	r.Settle()
	r.Keep(l, f)
	if _, ok := r.Found(l); ok {
		t.Error("kept")
	}
	if err := r.Close(record.End{}); err != nil {
		t.Fatal(err)
	}
}

func TestMarks(t *testing.T) {
	r := begin(t)
	r.Begin(1, 0, time.Now())
	for path, mark := range map[string]string{"/dev/urandom": "random", "/etc/hostname": "host", "/proc/cpuinfo": "cpus", "/etc/localtime": "time", "/etc/passwd": ""} {
		r.does(1, record.ClassRead, path)
		r.Settle()
		r.mu.Lock()
		if got := r.threads[1].image.uses[use{class: record.ClassRead, path: path}].Mark; got != mark {
			t.Errorf("%s: %q", path, got)
		}
		r.mu.Unlock()
	}
	if err := r.Close(record.End{}); err != nil {
		t.Fatal(err)
	}
}

// What is worked out later is told of the program that made the call, as of its time, and between what was told before and after.
func TestLater(t *testing.T) {
	r := begin(t)
	r.Begin(1, 0, time.Now())
	r.executes(1, "/sh")
	r.does(1, record.ClassRead, "/a")
	r.Later(1, func(i Image) {
		if u := (Use{Kind: 1, Path: "/b"}); !i.Again(u) {
			i.Accessed(u, []record.Access{{Class: record.ClassProbe, Path: "/b"}})
		}
	})
	r.executes(1, "/cc")
	r.does(1, record.ClassRead, "/c")
	r.Exited(1, record.Exit{Known: true})
	r.end(record.Process{ID: 1, PID: 1}, program(1, 1, 0, "/sh"), anAccess(1, record.ClassRead, "/a"), anAccess(1, record.ClassProbe, "/b"),
		program(2, 1, 1, "/cc"), anAccess(2, record.ClassRead, "/c"), record.Exit{Process: 1, Known: true})
}
