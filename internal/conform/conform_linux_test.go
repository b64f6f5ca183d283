package conform

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/catbox-go/catbox/internal/abi"
	"github.com/catbox-go/catbox/internal/testenv"
)

// programs are what is run natively and confined.
var programs = map[string]func(*recorder){}

// runProgram is the helper "program".
func runProgram(args []string) int {
	runtime.LockOSThread()
	// The descriptors that the Go runtime opens for itself, before any is counted.
	r, w, err := os.Pipe()
	must(err)
	r.Close()
	w.Close()
	top, err := os.Getwd()
	must(err)
	rec := &recorder{top: top}
	if p := programs[args[0]]; p != nil {
		p(rec)
	} else {
		fakePrograms[args[0]](rec)
	}
	rec.finish()
	return 0
}

// outcome is what a program saw, and what the caller sees afterwards.
type outcome struct {
	Seen []observation
	Tree []string
}

func TestPrograms(t *testing.T) {
	for _, name := range slices.Sorted(maps.Keys(programs)) {
		t.Run(name, func(t *testing.T) {
			want := outcomeOf(t, name, native)
			called.add(want.Seen)
			for _, m := range modes {
				t.Run(m.name, func(t *testing.T) {
					t.Parallel()
					m.need(t)
					if m.tier2 && (name == "internet" || name == "abstract") {
						return // NetworkNone: no sockets but unix ones with a path
					}
					compare(t, name, m.name, want, outcomeOf(t, name, m.run))
				})
			}
		})
	}
	if !t.Failed() && !t.Skipped() && wholeRun() {
		checkUsed(t, false)
		checkCalled(t)
	}
}

type runner func(t *testing.T, dir, path string, args []string) ([]byte, error)

// outcomeOf runs the program in a fresh directory. All of them have names of
// the same length, so that the programs can try how long a path may be.
func outcomeOf(t *testing.T, name string, run runner) outcome {
	t.Helper()
	dir := freshDir(t)
	data, err := run(t, dir, place(t, testenv.Executable(t), dir), testenv.HelperArgs("program", name))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	data = []byte(strings.ReplaceAll(string(data), dir, "TOP"))
	var o outcome
	if err := json.Unmarshal(data, &o.Seen); err != nil {
		t.Fatalf("%s: %v in %.200q", name, err, data)
	}
	for _, line := range state(filepath.Join(dir, "w")) {
		o.Tree = append(o.Tree, strings.ReplaceAll(line, dir, "TOP"))
	}
	return o
}

// place puts a program where it is seen in a run.
func place(t *testing.T, program, dir string) string {
	t.Helper()
	path := filepath.Join(dir, "program")
	if os.Link(program, path) == nil {
		return path
	}
	data, err := os.ReadFile(program)
	if err == nil {
		err = os.WriteFile(path, data, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// freshDir makes a directory that holds one named w.
func freshDir(t *testing.T) string {
	t.Helper()
	base := "/var/tmp"
	dir, err := os.MkdirTemp(base, "conform-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { removeTree(t, dir) })
	padded := fmt.Sprintf("%s/%s", dir, strings.Repeat("x", len(base)+30-len(dir)))
	if err := os.MkdirAll(padded+"/w", 0o755); err != nil {
		t.Fatal(err)
	}
	return padded
}

// removeTree removes what a program left, some of which its owner cannot enter.
func removeTree(t *testing.T, dir string) {
	filepath.WalkDir(dir, func(path string, d fs.DirEntry, _ error) error {
		if d != nil && d.IsDir() {
			os.Chmod(path, 0o700)
		}
		return nil
	})
	if err := os.RemoveAll(dir); err != nil {
		t.Error(err)
	}
}

var used = struct {
	sync.Mutex
	rows map[int]bool
}{rows: map[int]bool{}}

// compare fails on what is different and not by design.
func compare(t *testing.T, program, mode string, want, got outcome) {
	t.Helper()
	if len(want.Seen) != len(got.Seen) {
		for i := range min(len(want.Seen), len(got.Seen)) {
			if want.Seen[i].Do != got.Seen[i].Do {
				t.Errorf("after %s: %s, natively %s", want.Seen[max(i-1, 0)].Do, got.Seen[i].Do, want.Seen[i].Do)
				break
			}
		}
		t.Errorf("%d observations, natively %d", len(got.Seen), len(want.Seen))
		want.Seen, got.Seen = want.Seen[:min(len(want.Seen), len(got.Seen))], got.Seen[:min(len(want.Seen), len(got.Seen))]
	}
	failures, treeMayDiffer := 0, false
	for i, w := range want.Seen {
		diff := cmp.Diff(w, got.Seen[i])
		if diff == "" {
			continue
		}
		if d := byDesign(program, mode, w, got.Seen[i]); d != nil {
			treeMayDiffer = treeMayDiffer || d.Lacks == ""
			continue
		}
		if failures++; failures <= 40 {
			t.Errorf("%s: native %s %q, confined %s %q", w.Do, w.Got, w.Changed, got.Seen[i].Got, got.Seen[i].Changed)
		}
	}
	if failures > 40 {
		t.Errorf("and %d more", failures-40)
	}
	if failures == 0 && !treeMayDiffer {
		if diff := cmp.Diff(want.Tree, got.Tree); diff != "" {
			t.Errorf("what is there afterwards (-native +confined):\n%.3000s", diff)
		}
	}
}

// byDesign finds the difference that is known; nil: there is none.
func byDesign(program, mode string, native, confined observation) *Difference {
	for i, d := range Differences {
		if !d.concerns(program, mode) || native.Do != confined.Do {
			continue
		}
		if without := native; d.Lacks != "" {
			without.Got = strings.Replace(native.Got, d.Lacks, "", 1)
			if !cmp.Equal(without, confined) {
				continue
			}
		}
		if regexp.MustCompile(d.Call).MatchString(native.Do) && regexp.MustCompile(d.Confined).MatchString(confined.Got) {
			used.Lock()
			used.rows[i] = true
			used.Unlock()
			return &Differences[i]
		}
	}
	return nil
}

func (d Difference) concerns(program, mode string) bool {
	return (d.Program == "" || d.Program == program) && (d.Mode == "" || d.Mode == mode || d.Mode == anyFake && strings.HasPrefix(mode, anyFake))
}

// wholeRun tells that no test was left out by -run.
func wholeRun() bool {
	return !slices.ContainsFunc(os.Args, func(a string) bool { return strings.HasPrefix(a, "-test.run") || strings.HasPrefix(a, "-test.skip") })
}

func checkUsed(t *testing.T, fake bool) {
	t.Helper()
	for i, d := range Differences {
		if !used.rows[i] && !d.Sometimes && strings.HasPrefix(d.Mode, "fake") == fake {
			t.Errorf("no such difference any more: %+v", d)
		}
	}
}

// calls are the names of those that the programs made.
type calls map[string]bool

var called = calls{}

func (c calls) add(seen []observation) {
	for _, o := range seen {
		if name, _, ok := strings.Cut(o.Do, "("); ok {
			c[name] = true
		}
	}
}

// checkCalled holds the programs against the table: every writing call of every
// generation has to be made.
func checkCalled(t *testing.T) {
	t.Helper()
	for _, row := range abi.Table() {
		if row.Class != abi.Open && row.Class != abi.Write {
			continue
		}
		if _, ok := abi.Number(abi.Native()[0], row.Name); ok && !called[row.Name] {
			t.Errorf("no program calls %s", row.Name)
		}
	}
}
