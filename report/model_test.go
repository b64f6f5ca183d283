package report

import (
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/catbox-go/catbox/record"
	"github.com/catbox-go/catbox/report/internal/made"
)

func load(t testing.TB, b made.Build) *Run {
	t.Helper()
	r, err := Load(b.Each, made.Owners{})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// after is a time of a run in a test.
func after(ms int) time.Time { return made.Zero.Add(time.Duration(ms) * time.Millisecond) }

// of gives events, with a start before them and an end after them if there is none.
func of(events ...record.Event) Each {
	return func(f func(record.Event) error) error {
		for _, e := range append([]record.Event{record.Start{Time: after(0)}}, events...) {
			if err := f(e); err != nil {
				return err
			}
		}
		return nil
	}
}

func loadEvents(t testing.TB, events ...record.Event) *Run {
	t.Helper()
	r, err := Load(of(events...), nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// process is a process with one image, for ms of time.
func process(id, parent int64, name string, from, to int) []record.Event {
	return []record.Event{
		record.Process{ID: id, Parent: parent, PID: int(id), Time: after(from)},
		record.Image{ID: id, Process: id, Path: "/bin/" + name, Args: []string{name}, Time: after(from)},
		record.Exit{Process: id, Time: after(to), Known: true},
	}
}

func access(image int64, class record.Class, path string, ms int) record.Access {
	return record.Access{Image: image, Class: class, Path: path, Count: 1, First: after(ms), Last: after(ms)}
}

func join(parts ...[]record.Event) []record.Event {
	var all []record.Event
	for _, p := range parts {
		all = append(all, p...)
	}
	return all
}

func TestWhatAFileWas(t *testing.T) {
	rename := func(from, to string, ms int, dir bool) record.Access {
		a := access(1, record.ClassRename, from, ms)
		a.To, a.Dir = to, dir
		return a
	}
	again := func(a record.Access, last int) record.Access {
		a.Count, a.Last = a.Count+1, after(last)
		return a
	}
	for _, test := range []struct {
		name   string
		events []record.Event
		want   map[string]Role
	}{
		{"read", []record.Event{access(1, record.ClassRead, "/a", 1)}, map[string]Role{"/a": Input}},
		{"made", []record.Event{access(1, record.ClassCreate, "/a", 1)}, map[string]Role{"/a": Output}},
		{"changed", []record.Event{access(1, record.ClassRead, "/a", 1), access(1, record.ClassWrite, "/a", 2)}, map[string]Role{"/a": Input | Output}},
		{"made and removed", []record.Event{access(1, record.ClassCreate, "/a", 1), access(1, record.ClassDelete, "/a", 2)}, map[string]Role{"/a": Temporary}},
		{"removed", []record.Event{access(1, record.ClassDelete, "/a", 1)}, map[string]Role{"/a": Removed}},
		{"removed, made and removed again", []record.Event{again(access(1, record.ClassDelete, "/a", 1), 5), access(1, record.ClassCreate, "/a", 3)}, map[string]Role{"/a": Removed}},
		{"absent", []record.Event{access(1, record.ClassAbsent, "/a", 1)}, map[string]Role{"/a": Missing}},
		{"absent, then made", []record.Event{access(1, record.ClassAbsent, "/a", 1), access(1, record.ClassCreate, "/a", 2)}, map[string]Role{"/a": Output}},
		{"made before it is read", []record.Event{access(1, record.ClassCreate, "/a", 1), record.Access{Image: 1, Class: record.ClassRead, Path: "/a", Made: true, First: after(2)}}, map[string]Role{"/a": Output}},
		{"made before it is read, which the recorder missed", []record.Event{access(1, record.ClassCreate, "/a", 1), access(1, record.ClassRead, "/a", 2)}, map[string]Role{"/a": Output}},
		{"looked at, removed and made", []record.Event{access(1, record.ClassRead, "/a", 1), access(1, record.ClassDelete, "/a", 2), access(1, record.ClassCreate, "/a", 3), access(1, record.ClassProbe, "/a", 4)}, map[string]Role{"/a": Input | Output}},
		{"renamed", []record.Event{access(1, record.ClassCreate, "/a", 1), rename("/a", "/b", 2, false)}, map[string]Role{"/a": Temporary, "/b": Output}},
		{"a directory renamed", []record.Event{access(1, record.ClassCreate, "/d/e/a", 1), rename("/d", "/f", 2, true)}, map[string]Role{"/d/e/a": Temporary, "/f/e/a": Output}},
		{"made, removed, made again", []record.Event{again(access(1, record.ClassCreate, "/a", 1), 5), access(1, record.ClassDelete, "/a", 3)}, map[string]Role{"/a": Output}},
		{"a device written to", []record.Event{access(1, record.ClassWrite, "/dev/null", 1)}, map[string]Role{"/dev/null": 0}},
		{"made in /dev", []record.Event{access(1, record.ClassCreate, "/dev/shm/a", 1)}, map[string]Role{"/dev/shm/a": Output}},
		{"a failed write", []record.Event{record.Access{Image: 1, Class: record.ClassWrite, Path: "/a", Errno: syscall.EACCES, First: after(1)}}, map[string]Role{"/a": 0}},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := loadEvents(t, join(process(1, 0, "sh", 0, 10), test.events)...)
			got := map[string]Role{}
			for path := range test.want {
				got[path] = r.Files[r.Paths.Find(path)].Role
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestTheConsumerHasTheLastProducer(t *testing.T) {
	events := join(process(1, 0, "sh", 0, 100), process(2, 1, "cc", 1, 20), process(3, 1, "strip", 30, 40), process(4, 1, "install", 50, 60))
	rename := access(4, record.ClassRename, "/new", 55)
	rename.To = "/inst"
	events = append(events, access(2, record.ClassCreate, "/prog", 5), access(3, record.ClassRead, "/prog", 31), access(3, record.ClassWrite, "/prog", 35),
		access(4, record.ClassRead, "/prog", 51), access(4, record.ClassCreate, "/new", 52), rename, access(1, record.ClassRead, "/inst", 70), access(2, record.ClassRead, "/prog", 6))
	r := loadEvents(t, events...)
	var got []string
	for _, e := range r.Edges {
		got = append(got, r.Program(e.From)+" "+r.Paths.Path(e.Path)+" "+r.Program(e.To))
	}
	if diff := cmp.Diff([]string{"cc /prog strip", "strip /prog install", "install /inst sh"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestLanesDoNotOverlapAndChildrenAreBelow(t *testing.T) {
	r := load(t, made.Build{Checks: 60, Sources: 90, Jobs: 5, Headers: 3})
	for i := range r.Processes {
		p := &r.Processes[i]
		if p.Parent >= 0 && p.Lane <= r.Processes[p.Parent].Lane {
			t.Fatalf("process %d is in lane %d, its parent in %d", i, p.Lane, r.Processes[p.Parent].Lane)
		}
		for j := range r.Processes[:i] {
			q := &r.Processes[j]
			if p.Lane == q.Lane && p.Began < q.Ended && q.Began < p.Ended {
				t.Fatalf("processes %d and %d overlap in lane %d", i, j, p.Lane)
			}
		}
	}
}

func TestParallel(t *testing.T) {
	r := loadEvents(t, append(join(process(1, 0, "make", 0, 100), process(2, 1, "a", 0, 50), process(3, 1, "b", 0, 100)), record.End{Time: after(100)})...)
	p := r.Parallel(2)
	want := Parallel{Mean: 1.5, Most: 2, Over: []float64{2, 1}}
	if diff := cmp.Diff(want, p); diff != "" {
		t.Error(diff)
	}
	if own := r.Processes[0].Own; own != 0 {
		t.Errorf("make waited all the time, and took %v itself", own)
	}
}

func TestChains(t *testing.T) {
	r := load(t, made.Hello)
	found := map[string]bool{}
	for i := range r.Images {
		found[r.ChainText(i)] = true
	}
	for _, want := range []string{"sh", "cc1 <- gcc <- make <- sh", "sed <- configure <- sh"} {
		if !found[want] {
			t.Errorf("no chain %q", want)
		}
	}
}

func TestPackages(t *testing.T) {
	r := load(t, made.Hello)
	got := map[string]Sure{}
	for _, p := range r.Packages {
		got[p.Name] = p.Sure
	}
	want := map[string]Sure{
		"libc6-dev": ContentRead, "zlib1g-dev": ContentRead, "libssl-dev": ContentRead, "libc6": Loaded, "make": Executed, "dash": Executed,
		"sed": Executed, "coreutils": Executed, "binutils": Executed, "gcc-12": Executed, "cpp-12": Executed,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for i := range r.Files {
		if f := &r.Files[i]; f.Owner >= 0 && f.Role&Input == 0 {
			t.Errorf("%s is no input and has an owner", r.Paths.Path(PathID(i)))
		}
	}
}

// What was only looked for or at tells nothing.
func TestMarked(t *testing.T) {
	marked := func(image int64, class record.Class, path, mark string, ms int) record.Access {
		a := access(image, class, path, ms)
		a.Mark = mark
		return a
	}
	refused := marked(1, record.ClassRead, "/etc/machine-id", "host", 1)
	refused.Errno = syscall.EACCES
	r := loadEvents(t, join(process(1, 0, "make", 0, 10), process(2, 1, "date", 1, 9), []record.Event{
		marked(1, record.ClassRead, "/dev/urandom", "random", 7), marked(2, record.ClassRead, "/dev/urandom", "random", 2), refused,
		marked(1, record.ClassProbe, "/etc/timezone", "time", 3), marked(2, record.ClassSymlink, "/etc/localtime", "time", 4),
	})...)
	all := r.Marked()
	if len(all) != 2 || r.Paths.Path(all[0].Path) != "/etc/localtime" || r.Paths.Path(all[1].Path) != "/dev/urandom" {
		t.Fatalf("%+v", all)
	}
	if all[0].Call != "" || all[1].Call != "" {
		t.Errorf("%+v", all)
	}
	if m := all[1]; m.Mark.String() != "random" || m.Users != 2 || m.Count != 2 || r.ChainText(m.By) != "date <- make" {
		t.Errorf("%+v, %s", m, r.ChainText(m.By))
	}
}

// Calls are told in parts, and stand beside the files that told the same.
func TestMarkedCalls(t *testing.T) {
	call := func(image int64, name, mark string, n, ms int) record.Event {
		return record.Call{Image: image, Name: name, Mark: mark, Count: n, First: after(ms), Last: after(ms)}
	}
	file := access(2, record.ClassRead, "/etc/machine-id", 1)
	file.Mark = "host"
	r := loadEvents(t, join(process(1, 0, "make", 0, 10), process(2, 1, "nproc", 1, 9), []record.Event{
		call(2, "uname", "host", 1, 4), call(1, "uname", "host", 1, 7), call(1, "getrandom", "random", 1, 3), call(1, "uname", "host", 5, 8), file,
	})...)
	if len(r.Calls) != 3 || r.Calls[0].Count != 6 || r.Calls[0].First != 7*time.Millisecond {
		t.Errorf("%+v", r.Calls)
	}
	all := r.Marked()
	if len(all) != 3 || r.Name(&all[0]) != "getrandom" || r.Name(&all[2]) != "/etc/machine-id" {
		t.Fatalf("%+v", all)
	}
	if m := all[1]; m.Call != "uname" || m.Path != NoPath || m.Users != 2 || m.Count != 7 || r.ChainText(m.By) != "nproc <- make" {
		t.Errorf("%+v, %s", m, r.ChainText(m.By))
	}
}

func TestABadRecordIsAnError(t *testing.T) {
	for name, events := range map[string][]record.Event{
		"no process": {record.Image{ID: 1, Process: 7}},
		"no image":   {record.Access{Image: 7}},
		"exit":       {record.Exit{Process: 7}},
		"call":       {record.Call{Image: 7}},
		"network":    {record.Network{Image: 7}},
		"twice":      {record.Process{ID: 1}, record.Process{ID: 1}},
	} {
		if _, err := Load(of(events...), nil); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := Load(func(func(record.Event) error) error { return nil }, nil); err == nil {
		t.Error("an empty record: no error")
	}
	if _, err := Load(func(f func(record.Event) error) error { return f(record.End{}) }, nil); err == nil {
		t.Error("a record without a start: no error")
	}
}

// A run that was killed has processes without an end.
func TestARunWithoutAnEnd(t *testing.T) {
	r := loadEvents(t, join(process(1, 0, "sh", 0, 10)[:2], []record.Event{access(1, record.ClassRead, "/a", 30)})...)
	if r.Result() != "no end recorded" || r.Length != 30*time.Millisecond || r.Processes[0].Ended != r.Length {
		t.Errorf("%s, %v, %+v", r.Result(), r.Length, r.Processes[0])
	}
}

func TestRepeatedAccessesAreAddedUp(t *testing.T) {
	r := loadEvents(t, join(process(1, 0, "sh", 0, 10), []record.Event{access(1, record.ClassRead, "/a", 5), access(1, record.ClassRead, "/b", 1), access(1, record.ClassRead, "/a", 3)})...)
	if len(r.Accesses) != 2 {
		t.Fatalf("%+v", r.Accesses)
	}
	for _, i := range r.Of(r.Paths.Find("/a")) {
		if a := r.Accesses[i]; a.Count != 2 || a.First != 3*time.Millisecond || a.Last != 5*time.Millisecond {
			t.Errorf("%+v", a)
		}
	}
}

func TestPathsAreWhatTheyWere(t *testing.T) {
	p := newPaths()
	for _, path := range []string{"", "/", "//", "/a", "/a/b", "a", "a/b/", "/\xff/x", "/a"} {
		id := p.add(path)
		if p.Path(id) != path {
			t.Errorf("%q became %q", path, p.Path(id))
		}
		if parent := p.Parent(id); parent >= 0 && p.Path(parent)+"/"+p.Name(id) != path || parent >= id {
			t.Errorf("%q is %q in %q", path, p.Name(id), p.Path(parent))
		}
	}
}

func BenchmarkLoadMillionAccesses(b *testing.B) {
	build := made.Build{Checks: 500, Sources: 2200, Jobs: 8, Headers: 150, Flag: "-O2"}
	for b.Loop() {
		b.ReportMetric(float64(len(load(b, build).Accesses)), "accesses")
	}
}
