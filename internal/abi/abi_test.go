package abi

import (
	"bufio"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

func TestNumbersAreThoseOfXSys(t *testing.T) {
	want, err := exec.Command("go", "run", "./gen").Output()
	if err != nil {
		t.Fatalf("go run ./gen: %v", err)
	}
	got, err := os.ReadFile("znumbers.go")
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(want) {
		t.Error("znumbers.go is out of date: run go generate")
	}
}

func TestNumbersAreSortedAndDistinct(t *testing.T) {
	if !slices.IsSortedFunc(numbers[:], func(a, b numberRow) int { return strings.Compare(a.name, b.name) }) {
		t.Error("numbers are not sorted by name")
	}
	var seen [arches]map[int16]string
	for _, n := range numbers {
		for a, nr := range n.nr {
			if nr < 0 {
				continue
			}
			if other, ok := seen[a][nr]; ok {
				t.Errorf("%v: %d is %s and %s", Arch(a), nr, other, n.name)
			}
			if seen[a] == nil {
				seen[a] = map[int16]string{}
			}
			seen[a][nr] = n.name
		}
	}
}

// One row a name and one name a number: each number is in exactly one class.
func TestEachNumberHasOneRow(t *testing.T) {
	rows := map[string]int{}
	for _, f := range families {
		for _, e := range f {
			rows[e.name]++
		}
	}
	for _, w := range writes {
		rows[w.name]++
	}
	for _, f := range fakes {
		rows[f.name]++
	}
	for _, m := range marks {
		rows[m.name]++
	}
	for _, n := range numbers {
		if rows[n.name] != 1 {
			t.Errorf("%s has %d rows", n.name, rows[n.name])
		}
		delete(rows, n.name)
	}
	for name := range rows {
		t.Errorf("%s has a row and no number", name)
	}
}

func TestLookup(t *testing.T) {
	for _, tt := range []struct {
		arch Arch
		nr   int
		want string
	}{
		{AMD64, 0, "read"}, {AMD64, 257, "openat"}, {AMD64, 425, "io_uring_setup"},
		{I386, 5, "open"}, {I386, 102, "socketcall"}, {I386, 212, "chown32"},
		{ARM64, 56, "openat"}, {ARM64, 79, "newfstatat"},
		{AMD64, -1, ""}, {AMD64, 400, ""}, {AMD64, 1 << 30, ""}, {AMD64, 1<<30 + 2, ""}, {AMD64, 4096, ""},
		{ARM64, 244, ""}, {arches, 0, ""},
	} {
		r, ok := Lookup(tt.arch, tt.nr)
		if ok != (tt.want != "") || ok && r.Name != tt.want {
			t.Errorf("%v %d is %v, want %q", tt.arch, tt.nr, r, tt.want)
		}
	}
}

func TestLookupAndNumberAgree(t *testing.T) {
	for a := range Arch(arches) {
		for nr := range Last(a) + 64 {
			r, ok := Lookup(a, nr)
			if !ok {
				continue
			}
			if n, ok := Number(a, r.Name); !ok || n != nr {
				t.Errorf("%v: %d is %s, whose number is %d", a, nr, r.Name, n)
			}
		}
	}
	for _, name := range []string{"", "no_such_call", "zzz"} {
		if nr, ok := Number(AMD64, name); ok {
			t.Errorf("%q has number %d", name, nr)
		}
	}
}

// The headers may know of calls that golang.org/x/sys does not; they would be
// refused, which is safe, and should be looked at.
func TestKernelHeadersHaveRows(t *testing.T) {
	found := 0
	for _, h := range []struct {
		arch Arch
		glob string
	}{
		{AMD64, "/usr/include/*/asm/unistd_64.h"}, {AMD64, "/usr/include/asm/unistd_64.h"},
		{I386, "/usr/include/*/asm/unistd_32.h"}, {I386, "/usr/include/asm/unistd_32.h"},
		{ARM64, "/usr/include/aarch64-linux-gnu/asm/unistd_64.h"},
	} {
		files, _ := filepath.Glob(h.glob)
		for _, f := range files {
			if strings.Contains(f, "aarch64") == (h.arch == ARM64) {
				found += checkHeader(t, h.arch, f)
			}
		}
	}
	t.Logf("%d numbers checked", found)
}

func checkHeader(t *testing.T, a Arch, file string) int {
	f, err := os.Open(file)
	if errors.Is(err, fs.ErrNotExist) {
		return 0
	} else if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	n := 0
	for s := bufio.NewScanner(f); s.Scan(); {
		w := strings.Fields(s.Text())
		if len(w) != 3 || !strings.HasPrefix(w[1], "__NR_") {
			continue
		}
		nr, err := strconv.Atoi(w[2])
		if err != nil {
			continue
		}
		n++
		name := strings.TrimPrefix(w[1], "__NR_")
		if r, ok := Lookup(a, nr); !ok || r.Name != name {
			t.Errorf("%s: %s is %d, the table has %v", file, name, nr, r)
		}
	}
	return n
}

func TestClassesAreKnownAndRefusalsSayWhy(t *testing.T) {
	for _, r := range Table() {
		if r.Class.String() == "unknown class" {
			t.Errorf("%s has no class", r.Name)
		}
		if r.Class.Errno() != 0 && r.Note == "" {
			t.Errorf("%s is refused and does not say why", r.Name)
		}
	}
}

func TestArgumentsHaveNoGapsAndDirectoriesHavePaths(t *testing.T) {
	for _, r := range Table() {
		for i, role := range r.Args {
			if role.String() == "unknown role" {
				t.Errorf("%s: argument %d has an unknown role", r.Name, i)
			}
			if role != None && i > 0 && r.Args[i-1] == None {
				t.Errorf("%s: nothing before argument %d", r.Name, i)
			}
			if role == DirFD && (i == 5 || !r.Args[i+1].IsPath()) {
				t.Errorf("%s: argument %d is a directory without a path", r.Name, i)
			}
		}
	}
}

// A call that takes a path is not let pass unseen.
func TestCallsWithPathsAreNotPassed(t *testing.T) {
	for _, r := range Table() {
		if len(r.Paths()) > 0 && (r.Class == Pass || r.Class == Arguments) {
			t.Errorf("%s has a path and is in class %v", r.Name, r.Class)
		}
	}
}

func TestPaths(t *testing.T) {
	for name, want := range map[string][]PathArg{
		"openat":            {{0, 1, Path}},
		"open":              {{-1, 0, Path}},
		"rename":            {{-1, 0, Entry}, {-1, 1, Entry}},
		"renameat2":         {{0, 1, Entry}, {2, 3, Entry}},
		"linkat":            {{0, 1, Link}, {2, 3, Entry}},
		"symlinkat":         {{1, 2, Entry}},
		"inotify_add_watch": {{-1, 1, Path}},
		"fchmod":            nil,
	} {
		r, ok := ByName(name)
		if !ok || !slices.Equal(r.Paths(), want) {
			t.Errorf("%s: paths %v, want %v", name, r.Paths(), want)
		}
	}
}

// The calls of each generation, that others forgot (S04).
func TestEveryGenerationIsAWrite(t *testing.T) {
	for _, name := range strings.Fields(`
		truncate truncate64 unlink unlinkat rmdir link linkat symlink symlinkat rename renameat renameat2
		mknod mknodat mkdir mkdirat chmod fchmod fchmodat fchmodat2 chown fchown lchown fchownat
		chown32 fchown32 lchown32 utime utimes futimesat utimensat utimensat_time64
		setxattr lsetxattr fsetxattr setxattrat removexattr lremovexattr fremovexattr removexattrat file_setattr`) {
		if r, ok := ByName(name); !ok || r.Class != Write {
			t.Errorf("%s is not a write: %v", name, r)
		}
	}
}

// A change of metadata that is taken for another one has no wall where the
// command was given a descriptor of the host's.
func TestMetadataIsWhatLandlockDoesNotSee(t *testing.T) {
	metadata := strings.Fields(`
		chmod fchmod fchmodat fchmodat2 chown chown32 fchown fchown32 lchown lchown32 fchownat
		utime utimes futimesat utimensat utimensat_time64 setxattr lsetxattr fsetxattr setxattrat
		removexattr lremovexattr fremovexattr removexattrat file_setattr`)
	for _, r := range Table() {
		if (r.Class == Write) != (r.Change != 0) || r.Change >= Changes {
			t.Errorf("%s is in class %v and has change %d", r.Name, r.Class, r.Change)
		}
		if got := r.Change.Metadata(); got != slices.Contains(metadata, r.Name) {
			t.Errorf("%s changes metadata: %v", r.Name, got)
		}
	}
}

// The filter sends what sets an owner in any case.
func TestOwnersAreChanged(t *testing.T) {
	for _, r := range Table() {
		if owned := r.Arg(Owner) >= 0 && r.Arg(Group) >= 0; owned != (r.Change == Chown) {
			t.Errorf("%s has change %d", r.Name, r.Change)
		}
	}
}

func TestAudit(t *testing.T) {
	for a := range Arch(arches) {
		if got, ok := ArchFromAudit(a.Audit()); !ok || got != a {
			t.Errorf("%v: %#x is %v", a, a.Audit(), got)
		}
	}
	if a, ok := ArchFromAudit(0x40000028); ok {
		t.Errorf("32-bit arm is %v", a)
	}
}

func BenchmarkLookup(b *testing.B) {
	for b.Loop() {
		Lookup(AMD64, 257)
	}
}

func BenchmarkIndex(b *testing.B) {
	for b.Loop() {
		newIndex()
	}
}
