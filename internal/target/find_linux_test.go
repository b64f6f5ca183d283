package target

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// findTree has chains of 40 and 41 links, which is what the kernel follows and one more.
func findTree(t *testing.T) string {
	t.Helper()
	top := tempDir(t)
	lines := []string{
		"d/e/", "d/f", "d/e/up -> ..", "d/e/upfile -> ../f", "abs -> ROOT/d", "rel -> d/e", "file -> d/f", "dangling -> d/new",
		"dangling2 -> none/new", "loop -> loop2", "loop2 -> loop", "self -> self/x", "slashed -> d/", "twice -> abs/e", "chain0 -> d/f",
		"d/" + strings.Repeat("x", 255), strings.Repeat("deep/", 60), "d/fifo-dir/",
	}
	for i := range 41 {
		lines = append(lines, fmt.Sprintf("chain%d -> chain%d", i+1, i))
	}
	makeTree(t, top, lines...)
	if err := unix.Mkfifo(top+"/d/fifo", 0o600); err != nil {
		t.Fatal(err)
	}
	return top
}

// byKernel is what the kernel finds; nothing is known of what is not there.
func byKernel(t *testing.T, dir int32, path string, follow bool) Found {
	t.Helper()
	flags := unix.O_PATH | unix.O_CLOEXEC
	if !follow {
		flags |= unix.O_NOFOLLOW
	}
	fd, err := unix.Openat(int(dir), path, flags, 0)
	if err != nil {
		return Found{Errno: err.(unix.Errno)}
	}
	defer unix.Close(fd)
	canonical, errno := readLink(fmt.Sprintf("/proc/self/fd/%d", fd))
	if errno != 0 {
		t.Fatal(errno)
	}
	return Found{Canonical: canonical, Mode: modeOf(fd)}
}

func TestFindIsWhatTheKernelFinds(t *testing.T) {
	v, top := newView(t), findTree(t)
	dir := openDirectory(t, top)
	for _, path := range []string{
		"d", "d/f", "d/", "d/f/", "d/f/.", "d/f/..", "d/f/x", ".", "./", "..", "d/..", "d/../d/f", "d//f", "./d/./e/../f", "abs", "abs/", "abs/f", "abs/..",
		"rel", "rel/", "rel/..", "rel/../f", "rel/up/e/up/f", "rel/up/up/up", "rel/upfile", "rel/upfile/", "file", "file/", "file/x", "slashed", "slashed/f",
		"twice/upfile", "new", "new/", "d/new", "new/new", "new/..", "new/../d", "rel/new", "rel/new/x", "dangling", "dangling/", "dangling/x", "dangling2", "loop", "loop/",
		"loop/x", "self", "chain38", "chain39", "chain40", "chain40/x", "d/fifo", "d/fifo/", "d/" + strings.Repeat("x", 255), "d/" + strings.Repeat("y", 255),
		"d/" + strings.Repeat("x", 256), strings.TrimSuffix(strings.Repeat("deep/", 60), "/"), strings.Repeat("deep/", 60) + strings.Repeat("../", 60) + "file",
		strings.Repeat("deep/", 61), "d/e/" + strings.Repeat("../e/", 200) + "upfile",
	} {
		for _, follow := range []bool{true, false} {
			want := byKernel(t, dir, path, follow)
			for _, l := range []Lookup{{Path: path, Dir: dir}, {Path: top + "/" + path, Dir: unix.AT_FDCWD}} {
				l.Thread, l.Follow = Thread(os.Getpid()), follow
				f := v.Find(l, top+"/")
				if f.Errno != want.Errno || f.Errno == 0 && (f.Canonical != want.Canonical || f.Mode != want.Mode) {
					t.Errorf("%.60q, follow %v: %q, mode %o, %v; the kernel: %q, mode %o, %v", l.Path, follow,
						f.Canonical, f.Mode, f.Errno, want.Canonical, want.Mode, want.Errno)
				}
				checkLinks(t, f)
			}
		}
	}
}

// checkLinks asks the kernel about each link that is said to be on the way.
func checkLinks(t *testing.T, f Found) {
	t.Helper()
	for _, hop := range f.Links {
		if content, errno := readLink(hop.Path); errno != 0 || content != hop.Content {
			t.Errorf("%+v: %q, %v", hop, content, errno)
		}
	}
}

// TestFindTellsOfLinksAndOfWhatIsMissing has paths below the directory.
func TestFindTellsOfLinksAndOfWhatIsMissing(t *testing.T) {
	v, top := newView(t), findTree(t)
	for _, test := range []struct {
		path      string
		follow    bool
		canonical string
		errno     unix.Errno
		orphan    bool
		links     []Hop
	}{
		{"d/f", true, "d/f", 0, false, nil},
		{"file", true, "d/f", 0, false, []Hop{{"file", "d/f"}}},
		{"file", false, "file", 0, false, nil},
		{"abs/e/upfile", true, "d/f", 0, false, []Hop{{"abs", "ROOT/d"}, {"d/e/upfile", "../f"}}},
		{"twice/new", true, "d/e/new", unix.ENOENT, false, []Hop{{"twice", "abs/e"}, {"abs", "ROOT/d"}}},
		{"rel/../new", true, "d/new", unix.ENOENT, false, []Hop{{"rel", "d/e"}}},
		{"slashed/", false, "d", 0, false, []Hop{{"slashed", "d/"}}},
		{"new", true, "new", unix.ENOENT, false, nil},
		{"new/", true, "new", unix.ENOENT, false, nil},
		{"new/x", true, "new/x", unix.ENOENT, true, nil},
		{"d/new/x/y", true, "d/new/x/y", unix.ENOENT, true, nil},
		{"rel/new/x", true, "d/e/new/x", unix.ENOENT, true, []Hop{{"rel", "d/e"}}},
		{"dangling", true, "d/new", unix.ENOENT, false, []Hop{{"dangling", "d/new"}}},
		{"dangling2", true, "none/new", unix.ENOENT, true, []Hop{{"dangling2", "none/new"}}},
		{"dangling/x", true, "d/new/x", unix.ENOENT, true, []Hop{{"dangling", "d/new"}}},
		{"new/../d", true, "new", unix.ENOENT, true, nil},
		{"d/f/..", true, "d/f", unix.ENOTDIR, false, nil},
		{"self/y", true, "self", unix.ELOOP, false, nil},
		{"dangling", false, "dangling", 0, false, nil},
		{"d/f/x", true, "d/f/x", unix.ENOTDIR, false, nil},
		{"d/f/", true, "d/f", unix.ENOTDIR, false, nil},
		{"file/x", true, "d/f/x", unix.ENOTDIR, false, []Hop{{"file", "d/f"}}},
	} {
		for i := range test.links {
			test.links[i] = Hop{top + "/" + test.links[i].Path, strings.ReplaceAll(test.links[i].Content, "ROOT", top)}
		}
		want := Found{Canonical: top + "/" + test.canonical, Errno: test.errno, Orphan: test.orphan, Links: test.links}
		for _, path := range []string{test.path, top + "/" + test.path} {
			f := v.Find(Lookup{Thread: Thread(os.Getpid()), Dir: openDirectory(t, top), Path: path, Follow: test.follow}, top+"/")
			if (f.Mode == 0) != (f.Canonical == "" || f.Errno != 0) && f.Errno != unix.ENOTDIR {
				t.Errorf("%s: mode %o, %v", path, f.Mode, f.Errno)
			}
			if f.Mode = 0; f.Errno == unix.ELOOP {
				f.Canonical, f.Links = want.Canonical, nil // it is the kernel's number of links in a circle
			}
			if diff := cmp.Diff(want, f); diff != "" {
				t.Errorf("%s, follow %v (-want +got):\n%s", path, test.follow, diff)
			}
			if lasts := test.errno == 0 || test.errno == unix.ENOENT && !test.orphan; f.Lasts() != lasts {
				t.Errorf("%s lasts: %v", path, !lasts)
			}
		}
	}
}

func TestFindOfADescriptor(t *testing.T) {
	v, top := newView(t), findTree(t)
	dir := openDirectory(t, top+"/rel")
	pipe := make([]int, 2)
	if err := unix.Pipe2(pipe, unix.O_CLOEXEC); err != nil {
		t.Fatal(err)
	}
	defer unix.Close(pipe[0])
	defer unix.Close(pipe[1])
	for _, test := range []struct {
		l         Lookup
		canonical string
		errno     unix.Errno
	}{
		{Lookup{Dir: dir, Empty: true}, top + "/d/e", 0},
		{Lookup{Dir: dir}, "", unix.ENOENT},
		{Lookup{Dir: 9999, Empty: true}, "", unix.EBADF},
		{Lookup{Dir: int32(pipe[0]), Empty: true}, "pipe:", 0},
	} {
		test.l.Thread = Thread(os.Getpid())
		if f := v.Find(test.l, ""); f.Errno != test.errno || !strings.HasPrefix(f.Canonical, test.canonical) || test.errno == 0 && f.Mode == 0 {
			t.Errorf("%+v: %+v", test.l, f)
		}
	}
}

func TestBase(t *testing.T) {
	v, top := newView(t), findTree(t)
	self := Thread(os.Getpid())
	if base, ok := v.Base(self, openDirectory(t, top+"/rel")); !ok || base != top+"/d/e/" {
		t.Errorf("%q, %v", base, ok)
	}
	if base, ok := v.Base(self, openDirectory(t, "/")); !ok || base != "/" {
		t.Errorf("of /: %q, %v", base, ok)
	}
	if base, ok := v.Base(self, 9999); ok {
		t.Errorf("of no descriptor: %q", base)
	}
}

func TestIsEmpty(t *testing.T) {
	v, top := newView(t), findTree(t)
	for path, want := range map[string]bool{"d": false, "d/fifo-dir": true, "d/e": false, strings.Repeat("deep/", 59) + "deep": true, "none": true} {
		if got := v.IsEmpty(top + "/" + path); got != want {
			t.Errorf("%.40s: %v", path, got)
		}
	}
}
