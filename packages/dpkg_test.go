package packages

import (
	"bytes"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/catbox-go/catbox/internal/testenv"
)

// host is the database of this machine, for tests that compare with dpkg itself.
func host(t testing.TB) *DB {
	t.Helper()
	testenv.Command(t, "dpkg-query")
	db, err := Open("/")
	if err != nil {
		t.Fatal(err)
	}
	return db
}

func TestPackagesAreWhatDpkgQueryShows(t *testing.T) {
	db := host(t)
	out, err := exec.Command("dpkg-query", "-W", "-f",
		`${binary:Package}\t${Version}\t${source:Package}\t${Architecture}\t${db:Status-Status}\n`).Output()
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for line := range strings.Lines(string(out)) {
		f := strings.Split(strings.TrimSpace(line), "\t")
		if f[4] == "config-files" || f[4] == "not-installed" {
			continue
		}
		seen++
		p := db.Package(f[0])
		if p == nil || p.ID() != f[0] || p.Version != f[1] || p.Source != f[2] || p.Arch != f[3] {
			t.Errorf("%s: %+v", line, p)
		}
	}
	if seen != len(db.Packages()) || seen < 50 {
		t.Errorf("%d packages, dpkg knows %d", len(db.Packages()), seen)
	}
}

// Thousands of paths, against dpkg -S.
func TestOwnersAreThoseOfDpkg(t *testing.T) {
	db := host(t)
	var paths []string
	for _, p := range db.Packages() {
		for i := 0; i < len(p.Paths()); i += 40 {
			paths = append(paths, p.Paths()[i])
		}
	}
	slices.Sort(paths)
	paths = slices.Compact(paths)
	for path, want := range dpkgSearch(t, paths) {
		var got []string
		for _, p := range db.Owner(path) {
			got = append(got, p.ID())
		}
		for _, id := range want {
			if !slices.Contains(got, id) {
				t.Errorf("%s: %q, dpkg says %q", path, got, want)
			}
		}
		if st, err := os.Lstat(path); err == nil && !st.IsDir() && len(got) != len(want) {
			t.Errorf("%s: %q, dpkg says %q", path, got, want)
		}
	}
}

// dpkgSearch returns the packages by path, as dpkg -S prints them; what is diverted is left out.
func dpkgSearch(t *testing.T, paths []string) map[string][]string {
	t.Helper()
	found := map[string][]string{}
	var said bytes.Buffer
	for chunk := range slices.Chunk(paths, 500) {
		cmd := exec.Command("dpkg-query", append([]string{"-S", "--"}, chunk...)...)
		cmd.Stdout, cmd.Env = &said, append(os.Environ(), "LC_ALL=C")
		if err := cmd.Run(); err != nil && cmd.ProcessState.ExitCode() != 1 { // 1: some were not found
			t.Fatal(err)
		}
	}
	diverted := map[string]bool{}
	for line := range strings.Lines(said.String()) {
		ids, path, _ := strings.Cut(strings.TrimSpace(line), ": ")
		if strings.HasPrefix(ids, "diversion by") {
			diverted[path] = true
			continue
		}
		found[path] = strings.Split(ids, ", ")
	}
	if len(found) < 1000 {
		t.Fatalf("dpkg found only %d of %d", len(found), len(paths))
	}
	for path := range diverted {
		delete(found, path)
	}
	return found
}

func BenchmarkOpen(b *testing.B) {
	testenv.Command(b, "dpkg-query")
	paths := 0
	for b.Loop() {
		db, err := Open("/")
		if err != nil {
			b.Fatal(err)
		}
		db.Owner("/usr/bin/awk")
		paths = len(db.files.one)
	}
	b.ReportMetric(float64(paths), "paths")
}
