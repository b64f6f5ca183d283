package packages

import (
	"bytes"
	"compress/gzip"
	"database/sql"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	rpmdb "github.com/anchore/go-rpmdb/pkg"
	"github.com/google/go-cmp/cmp"

	"github.com/catbox-go/catbox/packages/packagestest"
)

// rpmRoot has a database that rpm itself wrote when it installed what
// testdata/foo.spec builds.
func rpmRoot(t *testing.T) (root, path string) {
	t.Helper()
	packed, err := os.Open("testdata/rpmdb.sqlite.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer packed.Close()
	z, err := gzip.NewReader(packed)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	root = t.TempDir()
	path = filepath.Join(root, "usr/lib/sysimage/rpm/rpmdb.sqlite")
	packagestest.Write(t, path, data)
	return root, path
}

func gzipped(t *testing.T, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := io.WriteString(z, text); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestRPM(t *testing.T) {
	root, _ := rpmRoot(t)
	db := open(t, root)
	if got := ids(db.Packages()); got != "foo foo-devel" {
		t.Fatalf("%q", got)
	}
	for path, want := range map[string]string{
		"/usr/include/foo.h": "foo-devel", "/usr/lib/foo": "foo", "/usr/lib/foo/data": "foo", "/usr/lib/foo/link": "foo", "/usr/bin/foo": "",
	} {
		if got := ids(db.Owner(path)); got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
	devel := db.Package("foo-devel")
	if devel.Version != "1:1.2-3" || devel.Source != "foo" || devel.Arch != "noarch" || devel.Format != RPM {
		t.Errorf("%+v", devel)
	}
	if got := ids(db.Needs(devel)); got != "foo" {
		t.Errorf("%q", got)
	}
	if got := ids(db.Provides("bar")); got != "foo" {
		t.Errorf("%q", got)
	}
	var needs []string
	for _, c := range db.Package("foo").Depends {
		needs = append(needs, c.String())
	}
	if diff := cmp.Diff([]string{"a | b", "/bin/sh"}, needs); diff != "" {
		t.Error(diff)
	}
}

// What rpm wrote last is in the log as long as nobody had a reason to move it into the database.
func TestRPMsLogIsRead(t *testing.T) {
	root, path := rpmRoot(t)
	writer, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer writer.Close()
	writer.SetMaxOpenConns(1)
	for _, statement := range []string{"PRAGMA journal_mode=WAL", "PRAGMA wal_autocheckpoint=0", "DELETE FROM Packages WHERE hnum = 2"} {
		if _, err := writer.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := ids(open(t, root).Packages()); got != "foo" {
		t.Errorf("%q", got)
	}
	if after, err := os.ReadFile(path); err != nil || !bytes.Equal(before, after) {
		t.Errorf("the database was changed (%v)", err)
	}
}

func TestRPMThatIsDamagedIsAnError(t *testing.T) {
	for name, content := range map[string]string{
		"empty": "", "text": strings.Repeat("no database\n", 1000), "cut": "SQLite format 3\x00" + strings.Repeat("\x00", 4096),
	} {
		root := t.TempDir()
		packagestest.Write(t, filepath.Join(root, "var/lib/rpm/rpmdb.sqlite"), []byte(content))
		if _, err := Open(root); err == nil || !strings.HasPrefix(err.Error(), "rpm database: ") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWhatRPMKeepsBesidesPackages(t *testing.T) {
	got, err := rpmInstalled([]*rpmdb.PackageInfo{
		{Name: "gpg-pubkey", Arch: "(none)"}, {Name: "a", Arch: "noarch"}, {Name: "b", Arch: "x86_64", SourceRpm: "a-b-1-2.src.rpm"},
	})
	if err != nil || len(got.packages) != 2 || got.arch != "x86_64" || got.packages[1].Source != "a-b" {
		t.Errorf("%+v, %v", got, err)
	}
	for _, bad := range []rpmdb.PackageInfo{
		{Name: "a", BaseNames: []string{"x"}},
		{Name: "a", BaseNames: []string{"x"}, DirIndexes: []int32{1}, DirNames: []string{"/"}},
		{Name: "a", BaseNames: []string{"x"}, DirIndexes: []int32{-1}, DirNames: []string{"/"}},
	} {
		if got, err := rpmInstalled([]*rpmdb.PackageInfo{&bad}); err == nil {
			t.Errorf("%+v", got.packages)
		}
	}
}
