package packages

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/catbox-go/catbox/packages/packagestest"
	"github.com/catbox-go/catbox/packages/relation"
)

func TestOwner(t *testing.T) {
	db := open(t, makeRoot(t, "dpkg"))
	for path, want := range map[string]string{
		// merged /usr: canonical, and as listed
		"/usr/lib/x86_64-linux-gnu/libc.so.6": "libc:amd64",
		"/lib/x86_64-linux-gnu/libc.so.6":     "libc:amd64",
		"/usr/lib/i386-linux-gnu/libc.so.6":   "libc:i386",
		"/bin/tool":                           "tool",
		"/usr/bin/tool":                       "tool",
		// a link to a directory that is not /bin
		"/usr/lib/tool/data":    "tool",
		"/usr/share/tool/data":  "tool",
		"/usr/lib/tool/current": "tool",
		// diversions: who diverts has the name, who is diverted the other
		"/bin/sh":             "dash",
		"/usr/bin/sh":         "dash",
		"/usr/bin/sh.distrib": "bash",
		"/bin/local":          "",
		"/bin/local.real":     "bash",
		// alternatives, by the link and by what is kept of them
		"/usr/bin/awk":                  "mawk",
		"/etc/alternatives/awk":         "mawk",
		"/usr/bin/nawk":                 "mawk",
		"/usr/share/man/man1/nawk.1.gz": "mawk",
		// directories, and files of two architectures, belong to several
		"/bin":                           "base bash dash tool",
		"/usr/share/doc/libc/copyright":  "libc:amd64 libc:i386",
		"/etc/removed.conf":              "",
		"/usr/bin/loop":                  "",
		"/nowhere":                       "",
		"/usr/lib/x86_64-linux-gnu/none": "",
	} {
		if got := ids(db.Owner(path)); path != "/bin" && got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
	if got := ids(db.Owner("/")); got != "base bash dash libc:amd64 libc:i386 mawk meta tool" {
		t.Errorf("/: %q", got)
	}
}

func TestPackage(t *testing.T) {
	db := open(t, makeRoot(t, "dpkg"))
	for name, want := range map[string]string{
		"libc": "libc:amd64", "libc:i386": "libc:i386", "libc:amd64": "libc:amd64", "libc:any": "libc:amd64", "libc:native": "libc:amd64",
		"base": "base", "base:i386": "base", "foreign": "foreign:i386", "foreign:amd64": "", "removed": "", "none": "", "none:any": "",
	} {
		got := ""
		if p := db.Package(name); p != nil {
			got = p.ID()
		}
		if got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	p := db.Package("libc")
	if p.Source != "glibc" || p.Version != "2.36-1" || p.Format != Deb || db.Arch() != "amd64" {
		t.Errorf("%+v on %s", p, db.Arch())
	}
}

func TestSatisfying(t *testing.T) {
	db := open(t, makeRoot(t, "dpkg"))
	for text, want := range map[string]string{
		"libc": "libc:amd64 libc:i386", "libc (>= 2.36)": "libc:amd64 libc:i386", "libc (>> 2.36-1)": "",
		"libc-dev": "libc:amd64", "libc-dev (>= 2)": "libc:amd64", "libc-dev (>= 3)": "",
		"libc-any": "libc:amd64", "libc-any (<< 1)": "", // provided without a version
		"libc:i386": "libc:i386", "/bin/tool": "tool",
	} {
		c, err := relation.ParseClause(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := ids(db.Satisfying(c[0])); got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

func TestNeeds(t *testing.T) {
	db := open(t, makeRoot(t, "dpkg"))
	for name, want := range map[string]string{
		"base":    "libc:amd64",
		"dash":    "libc:amd64 base", // the second of the alternatives is there
		"bash":    "libc:amd64 dash",
		"foreign": "libc:i386 dash", // the library of its own architecture
		"tool":    "bash foreign:i386",
		"libc":    "",
	} {
		if got := ids(db.Needs(db.Package(name))); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

func TestClosure(t *testing.T) {
	db := open(t, makeRoot(t, "dpkg"))
	var got []*Package
	for _, p := range db.Packages() {
		if db.Closure(db.Package("meta"), nil)[p] {
			got = append(got, p)
		}
	}
	if ids(got) != "base bash dash foreign:i386 libc:amd64 libc:i386 meta tool" {
		t.Errorf("%q", ids(got))
	}
	if base := db.Base(); len(base) != 2 || !base[db.Package("base")] || !base[db.Package("libc")] {
		t.Errorf("%v", base)
	}
}

func TestMeta(t *testing.T) {
	db := open(t, makeRoot(t, "dpkg"))
	for name, want := range map[string]bool{"meta": true, "tool": false, "libc": false, "foreign": true, "mawk": false} {
		if got := db.Package(name).Meta(); got != want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestChildrenAreUnderEachName(t *testing.T) {
	db := open(t, makeRoot(t, "dpkg"))
	want := []string{"/bin/bash", "/bin/dash", "/bin/local.real", "/bin/sh", "/bin/sh.distrib", "/usr/bin/mawk", "/usr/bin/tool"}
	if diff := cmp.Diff(want, db.Children("/usr/bin")); diff != "" {
		t.Error(diff)
	}
}

func TestWithoutADatabase(t *testing.T) {
	if _, err := Open(t.TempDir()); !errors.Is(err, ErrNone) {
		t.Errorf("%v", err)
	}
	if _, err := Open(filepath.Join(t.TempDir(), "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v", err)
	}
}

func TestADatabaseThatCannotBeReadIsAnError(t *testing.T) {
	root := t.TempDir()
	packagestest.Write(t, filepath.Join(root, "var/lib/dpkg/status"), []byte("Package: a\nStatus: install ok installed\nDepends: b (1)\n"))
	if _, err := Open(root); err == nil || err.Error() != `deb database: "b (1)": (1) is not a version with an operator` {
		t.Errorf("%v", err)
	}
}

func TestAPK(t *testing.T) {
	db := open(t, makeRoot(t, "apk"))
	for path, want := range map[string]string{
		"/usr/lib/libz.so.1.3.1": "zlib", "/lib/libz.so.1": "zlib", "/usr/include/zlib.h": "zlib-dev", "/bin/busybox": "busybox",
		"/usr/bin/busybox": "busybox", "/bin/ls": "busybox", "/etc": "busybox",
	} {
		if got := ids(db.Owner(path)); got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
	for name, want := range map[string]string{
		"zlib-dev": "zlib pkgconf", "zlib": "musl", ".build-deps": "zlib-dev", "busybox": "musl",
	} {
		if got := ids(db.Needs(db.Package(name))); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	p := db.Package("zlib-dev")
	if p.Source != "zlib" || p.Version != "1.3.1-r2" || p.Arch != "x86_64" || p.Format != APK || db.Arch() != "x86_64" || p.Meta() {
		t.Errorf("%+v", p)
	}
	if !db.Package(".build-deps").Meta() || !db.Base()[db.Package("musl")] {
		t.Error("a virtual package is there for what it depends on; musl is in every build")
	}
}

func TestContents(t *testing.T) {
	root := t.TempDir()
	paths := []string{"/usr/include/zlib.h", "/usr/share/a b", "/none"}
	if _, err := Contents(context.Background(), root, paths); !errors.Is(err, ErrNoContents) {
		t.Errorf("%v", err)
	}
	packagestest.Write(t, filepath.Join(root, "var/lib/apt/lists/x_main_Contents-amd64"),
		[]byte("FILE LOCATION\nusr/include/zlib.h\t\t libdevel/zlib1g-dev,universe/libdevel/other\nusr/include/zlib.hpp  x/y\n"))
	packagestest.Write(t, filepath.Join(root, "var/lib/apt/lists/x_main_Contents-all.gz"), gzipped(t, "usr/share/a b   doc/ab\nnone\n"))
	got, err := Contents(context.Background(), root, paths)
	want := map[string][]string{"/usr/include/zlib.h": {"zlib1g-dev", "other"}, "/usr/share/a b": {"ab"}}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v %s", err, diff)
	}
}
