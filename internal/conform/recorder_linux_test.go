package conform

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// observation is what a program did, what came of it, and what changed in its
// directory by that.
type observation struct {
	Do, Got string
	Changed []string `json:",omitempty"`
}

// recorder runs a program's calls and notes what comes of them.
type recorder struct {
	seen      []observation
	top       string   // the program's directory
	cells     int      // how many were made
	anyNumber bool     // the number of a new descriptor is not compared
	clean     []string // the state of a fresh cell; nil: the current one is used up
}

// fail ends a program that cannot go on; its caller sees the exit status.
func fail(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "conform: "+format+"\n", args...)
	os.Exit(125)
}

func must(err error) {
	if err != nil {
		_, file, line, _ := runtime.Caller(1)
		fail("%s:%d: %v", file, line, err)
	}
}

// fixture is what a cell holds at first.
func fixture() {
	must(os.WriteFile("file", []byte("content"), 0o640))
	must(os.WriteFile("other", []byte("other content"), 0o600))
	must(os.Mkdir("dir", 0o755))
	must(os.WriteFile("dir/inner", []byte("inner"), 0o644))
	must(os.Mkdir("empty", 0o755))
	must(os.Symlink("file", "link"))
	must(os.Symlink("dir", "dirlink"))
	must(os.Symlink("nothing", "dangling"))
	must(os.Symlink("loop", "loop"))
	must(unix.Mkfifo("fifo", 0o644))
}

// somePaths are the ways to name what is and what is not in a cell.
var somePaths = []string{
	"file", "other", "dir", "dir/inner", "empty", "link", "dirlink", "dangling", "loop", "missing", "fifo",
	"missing/x", "file/", "file/x", "file/.", "dir/", "dir//", "empty/", "link/", "dirlink/", "dangling/", "loop/", "missing/",
	".", "./", "..", "dir/.", "dir/..", "dir/../file", "dirlink/../file", "", "./file", "dir//inner", "dirlink/inner",
	"dirlink/new", "dir/new", "empty/..", "/proc/self/cwd/file", "/proc/self/cwd/new", "/proc/thread-self/cwd/file",
}

// fewPaths are those of them that differ most.
var fewPaths = []string{
	"file", "dir", "empty", "link", "dirlink", "dangling", "loop", "missing", "fifo", "file/", "dir/", "empty/", "dirlink/", "dangling/", "missing/",
	".", "..", "dir/..", "", "missing/x", "file/x", "dir/new",
}

// enterCell goes to a directory with the fixture in it: the one of before, as
// long as nothing has changed there.
func (r *recorder) enterCell() {
	if r.clean != nil {
		return
	}
	r.cells++
	must(os.Chdir(r.top))
	name := fmt.Sprintf("c%06d", r.cells)
	old := unix.Umask(0o022) // a cell that cannot be entered is none
	must(os.Mkdir(name, 0o755))
	must(os.Chdir(name))
	fixture()
	unix.Umask(old)
	r.clean = state(".")
}

// do makes the call in a cell and notes its result and what it changed.
func (r *recorder) do(name string, args ...any) {
	r.enterCell()
	value, errno := invoke(name, args...)
	r.outcome(text(name, args...), result(value, errno), errno)
}

// open is do for calls that return a descriptor; it is looked at and closed.
func (r *recorder) open(name string, args ...any) {
	r.enterCell()
	fd, errno := invoke(name, args...)
	for range 1000 {
		if errno != unix.EAGAIN { // openat2: something was renamed somewhere
			break
		}
		fd, errno = invoke(name, args...)
	}
	got := result(fd, errno)
	if errno == 0 {
		if r.anyNumber {
			got = "a descriptor"
		}
		got += " " + describe(fd)
		unix.Close(fd)
	}
	r.outcome(text(name, args...), got, errno)
}

// outcome notes a call. One that failed has changed nothing; if it has, the
// caller sees that in the end.
func (r *recorder) outcome(do, got string, errno syscall.Errno) {
	if errno != 0 && !strings.HasPrefix(do, "ioctl") { // ext4 sets flags and then says ENOTSUP
		r.plain(do, got)
		return
	}
	r.note(do, got)
}

// note adds an observation in a cell.
func (r *recorder) note(do, got string) {
	after := state(".")
	o := observation{Do: do, Got: got}
	if r.clean != nil && !slices.Equal(after, r.clean) {
		o.Changed = changes(r.clean, after)
		r.clean = nil
	}
	r.seen = append(r.seen, o)
}

// plain notes a result that has nothing to do with the directory.
func (r *recorder) plain(do string, got any) {
	r.seen = append(r.seen, observation{Do: do, Got: fmt.Sprint(got)})
}

func result(value int, errno syscall.Errno) string {
	if errno != 0 {
		return errnoText(errno)
	}
	return fmt.Sprint(value)
}

// errText is the errno of an error.
func errText(err error) string {
	var errno syscall.Errno
	for e := err; e != nil; {
		if n, ok := e.(syscall.Errno); ok {
			errno = n
			break
		}
		u, ok := e.(interface{ Unwrap() error })
		if !ok {
			return err.Error()
		}
		e = u.Unwrap()
	}
	if errno == 0 {
		return "ok"
	}
	return errnoText(errno)
}

// describe says what a descriptor is open on, and how.
func describe(fd int) string {
	status, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
	if err != nil {
		return errText(err)
	}
	flags, _ := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
	var st unix.Stat_t
	must(unix.Fstat(fd, &st))
	where, _ := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", fd))
	if i := strings.LastIndex(where, "/#"); i >= 0 { // O_TMPFILE: the inode's number
		where = where[:i] + "/#N (deleted)"
	}
	return fmt.Sprintf("flags %#x%s cloexec %d mode %o size %d nlink %d %s",
		status&^unix.O_NOFOLLOW, noFollow(status), flags, st.Mode, size(&st), st.Nlink, where)
}

func noFollow(status int) string {
	if status&unix.O_NOFOLLOW == 0 {
		return ""
	}
	return " O_NOFOLLOW"
}

// changes are the lines that are gone and those that are new.
func changes(before, after []string) []string {
	var d []string
	for _, l := range before {
		if !slices.Contains(after, l) {
			d = append(d, "-"+l)
		}
	}
	for _, l := range after {
		if !slices.Contains(before, l) {
			d = append(d, "+"+l)
		}
	}
	return d
}

// finish prints what was seen.
func (r *recorder) finish() {
	must(json.NewEncoder(os.Stdout).Encode(r.seen))
}
