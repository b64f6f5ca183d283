package compiledb

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/catbox-go/catbox/record"
	"github.com/catbox-go/catbox/report"
)

// ran is a run of commands, each a line of words, in /src; a word after > is a
// file that was temporary.
func ran(t *testing.T, commands ...string) *report.Run {
	t.Helper()
	r, err := report.Load(func(f func(record.Event) error) error {
		now := time.Unix(1, 0)
		events := []record.Event{record.Start{Time: now}}
		for i, c := range commands {
			id := int64(i + 1)
			line, gone, _ := strings.Cut(c, " > ")
			args := strings.Fields(line)
			events = append(events, record.Process{ID: id, Parent: id - 1, Time: now}, record.Image{ID: id, Process: id, Path: "/usr/bin/" + args[0], Args: args, Dir: "/src", Time: now})
			if gone != "" {
				events = append(events, record.Access{Image: id, Class: record.ClassCreate, Path: gone, First: now, Last: now},
					record.Access{Image: id, Class: record.ClassDelete, Path: gone, First: now.Add(1), Last: now.Add(1)})
			}
		}
		for _, e := range events {
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

func TestEntries(t *testing.T) {
	for _, test := range []struct {
		commands string   // one a line
		want     []string // file output: arguments
	}{
		{"gcc -O2 -c a.c", []string{"a.c a.o: gcc -O2 -c a.c"}},
		{"gcc -c sub/a.c", []string{"sub/a.c a.o: gcc -c sub/a.c"}},
		{"x86_64-linux-gnu-g++-12 -c -o out/a.o /abs/a.cc", []string{"/abs/a.cc out/a.o: x86_64-linux-gnu-g++-12 -c -o out/a.o /abs/a.cc"}},
		{"cc -oa.o -c a.c", []string{"a.c a.o: cc -oa.o -c a.c"}},
		{"gcc -o hello a.c b.c -lz", []string{"a.c hello: gcc -o hello a.c b.c -lz", "b.c hello: gcc -o hello a.c b.c -lz"}},
		{"clang -include x.c -c a.c -MF d.c", []string{"a.c a.o: clang -include x.c -c a.c -MF d.c"}},
		{"clang++ -c a.cpp\nclang++ -cc1 -emit-obj a.cpp", []string{"a.cpp a.o: clang++ -c a.cpp"}},
		{"gcc -E a.c\ngcc -c a.c", []string{"a.c a.o: gcc -c a.c"}},
		{"gcc -c a.c\ngcc -E a.c", []string{"a.c a.o: gcc -c a.c"}},
		{"ccache gcc -c a.c", []string{"a.c a.o: gcc -c a.c"}},
		{"ccache gcc -c a.c\ngcc -real -c a.c", []string{"a.c a.o: gcc -real -c a.c"}},
		{"sh ./libtool --tag=CC --mode=compile gcc -c -o a.lo a.c\ngcc -c a.c -fPIC -o .libs/a.o\ngcc -c a.c -o a.o", []string{"a.c .libs/a.o: gcc -c a.c -fPIC -o .libs/a.o"}},
		{"gcc -c conftest.c > /src/conftest.c", nil},
		{"gcc --version\ngcc -print-search-dirs\ngcc -o prog a.o\ngccgo -c a.c\nsh -c gcc\ncc1 a.c", nil},
	} {
		t.Run(test.commands, func(t *testing.T) {
			var got []string
			for _, e := range Entries(ran(t, strings.Split(test.commands, "\n")...)) {
				if e.Directory != "/src" {
					t.Errorf("directory %q", e.Directory)
				}
				got = append(got, e.File+" "+e.Output+": "+strings.Join(e.Arguments, " "))
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestItIsAListOfObjects(t *testing.T) {
	for _, commands := range [][]string{{"ls"}, {"gcc -c <&>\xff.c"}} {
		var b bytes.Buffer
		if err := Write(&b, ran(t, commands...)); err != nil {
			t.Fatal(err)
		}
		var back []Entry
		if err := json.Unmarshal(b.Bytes(), &back); err != nil || back == nil {
			t.Errorf("%s: %v", b.Bytes(), err)
		}
	}
}
