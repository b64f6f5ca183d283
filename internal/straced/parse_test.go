package straced

import (
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func parse(t *testing.T, lines ...string) []Call {
	t.Helper()
	calls, err := Parse(strings.NewReader(strings.Join(lines, "\n")))
	if err != nil {
		t.Fatal(err)
	}
	return calls
}

func TestParse(t *testing.T) {
	for _, test := range []struct {
		name  string
		lines []string
		want  []Call
	}{
		{"a call", []string{`7 chdir("/usr")                     = 0`}, []Call{{Thread: 7, Name: "chdir", Args: []string{`"/usr"`}}}},
		{"no arguments", []string{`7 fork() = 8`}, []Call{{Thread: 7, Name: "fork", Result: 8}}},
		{
			"a failure", []string{`7 access("/x", R_OK) = -1 ENOENT (No such file or directory)`},
			[]Call{{Thread: 7, Name: "access", Args: []string{`"/x"`, "R_OK"}, Result: -1, Errno: syscall.ENOENT}},
		},
		{
			"descriptors by their paths", []string{`7 openat(5</a,(b>, "c", O_RDONLY) = 3</a,(b/c d>`},
			[]Call{{Thread: 7, Name: "openat", Args: []string{"5</a,(b>", `"c"`, "O_RDONLY"}, Result: 3, File: "/a,(b/c d"}},
		},
		{
			"escapes in the path of a descriptor", []string{`7 creat("a<b>\nx", 0666) = 3</d/a\74b\76\nx>`},
			[]Call{{Thread: 7, Name: "creat", Args: []string{`"a<b>\nx"`, "0666"}, Result: 3, File: "/d/a<b>\nx"}},
		},
		{
			"structures, quotes and comments", []string{`7 execve("/a\"b", ["a,)", "b\\"], 0x55 /* 36 vars */) = 0`},
			[]Call{{Thread: 7, Name: "execve", Args: []string{`"/a\"b"`, `["a,)", "b\\"]`, "0x55 /* 36 vars */"}}},
		},
		{
			"a shift is no path", []string{`7 f(1<<3, {a=2>>1, b=[3, 4]}) = 0x10 (flags O_RDWR)`},
			[]Call{{Thread: 7, Name: "f", Args: []string{"1<<3", "{a=2>>1, b=[3, 4]}"}, Result: 16}},
		},
		{
			"two parts, with another's between", []string{
				`7 openat(AT_FDCWD</d>, "a", O_RDONLY <unfinished ...>`, `8 chdir("/") = 0`, `7 <... openat resumed>) = 3</d/a>`,
			},
			[]Call{
				{Thread: 8, Name: "chdir", Args: []string{`"/"`}},
				{Thread: 7, Name: "openat", Args: []string{"AT_FDCWD</d>", `"a"`, "O_RDONLY"}, Result: 3, File: "/d/a"},
			},
		},
		{
			"arguments that are shown late", []string{`7 newfstatat(AT_FDCWD</>, "a",  <unfinished ...>`, `7 <... newfstatat resumed>{st_mode=S_IFREG|0644, ...}, 0) = 0`},
			[]Call{{Thread: 7, Name: "newfstatat", Args: []string{"AT_FDCWD</>", `"a"`, "{st_mode=S_IFREG|0644, ...}", "0"}}},
		},
		{
			"a call that does not return, or is killed", []string{
				`7 exit_group(0) = ?`, `7 +++ exited with 0 +++`, `8 openat(AT_FDCWD</>, "x", O_RDONLY <unfinished ...>`, `8 +++ killed by SIGKILL +++`,
				`9 wait4(-1, 0x7f, 0, NULL) = ? ERESTARTSYS (To be restarted if SA_RESTART is set)`, `8 chdir("/") = 0`,
			},
			[]Call{{Thread: 7}, {Thread: 8}, {Thread: 8, Name: "chdir", Args: []string{`"/"`}}},
		},
		{
			"a thread that executes gets its process's id", []string{
				`9 execve("/bin/true", ["true"], 0x1 /* 1 var */ <unfinished ...>`, `7 +++ superseded by execve in pid 9 +++`, `7 <... execve resumed>) = 0`,
			},
			[]Call{{Thread: 7, Name: "execve", Args: []string{`"/bin/true"`, `["true"]`, "0x1 /* 1 var */"}}},
		},
		{"signals and modes", []string{`7 --- SIGCHLD {si_signo=SIGCHLD, si_pid=8} ---`, `7 [ Process PID=7 runs in 32 bit mode. ]`}, nil},
	} {
		if diff := cmp.Diff(test.want, parse(t, test.lines...)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
	}
}

func TestWhatIsNoTraceIsAnError(t *testing.T) {
	for _, line := range []string{
		"chdir(1) = 0", "7", "7 chdir", `7 chdir("/"`, `7 chdir("/)  = 0`, `7 chdir("/")`, `7 chdir("/") = x`, `7 chdir("/") = -1 EWHAT (What)`, "7 <... chdir",
	} {
		if calls, err := Parse(strings.NewReader(line)); err == nil {
			t.Errorf("%s: %+v", line, calls)
		}
	}
}

func TestUnescape(t *testing.T) {
	for text, want := range map[string]string{
		`plain`: "plain", `\n\t\v\f\r`: "\n\t\v\f\r", `\"\\`: `"\`, `\0`: "\x00", `\1772`: "\x7f2", `\3779`: "\xff9", `\18`: "\x018",
		`\x41\x4a`: "AJ", `\303\244`: "ä", `end\`: `end\`,
	} {
		if got := unescape(text); got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

func TestQuoted(t *testing.T) {
	for arg, want := range map[string]string{`"a"`: "a", `""`: "", `"a"...`: "a", `"\""`: `"`} {
		if got, ok := quoted(arg); !ok || got != want {
			t.Errorf("%s: %q, %v", arg, got, ok)
		}
	}
	for _, arg := range []string{"NULL", "0x7fff", "", `"a`} {
		if got, ok := quoted(arg); ok {
			t.Errorf("%s: %q", arg, got)
		}
	}
}

func TestDescriptor(t *testing.T) {
	for arg, want := range map[string]string{"3</a>": "/a", "AT_FDCWD</d>": "/d", "3</a>(deleted)": "/a"} {
		if got, ok := descriptor(arg); !ok || got != want {
			t.Errorf("%s: %q, %v", arg, got, ok)
		}
	}
	for _, arg := range []string{"3", "3<pipe:[1]>", "AT_FDCWD"} {
		if got, ok := descriptor(arg); ok {
			t.Errorf("%s: %q", arg, got)
		}
	}
}

func TestHas(t *testing.T) {
	flags := []string{"O_RDONLY", "O_CREAT", "O_CLOEXEC", "CLONE_THREAD"}
	for text, want := range map[string][]string{
		"O_RDONLY|O_CLOEXEC": {"O_RDONLY", "O_CLOEXEC"}, "{flags=O_RDONLY|O_CREAT, mode=0}": {"O_RDONLY", "O_CREAT"},
		"{flags=CLONE_VM|CLONE_THREAD|CLONE_FS, child_tid=0x1}": {"CLONE_THREAD"}, "O_CREATE": nil,
	} {
		got := slices.DeleteFunc(slices.Clone(flags), func(f string) bool { return !has(text, f) })
		if !slices.Equal(got, want) {
			t.Errorf("%s: %v", text, got)
		}
	}
}
