package report

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/catbox-go/catbox/record"
	"github.com/catbox-go/catbox/report/internal/made"
)

var update = flag.Bool("update", false, "write what is compared in testdata")

// golden compares what was written with testdata.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got; -update writes it):\n%s", file, diff)
	}
}

var (
	small  = made.Build{Checks: 3, Sources: 4, Jobs: 2, Headers: 4, Flag: "-O2"}
	second = made.Build{Checks: 3, Sources: 5, Jobs: 2, Headers: 4, Flag: "-O3", Extra: "CFLAGS=-O3 -g", Seed: 0}
)

func written(t *testing.T, write func(*bytes.Buffer) error) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestFormats(t *testing.T) {
	a, b := load(t, small), load(t, second)
	golden(t, "small.txt", written(t, func(w *bytes.Buffer) error { return Text(w, a) }))
	golden(t, "small.dot", written(t, func(w *bytes.Buffer) error { return DOT(w, a) }))
	golden(t, "small.json", written(t, func(w *bytes.Buffer) error { return JSON(w, a) }))
	golden(t, "diff.txt", written(t, func(w *bytes.Buffer) error { return Compare(a, b).Text(w) }))
	golden(t, "diff.json", written(t, func(w *bytes.Buffer) error { return Compare(a, b).JSON(w) }))
}

// Two builds of the same differ in the names of temporary files and in time only.
func TestTheSameBuildTwiceIsTheSame(t *testing.T) {
	a := load(t, small)
	again := small
	again.Seed = 7
	again.Headers = 0 // which are chosen by the seed
	without := small
	without.Headers = 0
	if d := Compare(a, load(t, small)); !d.Same() {
		t.Errorf("%+v", d)
	}
	if d := Compare(load(t, without), load(t, again)); !d.Same() {
		t.Errorf("%+v %+v %+v %+v", d.Facts, d.Inputs, d.Commands, d.Changed)
	}
}

// The same files and commands are not the same, if a program asked the kernel for more.
func TestAMarkedCallIsADifference(t *testing.T) {
	run := process(1, 0, "make", 0, 10)
	a := loadEvents(t, run...)
	b := loadEvents(t, join(run, []record.Event{record.Call{Image: 1, Name: "getrandom", Mark: "random", Count: 1}})...)
	d := Compare(a, b)
	if diff := cmp.Diff(Sides{OnlyB: []string{"getrandom by make (random)"}}, d.Calls); diff != "" || d.Same() {
		t.Error(diff, d.Same())
	}
}

// told is a run of commands, each with its exit status, in a directory.
func told(t *testing.T, dir string, commands map[string]int) *Run {
	t.Helper()
	events := []record.Event{record.Start{Time: after(0), Dir: dir}}
	id := int64(0)
	lines := make([]string, 0, len(commands))
	for line := range commands {
		lines = append(lines, line)
	}
	slices.Sort(lines)
	for _, line := range lines {
		id++
		events = append(events, record.Process{ID: id, Time: after(0)}, record.Image{ID: id, Process: id, Args: strings.Fields(line), Dir: dir, Time: after(0), Env: []string{"A=" + dir[1:] + "/", "MY_TOKEN=" + dir[1:], "PWD=" + dir}},
			record.Exit{Process: id, Known: true, Status: commands[line], Time: after(1)})
	}
	r, err := Load(func(f func(record.Event) error) error {
		for _, e := range append(events, record.End{Time: after(1)}) {
			if err := f(e); err != nil {
				return err
			}
		}
		return nil
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestCommandsArePaired(t *testing.T) {
	d := Compare(
		told(t, "/a", map[string]int{"cc -O2 -c x.c": 0, "cc -O2 -c y.c": 0, "cc -c z.c": 0, "gone now": 0, "test": 0, "ls /a/b": 0}),
		told(t, "/b", map[string]int{"cc -O3 -c x.c": 0, "cc -O3 -c y.c": 0, "cc -c z.c": 0, "new now": 0, "test": 1, "ls /b/b": 0}))
	want := []Rewrite{
		{"cc -O2 -c x.c", "cc -O3 -c x.c", []string{"-O2"}, []string{"-O3"}},
		{"cc -O2 -c y.c", "cc -O3 -c y.c", []string{"-O2"}, []string{"-O3"}},
	}
	if diff := cmp.Diff(want, d.Changed); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]Repeat{{"gone now", 1, 0}, {"new now", 0, 1}}, d.Commands); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]Change{{"test", "0", "1"}}, d.Statuses); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]Change{{"A", "a/", "b/"}, {"MY_TOKEN", "(not shown)", "(not shown)"}}, d.Environment); diff != "" {
		t.Error(diff)
	}
}

func TestManyChangedCommandsArePairedInTime(t *testing.T) {
	a, b := made.Build{Checks: 10, Sources: 3000, Jobs: 8, Headers: 1, Flag: "-O2"}, made.Build{Checks: 10, Sources: 3000, Jobs: 8, Headers: 1, Flag: "-O3"}
	one, other := load(t, a), load(t, b)
	start := time.Now()
	d := Compare(one, other)
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("took %v", took)
	}
	if len(d.Changed) != 3000+10 {
		t.Errorf("%d changed", len(d.Changed))
	}
	for _, c := range d.Changed {
		if !slices.Equal(c.Removed, []string{"-O2"}) || !slices.Equal(c.Added, []string{"-O3"}) {
			t.Fatalf("%+v", c)
		}
	}
}

// A temporary file has another name in each run, also within an argument.
func TestNamesOfTemporaryFilesDoNotDiffer(t *testing.T) {
	build := func(dir, temporary string) *Run {
		return loadEvents(t, join(process(1, 0, "make", 0, 9), []record.Event{
			record.Process{ID: 2, Parent: 1, Time: after(1)},
			record.Image{ID: 2, Process: 2, Path: "/bin/ld", Args: []string{"ld", "-plugin-opt=-fresolution=" + temporary, temporary, path.Dir(temporary) + "/other", "-I" + dir + "/x", "kept.tmp"}, Dir: dir, Time: after(1)},
			access(2, record.ClassCreate, path.Dir(temporary), 2), access(2, record.ClassDelete, path.Dir(temporary), 4),
			access(2, record.ClassCreate, temporary, 2), access(2, record.ClassDelete, temporary, 3),
			access(2, record.ClassCreate, dir+"/kept.tmp", 2), access(2, record.ClassDelete, dir+"/kept.tmp", 3),
		})...)
	}
	a, b := build("/one", "/tmp/uvw/ccabc.res"), build("/two", "/tmp/xyz/ccdef.res")
	a.Start.Dir, b.Start.Dir = "/one", "/two"
	d := Compare(a, b)
	if len(d.Commands)+len(d.Changed) != 0 {
		t.Errorf("%+v %+v", d.Commands, d.Changed)
	}
	got := a.ran(b)[1].args
	want := []string{"ld", "-plugin-opt=-fresolution=/tmp/<temporary>/<temporary>.res", "/tmp/<temporary>/<temporary>.res", "/tmp/<temporary>/other", "-I./x", "kept.tmp"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestTheDirectoryOfARunIsFoundInTexts(t *testing.T) {
	r := &Run{Start: record.Start{Dir: "/src"}}
	for text, want := range map[string]string{
		"": "", "/src": ".", "/src/a": "./a", "-I/src": "-I.", "-I/src/a": "-I./a", "--x=/src/a:/src": "--x=./a:.", "cp '/src' /src;": "cp '.' .;",
		"/src/src": "./src", "/src/src/src": "./src/src", "/usr/src": "/usr/src", "/usr/src/a": "/usr/src/a", "/srcs": "/srcs", "a/src/b": "a/src/b", "--x/src": "--x/src",
	} {
		if got := r.inside(text); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
	r.Start.Dir = "/"
	if got := r.inside("/a"); got != "/a" {
		t.Errorf("in /: %q", got)
	}
}

func TestWhereLongTextsDifferIsSeen(t *testing.T) {
	same := strings.Repeat("x", 300)
	a, b := apart(same+"1", same+"2")
	if a != "…"+same[:20]+"1" || b != "…"+same[:20]+"2" {
		t.Errorf("%s, %s", a, b)
	}
	if a, b := apart("-O2", "-O3"); a != "-O2" || b != "-O3" {
		t.Errorf("%s, %s", a, b)
	}
}

// hostile is a run in which all names are one that a command chose to be misread.
func hostile(name string) Each {
	return of(
		record.Process{ID: 1, Time: after(0)}, record.Image{ID: 1, Process: 1, Path: name, Args: []string{name, "x"}, Dir: name, Time: after(0), Env: []string{name}},
		record.Process{ID: 2, Parent: 1, Time: after(1)}, record.Image{ID: 2, Process: 2, Path: name + "2", Args: []string{name + "2"}, Time: after(1)},
		access(1, record.ClassCreate, name, 2), access(2, record.ClassRead, name, 3), access(2, record.ClassAbsent, name+"/"+name, 3),
		record.Network{Image: 1, Destination: name}, record.Blind{What: name, By: name, Time: after(3)},
		record.Violation{Operation: record.Write, Action: record.Denied, Call: "openat", Path: name, Program: name},
		record.Exit{Process: 1, Known: true, Time: after(4)})
}

func FuzzNames(f *testing.F) {
	for _, name := range []string{"", "a\nb", "\x1b[2J", "\xff", "\u202e", `\`, "\"", "a b", "/", "]", "->", "\u009b", "\x00"} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		r, err := Load(hostile(name), made.Owners{})
		if err != nil {
			t.Fatal(err)
		}
		other, err := Load(hostile(name+"\x1b"), nil)
		if err != nil {
			t.Fatal(err)
		}
		d := Compare(r, other)
		for format, data := range map[string][]byte{
			"text": written(t, func(w *bytes.Buffer) error { return Text(w, r) }), "json": written(t, func(w *bytes.Buffer) error { return JSON(w, r) }),
			"dot": written(t, func(w *bytes.Buffer) error { return DOT(w, r) }), "diff": written(t, func(w *bytes.Buffer) error { return d.Text(w) }),
			"diff json": written(t, func(w *bytes.Buffer) error { return d.JSON(w) }),
		} {
			if !utf8.Valid(data) {
				t.Errorf("%s: not UTF-8: %q", format, data)
			}
			for _, c := range string(data) {
				if c != '\n' && c != '\t' && !strconv.IsPrint(c) {
					t.Errorf("%s has %q", format, c)
				}
			}
			if strings.Contains(format, "json") && !json.Valid(data) {
				t.Errorf("%s is none: %s", format, data)
			}
		}
	})
}

// What is visible says which bytes it was.
func FuzzVisible(f *testing.F) {
	f.Add("a\\b\xff\n")
	f.Fuzz(func(t *testing.T, s string) {
		back, err := strconv.Unquote(`"` + strings.ReplaceAll(Visible(s), `"`, `\"`) + `"`)
		if err != nil || back != s {
			t.Errorf("%q became %s, which is %q (%v)", s, Visible(s), back, err)
		}
	})
}

func TestDurations(t *testing.T) {
	for want, d := range map[string]time.Duration{
		"0 s": 0, "5 µs": 5 * time.Microsecond, "12 ms": 12 * time.Millisecond, "1.50 s": 1500 * time.Millisecond, "59.9 s": 59900 * time.Millisecond,
		"1 min 5 s": 65 * time.Second, "2 h 3 min": 2*time.Hour + 3*time.Minute, "-1.00 s": -time.Second,
	} {
		if got := Duration(d); got != want {
			t.Errorf("%v is %q, want %q", d, got, want)
		}
	}
}
