package materials_test

import (
	"slices"
	"testing"

	"github.com/catbox-go/catbox/record"
	"github.com/catbox-go/catbox/report"
	"github.com/catbox-go/catbox/report/internal/known"
	"github.com/catbox-go/catbox/report/internal/made"
	"github.com/catbox-go/catbox/report/materials"
)

// also gives what a build has and more accesses of its first program.
func also(more ...record.Access) report.Each {
	return func(f func(record.Event) error) error {
		return made.Hello.Each(func(e record.Event) error {
			if end, ok := e.(record.End); ok {
				for _, a := range more {
					a.Image, a.First, a.Last = 1, end.Time, end.Time
					if err := f(a); err != nil {
						return err
					}
				}
			}
			return f(e)
		})
	}
}

func TestFilesOfABill(t *testing.T) {
	r, err := report.Load(also(
		record.Access{Class: record.ClassRead, Path: "/dev/null"}, record.Access{Class: record.ClassRead, Path: "/proc/cpuinfo"},
		record.Access{Class: record.ClassRead, Path: "/var/lib/dpkg/status"},
		record.Access{Class: record.ClassProbe, Path: "/etc/passwd"}, record.Access{Class: record.ClassRead, Path: "/home/me/a\n.h"},
		record.Access{Class: record.ClassRead, Path: "/home/me/dir", Dir: true},
	), made.Owners{})
	if err != nil {
		t.Fatal(err)
	}
	b := materials.Of(r, known.Knower{})
	outputs, sources := paths(b.Outputs), paths(b.Sources)
	for _, test := range []struct {
		path           string
		output, source bool
	}{
		{"/home/me/hello-2.10/hello", true, false},
		{"/home/me/hello-2.10/lib/part0.o", true, false},
		{"/home/me/hello-2.10/conftest.c", false, false}, // temporary
		{"/home/me/hello-2.10/lib/part0.c", false, true},
		{"/home/me/hello-2.10/configure", false, true}, // executed
		{"/usr/include/zlib.h", false, false},          // of a package
		{"/dev/null", false, false},                    // the kernel's
		{"/proc/cpuinfo", false, false},
		{"/var/lib/dpkg/status", false, false}, // says what is installed
		{"/etc/passwd", false, false},          // only looked at
		{"/home/me/dir", false, false},
		{`/home/me/a\n.h`, false, true}, // as it can be shown
	} {
		if slices.Contains(outputs, test.path) != test.output || slices.Contains(sources, test.path) != test.source {
			t.Errorf("%s: output %v, source %v", test.path, !test.output, !test.source)
		}
	}
	if !slices.IsSorted(outputs) || !slices.IsSorted(sources) {
		t.Error("they are in no order")
	}
}

func paths(files []materials.File) []string {
	var all []string
	for _, f := range files {
		all = append(all, f.Path)
	}
	return all
}

func TestNothingIsMadeUp(t *testing.T) {
	r, err := report.Load(made.Hello.Each, made.Owners{})
	if err != nil {
		t.Fatal(err)
	}
	b := materials.Of(r, nil)
	for _, f := range b.Outputs {
		if f.SHA256 != "" || f.Unknown == "" {
			t.Errorf("%+v", f)
		}
	}
	for _, p := range b.Packages {
		if p.Version != "" {
			t.Errorf("%+v", p)
		}
	}
}
