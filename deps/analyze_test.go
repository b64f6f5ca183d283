package deps

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/catbox-go/catbox/packages"
	"github.com/catbox-go/catbox/packages/declared"
	"github.com/catbox-go/catbox/packages/packagestest"
	"github.com/catbox-go/catbox/record"
)

var update = flag.Bool("update", false, "write testdata/*.golden instead of comparing it")

// input is the fixture with the build and, if there is any, what is declared in debian/control.
func input(t *testing.T, r *recording, control string) Input {
	t.Helper()
	db, err := packages.Open(packagestest.Root(t, "testdata/root.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	in := Input{Each: r.each, DB: db}
	if control != "" {
		t.Chdir(t.TempDir())
		packagestest.Write(t, "debian/control", []byte(control))
		if in.Declared, err = declared.Read("debian/control", nil); err != nil {
			t.Fatal(err)
		}
	}
	return in
}

func analyze(t *testing.T, in Input) *Report {
	t.Helper()
	r, err := Analyze(in)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	if *update {
		packagestest.Write(t, path, got)
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Error(diff)
	}
}

func TestText(t *testing.T) {
	home, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	var text, control bytes.Buffer
	r := analyze(t, input(t, build(), declaredText))
	if err := r.WriteText(&text); err != nil {
		t.Fatal(err)
	}
	if err := r.WriteControl(&control); err != nil {
		t.Fatal(err)
	}
	t.Chdir(home)
	golden(t, "text", text.Bytes())
	golden(t, "control", control.Bytes())
}

// verdicts are those that testdata/root.txtar was made for.
func TestVerdicts(t *testing.T) {
	r := analyze(t, input(t, build(), declaredText))
	for _, test := range []struct {
		name    string
		verdict Verdict
		sure    Level
		direct  bool
	}{
		{"libfoo-dev", Used, Read, true},
		{"libfoo1", Indirect, Read, true},         // of the same source
		{"libmpfr6", Base, Loaded, false},         // loaded by what is in every build
		{"libc6-dev", Base, Read, true},           // by build-essential, through the first of its alternatives
		{"base-files", Base, Executed, true},      // Essential
		{"unneeded-dev", Unused, Listed, false},   // its directory was listed
		{"meta", Brings, Never, false},            // has documentation only
		{"real-dev", Indirect, Read, true},        // asked for by meta
		{"realtool", Used, Executed, true},        // provides virtual-tool
		{"libturbo-dev", Used, Read, true},        // the alternative that is there
		{"tool-a", Unused, Never, false},          // diverted by
		{"tool-b", Used, Executed, true},          // which has the name
		{"prober", Used, Probed, false},           // there is a test for it
		{"big-dev", Brings, Never, false},         // its own header was made by the run
		{"small-dev", Indirect, Read, true},       // and comes through big-dev only
		{"gtk-dev", Used, Read, true},             //
		{"glib-dev", Undeclared, Read, true},      // through gtk-dev
		{"stray", Undeclared, Executed, true},     // through nothing
		{"either-one", Unused, Never, false},      // either
		{"either-two", Unused, Never, false},      // or
		{"shared-dev", Undeclared, Read, true},    //
		{"m4only", Unused, Swept, false},          // aclocal reads all there are
		{"m4used", Used, Read, true},              // and m4 what is needed
		{"m4", Indirect, Executed, false},         // run by aclocal, which depends on it
		{"gettext", Undeclared, Executed, true},   // run by make
		{"helper", Used, Executed, true},          // and by helper, which depends on it
		{"python3-thing", Undeclared, Read, true}, // through its compiled form
		{"nearly", Used, Executed, true},          // in another version than was asked for
		{"nicety", Indirect, Read, false},         // recommended by helper
		{"wants-nicety", Unused, Never, false},    // for which it need not be there
		{"guess", Indirect, Read, false},          // copied for helper
		{"plugin-one", Indirect, Read, false},     // ar reads each plugin
		{"plugin-two", Indirect, Read, false},
		{"libpreload", Indirect, Loaded, false},  // by the dynamic loader
		{"locales", Indirect, Read, false},       // by the C library
		{"dpkg", "", Never, false},               // its database was listed
		{"locked", Indirect, Probed, false},      // could not be opened
		{"linkonly-dev", Undeclared, Read, true}, // its link was followed by the linker
		{"linktool", Undeclared, Executed, true}, // and this one for a program
		{"onedir", Undeclared, Read, true},       // all of the directory is its own
		{"libncurses-dev", "", Never, false},     // not in the report
		{"m4more", Indirect, Swept, false},       //
		{"build-essential", "", Never, false},    //
		{"unneeded-data", "", Never, false},
	} {
		p := find(r, test.name)
		if p == nil {
			p = &Package{}
		}
		if p.Verdict != test.verdict || p.Sure != test.sure || p.Direct != test.direct {
			t.Errorf("%s: %s, %s, %v; want %s, %s, %v", test.name, p.Verdict, p.Sure, p.Direct, test.verdict, test.sure, test.direct)
		}
	}
}

func find(r *Report, name string) *Package {
	for _, p := range r.Packages {
		if p.Name == name {
			return p
		}
	}
	return nil
}

func TestRemoval(t *testing.T) {
	r := analyze(t, input(t, build(), declaredText))
	for _, test := range []struct {
		name             string
		goes, or, brings []string
		hide             []string
	}{
		{
			name: "unneeded-dev", goes: []string{"unneeded-data", "unneeded1"},
			hide: []string{"/usr/include/unneeded.h", "/usr/lib/libunneeded.so.1", "/usr/share/unneeded-dev/a", "/usr/share/unneeded/data"},
		},
		{name: "either-one", goes: []string{}, hide: []string{"/usr/share/one/one"}},
		{name: "either-two", goes: []string{}, or: []string{"either-one"}, hide: []string{"/usr/share/two/two"}},
		{name: "big-dev", brings: []string{"small-dev"}},
		{name: "meta", brings: []string{"real-dev"}},
		{name: "tool-a", goes: []string{}, hide: []string{"/usr/bin/tool.a", "/usr/share/tool-a/x"}},
	} {
		p := find(r, test.name)
		got := [][]string{p.Goes, p.Or, p.Brings, p.Hide}
		if diff := cmp.Diff([][]string{test.goes, test.or, test.brings, test.hide}, got, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s: %s", test.name, diff)
		}
	}
	want := Removal{[]string{"either-one", "m4only", "tool-a", "unneeded-dev", "wants-nicety"}, []string{"nicety", "unneeded-data", "unneeded1"}}
	if diff := cmp.Diff(want, r.Removable); diff != "" {
		t.Error(diff)
	}
}

// Without a declaration it says what should be declared.
func TestWithoutAnythingDeclared(t *testing.T) {
	r := analyze(t, input(t, build(), ""))
	var control bytes.Buffer
	if err := r.WriteControl(&control); err != nil {
		t.Fatal(err)
	}
	// small-dev, real-dev and shared-dev are what was used; libfoo1 comes with
	// libfoo-dev, glib-dev with gtk-dev, m4 with autotool, gettext with helper.
	want := "Build-Depends:\n autotool,\n gtk-dev,\n helper,\n libfoo-dev,\n libturbo-dev,\n linkonly-dev,\n linktool,\n m4used,\n nearly,\n onedir,\n python3-thing,\n" +
		" real-dev,\n realtool,\n shared-dev,\n small-dev,\n stray,\n tool-b,\n"
	if diff := cmp.Diff(want, control.String()); diff != "" {
		t.Error(diff)
	}
}

func TestAbsent(t *testing.T) {
	in := input(t, build(), "")
	var looked []string
	in.Contents = func(paths []string) (map[string][]string, error) {
		looked = paths
		return map[string][]string{"/usr/include/zlib.h": {"zlib1g-dev", "zlib-ng-dev"}, "/usr/bin/flex": {"flex"}}, nil
	}
	r := analyze(t, in)
	want := []Absent{
		{
			Kind: "header", Name: "curses.h", Paths: []string{"/usr/include/curses.h"},
			Elsewhere: []string{"libncurses-dev: /usr/include/ncursesw/curses.h"}, Chain: []string{"cc1", "gcc", "configure", "sh"},
		},
		{
			Kind: "header", Name: "zlib.h", Has: []string{"zlib-ng-dev", "zlib1g-dev"}, Chain: []string{"cc1", "gcc", "configure", "sh"},
			Paths: []string{"/usr/include/x86_64-linux-gnu/zlib.h", "/usr/include/zlib.h", "/usr/local/include/zlib.h"},
		},
		{Kind: "library", Name: "libnone.a", Paths: []string{"/usr/lib/libnone.a"}, Chain: []string{"ld", "make", "sh"}},
		{Kind: "library", Name: "libnone.so", Paths: []string{"/usr/lib/libnone.so"}, Chain: []string{"ld", "make", "sh"}},
		{Kind: "program", Name: "flex", Paths: []string{"/usr/bin/flex", "/usr/local/bin/flex"}, Has: []string{"flex"}, Chain: []string{"configure", "sh"}},
	}
	if diff := cmp.Diff(want, r.Absent); diff != "" {
		t.Error(diff)
	}
	if len(looked) != 8 || len(r.Notes) != 0 {
		t.Errorf("%q, %q", looked, r.Notes)
	}
	in.Contents = func([]string) (map[string][]string, error) { return nil, os.ErrPermission }
	if _, err := Analyze(in); !errors.Is(err, os.ErrPermission) {
		t.Errorf("%v", err)
	}
}

func TestARecordThatIsNotWholeSaysSo(t *testing.T) {
	rec := newRecording("/src", "make")
	rec.run("/usr/bin/make", "make")
	rec.add(record.Blind{What: "io_uring", By: "refused", Count: 3})
	var text bytes.Buffer
	if err := analyze(t, input(t, rec, "")).WriteText(&text); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"the record has no end", "may lack something (3)", "nothing was declared"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("%q is missing in:\n%s", want, &text)
		}
	}
}

func TestAnErrorOfTheRecordIsGivenOn(t *testing.T) {
	in := input(t, build(), "")
	in.Each = func(func(record.Event) error) error { return io.ErrUnexpectedEOF }
	if _, err := Analyze(in); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("%v", err)
	}
}

func TestARecordWithoutFilesIsAnError(t *testing.T) {
	in := input(t, &recording{events: []record.Event{record.Start{Detail: "exec"}, record.End{}}}, "")
	if _, err := Analyze(in); !errors.Is(err, ErrNoFiles) {
		t.Errorf("%v", err)
	}
	in.Each = new(recording).each
	if _, err := Analyze(in); !errors.Is(err, ErrEmpty) {
		t.Errorf("%v", err)
	}
}

// The same is written whatever order maps have.
func TestReportsAreTheSame(t *testing.T) {
	in := input(t, build(), declaredText)
	first, err := json.Marshal(analyze(t, in))
	if err != nil {
		t.Fatal(err)
	}
	for range 10 {
		again, err := json.Marshal(analyze(t, in))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(first), string(again)); diff != "" {
			t.Fatal(diff)
		}
	}
}

func TestControlInOtherWords(t *testing.T) {
	for name, want := range map[string]string{
		"x.spec":   "BuildRequires: libfoo-dev >= 1\nBuildRequires: (realtool or b < 2)\nBuildRequires: stray\n",
		"APKBUILD": "makedepends=\"\n\tlibfoo-dev>=1\n\trealtool\n\tstray\n\t\"\n",
		"pspec.xml": "<BuildDependencies>\n    <Dependency versionFrom=\"1\">libfoo-dev</Dependency>\n  <AnyDependency>\n    <Dependency>realtool</Dependency>\n" +
			"    <Dependency>b</Dependency>\n  </AnyDependency>\n    <Dependency>stray</Dependency>\n</BuildDependencies>\n",
	} {
		files := map[string]string{
			"x.spec":    "BuildRequires: libfoo-dev >= 1, (realtool or b < 2), unneeded-dev\n",
			"APKBUILD":  "makedepends='libfoo-dev>=1 realtool unneeded-dev'\n",
			"pspec.xml": "<PISI><Source><BuildDependencies><Dependency versionFrom='1'>libfoo-dev</Dependency><AnyDependency><Dependency>realtool</Dependency><Dependency>b</Dependency></AnyDependency><Dependency>unneeded-dev</Dependency></BuildDependencies></Source></PISI>",
		}
		rec := newRecording("/src", "make")
		m := rec.run("/usr/bin/make", "make").read("/usr/include/foo.h")
		m.spawn("/usr/bin/realtool", "realtool")
		m.spawn("/usr/bin/stray", "stray")
		in := input(t, rec, "")
		path := filepath.Join(t.TempDir(), name)
		packagestest.Write(t, path, []byte(files[name]))
		var err error
		if in.Declared, err = declared.Read(path, nil); err != nil {
			t.Fatal(err)
		}
		var control bytes.Buffer
		if err := analyze(t, in).WriteControl(&control); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, control.String()); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestProgramName(t *testing.T) {
	for _, test := range []struct {
		path    string
		args    []string
		want    string
		command bool
	}{
		{"/usr/bin/x86_64-linux-gnu-gcc-12", []string{"gcc", "-c"}, "gcc", false},
		{"/bin/dash", []string{"sh", "-c", "x"}, "sh", true},
		{"/bin/dash", []string{"/bin/sh", "-ec", "x"}, "sh", true},
		{"/bin/dash", []string{"sh", "./configure", "-c"}, "configure", false},
		{"/bin/bash", []string{"-bash"}, "bash", false},
		{"/usr/bin/automake-1.16", []string{"/usr/bin/perl", "-w", "/usr/bin/automake"}, "automake-1.16", false},
		{"/usr/bin/automake-1.16", []string{"automake"}, "automake", false},
		{"/usr/bin/python3.11", []string{"python3", "setup.py"}, "setup.py", false},
		{"/usr/bin/python3.11", []string{"python3", "-m", "x"}, "python3", false},
		{"/usr/bin/true", nil, "true", false},
		{"/usr/bin/true", []string{""}, "true", false},
	} {
		if got, command := programName(test.path, test.args); got != test.want || command != test.command {
			t.Errorf("%s %q: %s, %v", test.path, test.args, got, command)
		}
	}
}
