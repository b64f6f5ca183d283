package declared

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// read writes the text to a file of that name and reads it.
func read(t *testing.T, name, text string, run Rpmspec) (*List, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return Read(path, run)
}

// check compares the entries, as "field: clause", and the notes.
func check(t *testing.T, name, text string, run Rpmspec, want, notes []string) {
	t.Helper()
	l, err := read(t, name, text, run)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range l.Entries {
		got = append(got, e.Field+": "+e.Clause.String())
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("entries of %s: %s", name, diff)
	}
	if diff := cmp.Diff(notes, l.Notes); diff != "" {
		t.Errorf("notes of %s: %s", name, diff)
	}
}

func TestControl(t *testing.T) {
	check(t, "control", `# a comment first
Source: hello
Build-Depends: debhelper-compat (= 13),
# libold-dev,
 libfoo-dev (>= 1.2) | libfoo2-dev [linux-any] <!nocheck>,
 python3:any, ${python:Depends},
 libx-dev (= ${source:Version}),
Build-Depends-Arch: gcc-multilib [amd64]
Build-Depends-Indep: texlive <!nodoc>
Build-Conflicts: libbad-dev
Standards-Version: 4

Package: hello
Depends: not-this
`, nil, []string{
		"Build-Depends: debhelper-compat (= 13)",
		"Build-Depends: libfoo-dev (>= 1.2) | libfoo2-dev [linux-any] <!nocheck>",
		"Build-Depends: python3:any",
		"Build-Depends: libx-dev",
		"Build-Depends-Arch: gcc-multilib [amd64]",
		"Build-Depends-Indep: texlive <!nodoc>",
	}, []string{
		"${python:Depends} is known to dpkg-gencontrol only",
		"libx-dev: version ${source:Version} is known to dpkg-gencontrol only",
	})
}

func TestSpecWithoutRpmspec(t *testing.T) {
	check(t, "hello.spec", `Name: hello
Version: 2.10
%global python python3
%define unknown %(id)
# BuildRequires: commented
BuildRequires: gcc, make >= 4  %{python}-devel
BuildRequires:	pkgconfig(zlib) >= 1.2, (a or b), perl(%{name}) = %{version}
buildrequires(check): tap%{?_isa}
BuildRequires: %{unknown}-devel
BuildRequires: %{!?python:python2}%{?python:six} \
  continued
%if 0%{?fedora}
BuildRequires: fedora-thing
%else
BuildRequires: other-thing
%endif
BuildRequires: last
%generate_buildrequires
%changelog
- BuildRequires: gone
`, nil, []string{
		"BuildRequires: gcc", "BuildRequires: make (>= 4)", "BuildRequires: python3-devel",
		"BuildRequires: pkgconfig(zlib) (>= 1.2)", "BuildRequires: perl(hello) (= 2.10)", "BuildRequires: a | b",
		"BuildRequires: tap", "BuildRequires: six", "BuildRequires: continued",
		"BuildRequires: fedora-thing", "BuildRequires: other-thing", "BuildRequires: last",
	}, []string{
		"BuildRequires: %{unknown}-devel: %{unknown} is not known",
		"BuildRequires: fedora-thing: taken, whatever %if 0%{?fedora} comes to",
		"BuildRequires: other-thing: taken, whatever the %else of %if 0%{?fedora} comes to",
		"%generate_buildrequires: what it prints is known to rpmbuild only ",
	})
}

func TestSpecByRpmspec(t *testing.T) {
	asked := ""
	run := func(spec *os.File) ([]byte, error) {
		text, err := io.ReadAll(spec)
		if asked = string(text); err != nil {
			return nil, err
		}
		return []byte("gcc\nmake >= 4\nrpmlib(DynamicBuildRequires) <= 4.15.0-1\n(a or b)\n"), nil
	}
	check(t, "hello.spec", "Name: hello\nBuildRequires: %{x}\n", run, []string{
		"BuildRequires: gcc", "BuildRequires: make (>= 4)", "BuildRequires: a | b",
	}, nil)
	if !strings.Contains(asked, "BuildRequires: %{x}") {
		t.Errorf("%q", asked)
	}
	check(t, "hello.spec", "BuildRequires: gcc\n",
		func(*os.File) ([]byte, error) { return nil, errors.New("it is not there") },
		[]string{"BuildRequires: gcc"}, []string{"not expanded by rpmspec: it is not there"})
}

func TestAPKBUILD(t *testing.T) {
	check(t, "APKBUILD", `# Maintainer: x
pkgname=hello
_llvm=17
depends_dev="zlib-dev>=1.2 `+"`id`"+`"
makedepends="$depends_dev
	llvm$_llvm-dev
	${pkgname}-tools 'a'quoted
	!bad $(touch /tmp/pwned; echo "x)") foo@edge
	"
makedepends="$makedepends more"
checkdepends='py3-pytest $notexpanded'
checkdepends+=" tap"
makedepends_host=${_unset#x}host
subpackages="$pkgname-dev" # makedepends="no"
case "$CARCH" in
	x86*) makedepends="$makedepends nasm";;
esac
build() {
	make
}
`, nil, []string{
		"makedepends: zlib-dev (>= 1.2)", "makedepends: llvm17-dev", "makedepends: hello-tools", "makedepends: 'a'quoted",
		"makedepends: foo", "makedepends: more", "makedepends_host: host", "checkdepends: py3-pytest", "checkdepends: $notexpanded", "checkdepends: tap",
	}, []string{
		"makedepends is also set inside of a condition or function: not read",
		"depends_dev: `...` is not expanded",
		`makedepends: $(touch /tmp/pwned; echo "x)") is not expanded`,
		"makedepends_host: ${_unset#x} is not expanded",
	})
	if _, err := os.Stat("/tmp/pwned"); err == nil {
		t.Error("a command in the file was run")
	}
}

func TestPspec(t *testing.T) {
	check(t, "pspec.xml", `<?xml version="1.0"?>
<PISI><Source><Name>hello</Name><BuildDependencies>
 <Dependency versionFrom="1.2">zlib-devel</Dependency>
 <Dependency> gtk </Dependency>
 <Dependency type="pkgconfig" version="3">cairo</Dependency>
 <AnyDependency><Dependency>a</Dependency><Dependency versionTo="2">b</Dependency></AnyDependency>
</BuildDependencies></Source>
<Package><BuildDependencies><Dependency>extra</Dependency></BuildDependencies>
 <RuntimeDependencies><Dependency>no</Dependency></RuntimeDependencies></Package></PISI>`, nil, []string{
		"BuildDependencies: zlib-devel (>= 1.2)", "BuildDependencies: gtk", "BuildDependencies: pkgconfig(cairo) (= 3)",
		"BuildDependencies: a | b (<= 2)", "BuildDependencies: extra",
	}, nil)
}

func TestPlainList(t *testing.T) {
	check(t, "depends.txt", "# what we need\nzlib1g-dev libfoo-dev\n\nlibbar (>= 2) | libbaz, libx # why\n", nil,
		[]string{": zlib1g-dev", ": libfoo-dev", ": libbar (>= 2) | libbaz", ": libx"}, nil)
}

func TestBadFilesAreErrors(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"control", "Package: x\n", "no paragraph with the field Source"},
		{"control", " \n", "empty"},
		{"control", "Source: x\nBuild-Depends: a (1)\n", `Build-Depends: "a (1)": (1) is not a version with an operator`},
		{"list", "a\nb (>= 1\n", `line 2: "b (>= 1": ) is missing`},
		{"pspec.xml", "<PISI><Source>", "XML syntax error on line 1: unexpected EOF"},
	} {
		l, err := read(t, test.name, test.text, nil)
		if err == nil || !strings.HasSuffix(err.Error(), test.name+": "+test.want) {
			t.Errorf("%s: %v, %v, want %s", test.text, l, err, test.want)
		}
	}
	if _, err := Read(filepath.Join(t.TempDir(), "none"), nil); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v", err)
	}
}

func TestFind(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"debian/control", "b.spec", "a.spec", "APKBUILD", "pspec.xml", "other"} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	found, err := Find(dir)
	var got []string
	for _, path := range found {
		got = append(got, string(FormatOf(path))+" "+strings.TrimPrefix(path, dir+"/"))
	}
	want := []string{"debian/control debian/control", "spec a.spec", "spec b.spec", "APKBUILD APKBUILD", "pspec.xml pspec.xml"}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v %s", err, diff)
	}
}

// No input makes the shell or macro readers run on for ever, or panic.
func FuzzRead(f *testing.F) {
	f.Add("makedepends=\"a $b ${c} $(d) `e` \\\n f\"\nx+='y'")
	f.Add("BuildRequires: %{?a:b} %(c) (d or e)\n%global f %{g}\n%if x\n%else")
	f.Add("makedepends=\"a `b")
	f.Fuzz(func(t *testing.T, text string) {
		(&List{}).apkbuild(text)
		(&List{}).spec(text, nil)
		if err := (&List{}).plain(text); err != nil && err.Error() == "" {
			t.Error("an error without words")
		}
	})
}
