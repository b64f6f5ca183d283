package straced

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/catbox-go/catbox/record"
)

// tree is a directory with d/e/, d/f, l -> d, dangling -> d/new, loop -> loop.
func tree(t *testing.T) string {
	t.Helper()
	top, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{
		os.MkdirAll(top+"/d/e", 0o755), os.WriteFile(top+"/d/f", nil, 0o644), os.Symlink("d", top+"/l"),
		os.Symlink("d/new", top+"/dangling"), os.Symlink("loop", top+"/loop"),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return top
}

func TestResolve(t *testing.T) {
	top := tree(t)
	for _, test := range []struct {
		name   string
		follow bool
		want   string
		kind   kind
		errno  syscall.Errno
		orphan bool
		hops   []hop
	}{
		{"d/f", true, "d/f", file, 0, false, nil},
		{"./d//e/../f", true, "d/f", file, 0, false, nil},
		{"l/f", true, "d/f", file, 0, false, []hop{{"l", "d"}}},
		{"l", false, "l", link, 0, false, nil},
		{"l/", false, "d", directory, 0, false, []hop{{"l", "d"}}},
		{"l/..", true, "", directory, 0, false, []hop{{"l", "d"}}},
		{"dangling", true, "d/new", none, syscall.ENOENT, false, []hop{{"dangling", "d/new"}}},
		{"new", true, "new", none, syscall.ENOENT, false, nil},
		{"new/x", true, "new/x", none, syscall.ENOENT, true, nil},
		{"new/../d", true, "new", none, syscall.ENOENT, true, nil},
		{"d/f/x", true, "d/f/x", none, syscall.ENOTDIR, false, nil},
		{"d/f/", true, "d/f", none, syscall.ENOTDIR, false, nil},
		{"loop", true, "loop", none, syscall.ELOOP, false, nil},
	} {
		m, err := NewTree(top)
		if err != nil {
			t.Fatal(err)
		}
		f := m.resolve(top, test.name, test.follow)
		if test.errno == syscall.ELOOP {
			f.hops = nil // forty
		}
		for i := range f.hops {
			f.hops[i].path = strings.TrimPrefix(f.hops[i].path, top+"/")
		}
		if f.path != filepath.Join(top, test.want) || f.kind != test.kind || f.errno != test.errno || f.orphan != test.orphan ||
			cmp.Diff(test.hops, f.hops, cmp.AllowUnexported(hop{})) != "" {
			t.Errorf("%s: %+v", test.name, f)
		}
	}
}

// accesses reads a trace where TOP is the directory, and gives lines where it is "".
func accesses(t *testing.T, top, trace string) []string {
	t.Helper()
	m, err := NewTree(top)
	if err != nil {
		t.Fatal(err)
	}
	r := Run{Dir: top, Tree: m, Interpreters: func(string) []string { return nil }}
	all, err := r.Accesses(parse(t, strings.Split(strings.ReplaceAll(strings.TrimSpace(trace), "TOP", top), "\n")...))
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, a := range all {
		fields := []string{string(rune('0' + a.Process)), string(a.Class), strings.TrimPrefix(a.Path, top+"/"), strings.TrimPrefix(a.To, top+"/"), record.ErrnoName(a.Errno)}
		lines = append(lines, strings.TrimSpace(strings.Join(fields, " ")))
	}
	return lines
}

func TestAccesses(t *testing.T) {
	for _, test := range []struct {
		name, trace string
		want        []string
	}{
		{"classes of opens", `
1 openat(AT_FDCWD<TOP>, "d/f", O_RDONLY|O_CLOEXEC) = 3<TOP/d/f>
1 openat(AT_FDCWD<TOP>, "d", O_RDONLY) = 3<TOP/d>
1 open("d/f", O_WRONLY) = 3<TOP/d/f>
1 open("d/f", O_RDWR) = 3<TOP/d/f>
1 open("d/f", O_RDWR|O_CREAT|O_TRUNC, 0666) = 3<TOP/d/f>
1 open("n", O_RDWR|O_CREAT, 0666) = 3<TOP/n>
1 open("n", O_WRONLY|O_CREAT, 0666) = 3<TOP/n>
1 openat2(3<TOP/d>, "f", {flags=O_PATH, resolve=0}, 24) = 4<TOP/d/f>
1 creat("dangling", 0666) = 3<TOP/d/new>`,
			[]string{
				"1 read d/f", "1 enumerate d", "1 write d/f", "1 write d/f", "1 read d/f", "1 write d/f", "1 create n", "1 write n", "1 probe d/f",
				"1 symlink dangling d/new", "1 create d/new",
			}},
		{"failures", `
1 openat(AT_FDCWD<TOP>, "x", O_RDONLY) = -1 ENOENT (No such file or directory)
1 openat(AT_FDCWD<TOP>, "x/y", O_WRONLY|O_CREAT, 0666) = -1 ENOENT (No such file or directory)
1 openat(AT_FDCWD<TOP>, "x", O_WRONLY|O_CREAT, 0666) = -1 EACCES (Permission denied)
1 openat(AT_FDCWD<TOP>, "d/f", O_RDONLY) = -1 EACCES (Permission denied)
1 stat("d/f/x", 0x1) = -1 ENOTDIR (Not a directory)
1 mkdir("d", 0777) = -1 EEXIST (File exists)
1 rmdir("d") = -1 ENOTEMPTY (Directory not empty)
1 rename("d/f", "x/y") = -1 ENOENT (No such file or directory)
1 rename("x", "y") = -1 ENOENT (No such file or directory)
1 link("d/f", "l") = -1 EEXIST (File exists)
1 stat(NULL, 0x1) = -1 EFAULT (Bad address)
1 stat("", 0x1) = -1 ENOENT (No such file or directory)`,
			[]string{
				"1 absent x  ENOENT", "1 absent x/y  ENOENT", "1 create x  EACCES", "1 probe d/f  EACCES", "1 absent d/f/x  ENOTDIR", "1 probe d  EEXIST",
				"1 probe d  ENOTEMPTY",
				"1 probe d/f  ENOENT", "1 absent x/y  ENOENT", "1 absent x  ENOENT", "1 probe d/f  EEXIST", "1 probe l  EEXIST",
			}},
		{"names come and go", `
1 mkdir("m", 0777) = 0
1 rename("d/e", "m/e") = 0
1 openat(AT_FDCWD<TOP>, "m/e/f", O_WRONLY|O_CREAT, 0666) = 3<TOP/m/e/f>
1 symlinkat("m/e", AT_FDCWD<TOP>, "s") = 0
1 stat("s/f", {st_mode=S_IFREG|0644, ...}) = 0
1 linkat(AT_FDCWD<TOP>, "s/f", AT_FDCWD<TOP>, "g", 0) = 0
1 unlinkat(3<TOP/m/e>, "f", 0) = 0
1 stat("s/f", 0x1) = -1 ENOENT (No such file or directory)
1 chmod("g", 0600) = 0
1 fchmod(3<TOP/g>, 0600) = 0
1 utimensat(3<TOP/g>, NULL, [UTIME_OMIT, UTIME_NOW], 0) = 0
1 lstat("s", {st_mode=S_IFLNK|0777, ...}) = 0
1 newfstatat(3<TOP/g>, "", {st_mode=S_IFREG|0644, ...}, AT_EMPTY_PATH) = 0`,
			[]string{
				"1 create m", "1 rename d/e m/e", "1 create m/e/f", "1 create s", "1 symlink s m/e", "1 probe m/e/f", "1 symlink s m/e", "1 link m/e/f g",
				"1 delete m/e/f", "1 symlink s m/e", "1 absent m/e/f  ENOENT", "1 metadata g", "1 metadata g", "1 metadata g", "1 probe s",
			}},
		{"directories follow forks, and threads share them", `
1 chdir("d") = 0
1 clone(child_stack=NULL, flags=CLONE_CHILD_CLEARTID|SIGCHLD, child_tidptr=0x1) = 2
2 chdir("e") = 0
1 clone3({flags=CLONE_VM|CLONE_FS|CLONE_THREAD, child_tid=0x1} => {parent_tid=[3]}, 88) = 3
3 chdir("..") = 0
1 access("d", F_OK) = 0
2 access("../f", F_OK) = 0
2 +++ exited with 0 +++
1 fchdir(3<TOP/d>) = 0
3 access("f", F_OK) = 0`,
			[]string{"1 probe d", "2 probe d/e", "1 probe " + "TOP", "1 probe d", "2 probe d/f", "1 probe d/f"}},
		{"a thread can leave its process's directory", `
1 clone3({flags=CLONE_VM|CLONE_FS|CLONE_THREAD, child_tid=0x1} => {parent_tid=[2]}, 88) = 2
2 unshare(CLONE_FS) = 0
2 chdir("d") = 0
1 access("l", F_OK) = 0
2 access("f", F_OK) = 0`,
			[]string{"1 probe d", "1 symlink l d", "1 probe d", "1 probe d/f"}},
		{"a child is heard of before its parent's call has returned, and its id is used again", `
1 vfork( <unfinished ...>
2 chdir("d") = 0
2 +++ exited with 0 +++
1 <... vfork resumed>) = 2
1 fork() = 2
2 access("l", F_OK) = 0`,
			[]string{"2 probe d", "3 symlink l d", "3 probe d"}},
	} {
		top := tree(t)
		for i := range test.want {
			test.want[i] = strings.ReplaceAll(test.want[i], "TOP", top)
		}
		if diff := cmp.Diff(test.want, accesses(t, top, test.trace)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
	}
}

func TestAProgramIsWhatWasExecuted(t *testing.T) {
	top := tree(t)
	m, err := NewTree(top)
	if err != nil {
		t.Fatal(err)
	}
	r := Run{Dir: top, Tree: m, Interpreters: func(string) []string { return []string{top + "/l/e"} }}
	all, err := r.Accesses(parse(t,
		`1 execve("x", ["x"], 0x1 /* 1 var */) = -1 ENOENT (No such file or directory)`, `1 execve("l/f", ["f"], 0x1 /* 1 var */) = 0`,
		`1 fork() = 2`, `2 access("l", F_OK) = 0`, `2 execve("/proc/self/exe", ["f"], 0x1 /* 1 var */) = 0`))
	if err != nil {
		t.Fatal(err)
	}
	f := top + "/d/f"
	hop := Access{Process: 1, Program: f, Class: record.ClassSymlink, Path: top + "/l", To: "d"}
	childs := hop
	childs.Process = 2
	want := []Access{
		{Process: 1, Class: record.ClassAbsent, Path: top + "/x", Errno: syscall.ENOENT},
		hop, {Process: 1, Program: f, Class: record.ClassExecute, Path: f},
		hop, {Process: 1, Program: f, Class: record.ClassExecute, Path: top + "/d/e"},
		childs, {Process: 2, Program: f, Class: record.ClassProbe, Path: top + "/d"},
		{Process: 2, Program: f, Class: record.ClassExecute, Path: f},
		childs, {Process: 2, Program: f, Class: record.ClassExecute, Path: top + "/d/e"},
	}
	if diff := cmp.Diff(want, all); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestAModelThatIsWrongIsAnError(t *testing.T) {
	for _, line := range []string{`1 stat("none", 0x1) = 0`, `1 open("d/f", O_RDONLY) = 3</etc/passwd>`} {
		top := tree(t)
		m, err := NewTree(top)
		if err != nil {
			t.Fatal(err)
		}
		if all, err := (Run{Dir: top, Tree: m}).Accesses(parse(t, line)); err == nil {
			t.Errorf("%s: %+v", line, all)
		}
	}
}
