package target

import (
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
	"pgregory.net/rapid"
)

// The kernel's own lookup is the specification: on random trees, random paths
// have to lead where the kernel goes, in each of the ways in which they are
// looked up.

// randomTree fills root with directories, files and links to anything.
func randomTree(t *rapid.T, root string) {
	dirs := []string{root}
	for range rapid.IntRange(1, 14).Draw(t, "entries") {
		name := filepath.Join(rapid.SampledFrom(dirs).Draw(t, "in"), rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "name"))
		if _, err := os.Lstat(name); err == nil {
			continue
		}
		switch rapid.SampledFrom([]string{"directory", "file", "link", "link"}).Draw(t, "kind") {
		case "directory":
			must(t, os.Mkdir(name, 0o755))
			dirs = append(dirs, name)
		case "file":
			must(t, os.WriteFile(name, nil, 0o644))
		case "link":
			must(t, os.Symlink(randomPath(t, root, "content", 3), name))
		}
	}
}

// randomPath is a path in root, or relative to something there.
func randomPath(t *rapid.T, root, label string, most int) string {
	component := rapid.SampledFrom([]string{"a", "b", "c", "a", "b", "c", "..", ".", ""})
	parts := rapid.SliceOfN(component, 1, most).Draw(t, label)
	p := strings.Join(parts, "/")
	if rapid.IntRange(0, 3).Draw(t, label+" is absolute") == 0 {
		return root + "/" + p
	}
	if p = strings.TrimLeft(p, "/"); p == "" {
		return "."
	}
	return p
}

func must(t *rapid.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// deep is how far below the test's directory a tree lies: more than there can be
// of ".." in a path and in 14 links, so that nothing is made outside.
const deep = 36

func TestResolveLeadsWhereTheKernelGoes(t *testing.T) {
	v, parent := newView(t), tempDir(t)+strings.Repeat("/x", deep)
	if err := os.MkdirAll(parent, 0o755); err != nil {
		t.Fatal(err)
	}
	mask := unix.Umask(0o022)
	defer unix.Umask(mask)
	rapid.Check(t, func(t *rapid.T) {
		root, err := os.MkdirTemp(parent, "")
		must(t, err)
		defer os.RemoveAll(root)
		randomTree(t, root)
		dir, err := unix.Open(root, unix.O_PATH|unix.O_CLOEXEC, 0)
		must(t, err)
		defer unix.Close(dir)
		for range 10 {
			l := Lookup{Thread: Thread(os.Getpid()), Dir: int32(dir), Path: randomPath(t, root, "path", 5)}
			checkFile(t, v, l)
			checkEntry(t, v, l)
			l.Resolve = rapid.SampledFrom(restrictions).Draw(t, "resolve")
			checkFile(t, v, l)
		}
	})
}

// checkFile compares the lookups of what the path names.
func checkFile(t *rapid.T, v *View, l Lookup) {
	for _, l.Follow = range []bool{false, true} {
		want, kernel := kernelPath(t, l)
		for _, l.Pin = range []bool{false, true} {
			p, errno := v.Resolve(l)
			switch {
			case kernel == unix.EISDIR && (errno == unix.ENOENT || errno == 0 && p.Slash && isFree(p)): // a file cannot be made of "new/"
			case kernel == unix.ENOTDIR && p.Slash && errno == 0 && !v.IsDir(p): // left to the caller, who knows what the call says to it
			case errno != kernel:
				t.Fatalf("%+v: %v, and %v by the kernel", l, errno, kernel)
			case errno == 0 && (p.Canonical != want.Canonical || p.Exists != want.Exists):
				t.Fatalf("%+v: %+v, and %+v by the kernel", l, p, want)
			case errno == 0:
				checkPins(t, l, p)
			}
			p.Close()
		}
	}
}

// kernelPath is where the kernel goes: to a file, or to where one could be made.
func kernelPath(t *rapid.T, l Lookup) (Place, unix.Errno) {
	flags := unix.O_PATH | unix.O_CLOEXEC
	if !l.Follow {
		flags |= unix.O_NOFOLLOW
	}
	fd, err := openAs(l, l.Path, flags, 0)
	if err == nil {
		return Place{Canonical: pathOf(t, fd), Exists: true}, 0
	}
	if err != unix.ENOENT {
		return Place{}, err.(unix.Errno)
	}
	// A slash behind the name, as mkdir may have it, is left out.
	fd, err = openAs(l, strings.TrimRight(l.Path, "/"), unix.O_CREAT|unix.O_WRONLY|unix.O_CLOEXEC, 0o644)
	if err != nil {
		return Place{}, err.(unix.Errno)
	}
	canonical := pathOf(t, fd)
	must(t, unix.Unlink(canonical))
	return Place{Canonical: canonical}, 0
}

// restrictions of openat2 that are looked up in a way of their own.
var restrictions = []uint64{
	unix.RESOLVE_NO_XDEV, unix.RESOLVE_NO_MAGICLINKS, unix.RESOLVE_NO_SYMLINKS, unix.RESOLVE_BENEATH, unix.RESOLVE_IN_ROOT,
	unix.RESOLVE_BENEATH | unix.RESOLVE_NO_SYMLINKS, unix.RESOLVE_IN_ROOT | unix.RESOLVE_NO_XDEV,
}

// openAs opens with the lookup's restrictions. EAGAIN is of some rename elsewhere.
func openAs(l Lookup, path string, flags int, mode uint64) (fd int, err error) {
	how := unix.OpenHow{Flags: uint64(flags), Mode: mode, Resolve: l.Resolve}
	for err = unix.EAGAIN; err == unix.EAGAIN; {
		fd, err = unix.Openat2(int(l.Dir), path, &how)
	}
	return fd, err
}

// isFree tells whether something could be made at the canonical path.
func isFree(p Place) bool {
	_, err := os.Lstat(p.Canonical)
	dir, dirErr := filepath.EvalSymlinks(path.Dir(p.Canonical))
	return os.IsNotExist(err) && dirErr == nil && dir == path.Dir(p.Canonical)
}

func pathOf(t *rapid.T, fd int) string {
	canonical, err := os.Readlink(fdLink(fd))
	must(t, err)
	must(t, unix.Close(fd))
	return canonical
}

func fdLink(fd int) string { return "/proc/self/fd/" + strconv.Itoa(fd) }

// checkPins tells whether what is pinned is what is named.
func checkPins(t *rapid.T, l Lookup, p Place) {
	if !l.Pin {
		if p.Dir >= 0 || p.File >= 0 {
			t.Fatalf("%+v: %+v keeps something open", l, p)
		}
		return
	}
	if (p.File >= 0) != p.Exists {
		t.Fatalf("%+v: %+v", l, p)
	}
	if p.File >= 0 && !sameFile(t, p.File, p.Canonical) {
		t.Fatalf("%+v: %+v: another file is pinned", l, p)
	}
	if p.Dir >= 0 && p.Name != "." && p.Name != ".." && !sameFile(t, p.Dir, path.Dir(p.Canonical)) {
		t.Fatalf("%+v: %+v: another directory is pinned", l, p)
	}
}

func sameFile(t *rapid.T, fd int, canonical string) bool {
	var a, b unix.Stat_t
	must(t, unix.Fstat(fd, &a))
	must(t, unix.Lstat(canonical, &b))
	return a.Dev == b.Dev && a.Ino == b.Ino
}

// checkEntry compares the lookups of the name itself, in its directory.
func checkEntry(t *rapid.T, v *View, l Lookup) {
	dir, name, _ := split(l.Path)
	if name == "." || name == ".." {
		return // no call makes, removes or renames these
	}
	if dir == "" {
		dir = "."
	}
	l.Entry = true
	var want Place
	var kernel unix.Errno
	fd, err := unix.Openat(int(l.Dir), dir+"/.", unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		kernel = err.(unix.Errno)
	} else {
		want.Canonical = path.Join(pathOf(t, fd), name)
		_, err := os.Lstat(want.Canonical)
		want.Exists = err == nil
	}
	for _, l.Pin = range []bool{false, true} {
		p, errno := v.Resolve(l)
		switch {
		case errno != kernel:
			t.Fatalf("%+v: %v, and %v by the kernel", l, errno, kernel)
		case errno == 0 && (p.Canonical != want.Canonical || l.Pin && p.Exists != want.Exists):
			t.Fatalf("%+v: %+v, and %+v by the kernel", l, p, want)
		case errno == 0:
			checkPins(t, l, p)
		}
		p.Close()
	}
}
