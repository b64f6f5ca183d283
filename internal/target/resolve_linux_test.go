package target

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func newView(t *testing.T) *View {
	t.Helper()
	v, err := NewView(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(v.Close)
	return v
}

// tempDir is a new directory, by its canonical path.
func tempDir(t *testing.T) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// make creates what each line says: "d/", "f", "l -> content", in order.
func makeTree(t *testing.T, root string, lines ...string) {
	t.Helper()
	for _, line := range lines {
		name, content, link := strings.Cut(line, " -> ")
		path := filepath.Join(root, name)
		var err error
		switch {
		case link:
			err = os.Symlink(strings.ReplaceAll(content, "ROOT", root), path)
		case strings.HasSuffix(name, "/"):
			err = os.MkdirAll(path, 0o755)
		default:
			err = os.WriteFile(path, nil, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

func openDirectory(t *testing.T, path string) int32 {
	t.Helper()
	fd, err := unix.Open(path, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	return int32(fd)
}

func TestResolve(t *testing.T) {
	v, root := newView(t), tempDir(t)
	makeTree(t, root, "d/e/", "d/f", "d/e/up -> ..", "d/e/upfile -> ../f", "abs -> ROOT/d", "rel -> d/e", "file -> d/f",
		"dangling -> d/new", "dangling2 -> none/new", "loop -> loop2", "loop2 -> loop", "self -> self/x", "slashed -> d/", "wrong -> d/f/")
	dir := openDirectory(t, root)
	for _, test := range []struct {
		path      string
		canonical string // below root, "" is root itself
		exists    bool
		errno     unix.Errno
	}{
		{path: "d", canonical: "/d", exists: true},
		{path: "d/f", canonical: "/d/f", exists: true},
		{path: "d/./f", canonical: "/d/f", exists: true},
		{path: "d//f", canonical: "/d/f", exists: true},
		{path: "d/", canonical: "/d", exists: true},
		{path: ".", canonical: "", exists: true},
		{path: "./", canonical: "", exists: true},
		{path: "d/..", canonical: "", exists: true},
		{path: "d/e/../f", canonical: "/d/f", exists: true},
		{path: "abs/f", canonical: "/d/f", exists: true},
		{path: "rel/../f", canonical: "/d/f", exists: true}, // and not ROOT/f
		{path: "rel/up/up/up", errno: unix.ENOENT},
		{path: "rel/up/e/up/f", canonical: "/d/f", exists: true},
		{path: "rel/upfile", canonical: "/d/f", exists: true},
		{path: "file", canonical: "/d/f", exists: true},
		{path: "slashed", canonical: "/d", exists: true},
		{path: "slashed/f", canonical: "/d/f", exists: true},
		{path: "new", canonical: "/new"},
		{path: "d/new", canonical: "/d/new"},
		{path: "rel/new", canonical: "/d/e/new"},
		{path: "rel/../new", canonical: "/d/new"},
		{path: "dangling", canonical: "/d/new"},
		{path: "dangling2", errno: unix.ENOENT},
		{path: "new/new", errno: unix.ENOENT},
		{path: "new/..", errno: unix.ENOENT},
		{path: "new/.", errno: unix.ENOENT},
		{path: "d/f/x", errno: unix.ENOTDIR},
		{path: "d/f/..", errno: unix.ENOTDIR},
		{path: "file/.", errno: unix.ENOTDIR},
		{path: "loop", errno: unix.ELOOP},
		{path: "loop/x", errno: unix.ELOOP},
		{path: "self", errno: unix.ELOOP},
		{path: strings.Repeat("x", 256), errno: unix.ENAMETOOLONG},
		{path: "d/e/" + strings.Repeat("../e/", 200) + "up", canonical: "/d", exists: true},
	} {
		for _, l := range []Lookup{{Path: test.path, Dir: dir}, {Path: root + "/" + test.path, Dir: unix.AT_FDCWD}} {
			l.Thread, l.Follow = Thread(os.Getpid()), true
			for _, l.Pin = range []bool{false, true} {
				p, errno := v.Resolve(l)
				if errno != test.errno || errno == 0 && (p.Canonical != root+test.canonical || p.Exists != test.exists) {
					t.Errorf("%q, pin %v: %q, exists %v, %v", l.Path, l.Pin, strings.TrimPrefix(p.Canonical, root), p.Exists, errno)
				}
				p.Close()
			}
		}
	}
}

func TestTheRootIsItsOwnParent(t *testing.T) {
	v := newView(t)
	for path, want := range map[string]string{"/": "/", "/..": "/", "/../..": "/", "/.": "/", "//": "/", "/../dev": "/dev", "//dev": "/dev"} {
		for _, pin := range []bool{false, true} {
			p, errno := v.Resolve(Lookup{Thread: Thread(os.Getpid()), Dir: unix.AT_FDCWD, Path: path, Follow: true, Pin: pin})
			if errno != 0 || p.Canonical != want || !p.Exists {
				t.Errorf("%q: %+v, %v", path, p, errno)
			}
			p.Close()
		}
	}
}

func TestAChainOfLinksIsAsLongAsTheKernelLetsIt(t *testing.T) {
	v, root := newView(t), tempDir(t)
	makeTree(t, root, "l0")
	for i := range 41 {
		makeTree(t, root, fmt.Sprintf("l%d -> l%d", i+1, i))
	}
	for n, want := range map[int]unix.Errno{1: 0, 39: 0, 40: 0, 41: unix.ELOOP} {
		path := fmt.Sprintf("%s/l%d", root, n)
		for _, pin := range []bool{false, true} {
			p, errno := v.Resolve(Lookup{Thread: Thread(os.Getpid()), Dir: unix.AT_FDCWD, Path: path, Follow: true, Pin: pin})
			if errno != want || errno == 0 && p.Canonical != root+"/l0" {
				t.Errorf("%d links: %q, %v", n, p.Canonical, errno)
			}
			p.Close()
		}
		if n == 39 || n == 40 {
			continue // the kernel goes on counting when it begins a lookup again
		}
		if _, err := os.Stat(path); (err == nil) != (want == 0) {
			t.Errorf("%d links: the kernel says %v", n, err)
		}
	}
}

func TestRelativePathsStartFromTheThreadsDirectory(t *testing.T) {
	v, root := newView(t), tempDir(t)
	makeTree(t, root, "d/e/", "d/f")
	child := exec.Command("sleep", "100")
	child.Dir = root + "/d"
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { child.Process.Kill(); child.Wait() }()
	for path, want := range map[string]string{
		"f": "/d/f", "../d/e": "/d/e", "..": "", "/proc/self/cwd/f": "/d/f", "/proc/thread-self/cwd/e/": "/d/e", "/proc/self/root" + root + "/d": "/d",
	} {
		for _, pin := range []bool{false, true} {
			p, errno := v.Resolve(Lookup{Thread: Thread(child.Process.Pid), Dir: unix.AT_FDCWD, Path: path, Follow: true, Pin: pin})
			if errno != 0 || p.Canonical != root+want || !p.Exists {
				t.Errorf("%q: %+v, %v", path, p, errno)
			}
			p.Close()
		}
	}
	checkProc(t, v, child.Process.Pid)
}

func checkProc(t *testing.T, v *View, pid int) {
	t.Helper()
	n := strconv.Itoa(pid)
	for _, test := range []struct {
		path   string
		follow bool
		want   string
	}{
		{"/proc/self", true, "/proc/" + n}, {"/proc/self", false, "/proc/self"}, {"/proc/self/", false, "/proc/" + n},
		{"/proc/self/status", true, "/proc/" + n + "/status"}, {"/proc/self/cwd", false, "/proc/" + n + "/cwd"},
		{"/proc/thread-self/status", true, "/proc/" + n + "/task/" + n + "/status"}, {"/proc/self/../" + n + "/comm", true, "/proc/" + n + "/comm"},
		{"/dev/fd/0", false, "/proc/" + n + "/fd/0"}, {"/proc/self/fd/0", true, "/dev/null"},
	} {
		for _, pin := range []bool{false, true} {
			p, errno := v.Resolve(Lookup{Thread: Thread(pid), Dir: unix.AT_FDCWD, Path: test.path, Follow: test.follow, Pin: pin})
			if errno != 0 || p.Canonical != test.want || !p.Exists {
				t.Errorf("%q: %+v, %v, want %q", test.path, p, errno, test.want)
			}
			p.Close()
		}
	}
}

func TestWhatHasNoPathHasANameWithoutASlash(t *testing.T) {
	v := newView(t)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	l := Lookup{Thread: Thread(os.Getpid()), Dir: unix.AT_FDCWD, Path: fmt.Sprintf("/proc/self/fd/%d", w.Fd()), Follow: true}
	for _, l.Pin = range []bool{false, true} {
		p, errno := v.Resolve(l)
		if errno != 0 || !strings.HasPrefix(p.Canonical, "pipe:[") {
			t.Errorf("%+v, %v", p, errno)
		}
		p.Close()
	}
}

func TestAnEmptyPathIsTheDescriptorIfAsked(t *testing.T) {
	v, root := newView(t), tempDir(t)
	makeTree(t, root, "f", "d/")
	self := Thread(os.Getpid())
	for _, name := range []string{"f", "d", ""} {
		fd := openDirectory(t, filepath.Join(root, name))
		for _, pin := range []bool{false, true} {
			p, errno := v.Resolve(Lookup{Thread: self, Dir: fd, Empty: true, Pin: pin})
			if errno != 0 || p.Canonical != filepath.Join(root, name) || !p.Exists || (p.File >= 0) != pin {
				t.Errorf("%q: %+v, %v", name, p, errno)
			}
			p.Close()
		}
		if _, errno := v.Resolve(Lookup{Thread: self, Dir: fd}); errno != unix.ENOENT {
			t.Errorf("without AT_EMPTY_PATH: %v", errno)
		}
	}
	for _, fd := range []int32{-1, -2, 1 << 20} {
		for _, l := range []Lookup{{Thread: self, Dir: fd, Empty: true}, {Thread: self, Dir: fd, Path: "x"}} {
			if _, errno := v.Resolve(l); errno != unix.EBADF {
				t.Errorf("descriptor %d: %v", fd, errno)
			}
		}
	}
}

func TestAPathBelowAFileIsNotADirectory(t *testing.T) {
	v, root := newView(t), tempDir(t)
	makeTree(t, root, "f")
	fd := openDirectory(t, root+"/f")
	for _, l := range []Lookup{{Path: "x", Dir: fd}, {Path: root + "/f/x", Dir: unix.AT_FDCWD}, {Path: "f/x", Dir: openDirectory(t, root)}} {
		l.Thread = Thread(os.Getpid())
		for _, l.Entry = range []bool{false, true} {
			for _, l.Pin = range []bool{false, true} {
				if p, errno := v.Resolve(l); errno != unix.ENOTDIR {
					t.Errorf("%+v: %+v, %v", l, p, errno)
				}
			}
		}
	}
}

// procfs shows at most a page of a path; a process can be deeper.
func TestAPathLongerThanAPage(t *testing.T) {
	v, root := newView(t), tempDir(t)
	want, fd := root, openDirectory(t, root)
	for i := range 20 {
		name := strings.Repeat(string(rune('a'+i)), 250)
		if err := unix.Mkdirat(int(fd), name, 0o755); err != nil {
			t.Fatal(err)
		}
		next, err := unix.Openat(int(fd), name, unix.O_PATH|unix.O_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer unix.Close(next)
		want, fd = want+"/"+name, int32(next)
	}
	f, err := unix.Openat(int(fd), "f", unix.O_CREAT|unix.O_CLOEXEC, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	unix.Close(f)
	if err := unix.Symlinkat("f", int(fd), "l"); err != nil {
		t.Fatal(err)
	}
	for path, name := range map[string]string{"f": "/f", "l": "/f", "new": "/new", ".": "", "./f": "/f", "../" + filepath.Base(want): ""} {
		for _, pin := range []bool{false, true} {
			p, errno := v.Resolve(Lookup{Thread: Thread(os.Getpid()), Dir: fd, Path: path, Follow: true, Pin: pin})
			if errno != 0 || p.Canonical != want+name || p.Exists != (path != "new") {
				t.Errorf("%q, pin %v: a path of %d bytes, %v, want %d", path, pin, len(p.Canonical), errno, len(want+name))
			}
			p.Close()
		}
	}
}

func TestOpenAndItsLikeLookAtThePlace(t *testing.T) {
	v, root := newView(t), tempDir(t)
	makeTree(t, root, "d/", "f", "l -> d")
	for path, want := range map[string][2]bool{"d": {true, true}, "f": {true, false}, "l": {true, false}, "new": {false, false}} {
		for _, l := range []Lookup{{}, {Pin: true}} {
			l.Thread, l.Path = Thread(os.Getpid()), root+"/"+path
			p, errno := v.Resolve(l)
			if errno != 0 || v.Exists(p) != want[0] || v.IsDir(p) != want[1] {
				t.Errorf("%q: %+v, %v; exists %v, directory %v", path, p, errno, v.Exists(p), v.IsDir(p))
			}
			p.Close()
		}
	}
	if canonical, errno := HostPath(root + "/l/../l"); errno != 0 || canonical != root+"/d" {
		t.Errorf("HostPath: %q, %v", canonical, errno)
	}
	if _, errno := v.Open(Place{Canonical: "pipe:[1]"}); errno != unix.ENOENT {
		t.Errorf("Open of a pipe: %v", errno)
	}
}

func TestNothingStaysOpen(t *testing.T) {
	root := tempDir(t)
	makeTree(t, root, "d/", "f", "l -> d", "loop -> loop")
	before := countDescriptors(t)
	v, err := NewView(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"d", "f", "l", "l/", "loop", "new", "l/new", "l/../f", "f/x", "none/x", "..", "/", ""} {
		for bits := range 16 {
			p, _ := v.Resolve(Lookup{
				Thread: Thread(os.Getpid()), Dir: unix.AT_FDCWD, Path: root + "/" + path,
				Follow: bits&1 > 0, Entry: bits&2 > 0, Pin: bits&4 > 0, Empty: bits&8 > 0,
			})
			p.Close()
		}
	}
	v.Close()
	if after := countDescriptors(t); after != before {
		t.Errorf("%d descriptors are open, before %d", after, before)
	}
	if _, err := NewView(1 << 30); err == nil {
		t.Error("a view of nobody")
	}
	if after := countDescriptors(t); after != before {
		t.Errorf("after a failed NewView %d descriptors are open, before %d", after, before)
	}
}

func countDescriptors(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}
