//go:build linux

package landlock

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/sys"
)

// restricted runs f on a thread of its own that is under the rules, and ends with it.
func restricted(t *testing.T, r Rules, f func()) {
	t.Helper()
	done := make(chan error)
	go confinedThread(r, f, done)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

// confinedThread never unlocks its thread, so that it ends. The first thread of
// a process does not, so that is left to somebody else.
func confinedThread(r Rules, f func(), done chan<- error) {
	runtime.LockOSThread()
	if unix.Gettid() == unix.Getpid() {
		other := make(chan error)
		go confinedThread(r, f, other)
		done <- <-other
		runtime.UnlockOSThread()
		return
	}
	err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
	if err == nil {
		err = Restrict(r)
	}
	if err == nil {
		f()
	}
	done <- err
}

func mustABI(t *testing.T) int {
	t.Helper()
	abi, err := sys.LandlockABI()
	if err != nil {
		t.Fatal(err)
	}
	return abi
}

// tree makes two directories with the same in them.
func tree(t *testing.T) (inside, outside string) {
	t.Helper()
	root := t.TempDir()
	inside, outside = filepath.Join(root, "inside"), filepath.Join(root, "outside")
	for _, dir := range []string{inside, outside} {
		for _, path := range []string{dir, dir + "/d", dir + "/empty"} {
			if err := os.Mkdir(path, 0o755); err != nil {
				t.Fatal(err)
			}
		}
		for _, path := range []string{dir + "/f", dir + "/d/f", dir + "/program"} {
			if err := os.WriteFile(path, []byte("#!/bin/sh\nexit 7\n"), 0o755); err != nil {
				t.Fatal(err)
			}
		}
	}
	return inside, outside
}

// writes are all the ways to change a directory that Landlock knows, by name.
var writes = []struct {
	name string
	do   func(dir string) error
}{
	{"open to write", func(dir string) error { return open(dir+"/f", os.O_WRONLY) }},
	{"open to append", func(dir string) error { return open(dir+"/d/f", os.O_WRONLY|os.O_APPEND) }},
	{"truncate", func(dir string) error { return os.Truncate(dir+"/f", 0) }},
	{"open and truncate", func(dir string) error { return open(dir+"/f", os.O_RDONLY|os.O_TRUNC) }},
	{"create", func(dir string) error { return open(dir+"/new", os.O_CREATE|os.O_EXCL) }},
	{"mkdir", func(dir string) error { return os.Mkdir(dir+"/new.d", 0o755) }},
	{"symlink", func(dir string) error { return os.Symlink("f", dir+"/new.l") }},
	{"mkfifo", func(dir string) error { return unix.Mkfifo(dir+"/new.p", 0o644) }},
	{"socket", func(dir string) error { return bind(dir + "/new.s") }},
	{"rename", func(dir string) error { return os.Rename(dir+"/f", dir+"/g") }},
	{"link to another directory", func(dir string) error { return os.Link(dir+"/d/f", dir+"/h") }},
	{"rename to another directory", func(dir string) error { return os.Rename(dir+"/d/f", dir+"/i") }},
	{"unlink", func(dir string) error { return unix.Unlink(dir + "/program") }},
	{"rmdir", func(dir string) error { return unix.Rmdir(dir + "/empty") }},
}

func open(path string, flags int) error {
	f, err := os.OpenFile(path, flags, 0o644)
	if err == nil {
		f.Close()
	}
	return err
}

func bind(path string) error {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	// A path of a test's directory can be too long for a socket address.
	dir, err := unix.Open(filepath.Dir(path), unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(dir)
	return unix.Bind(fd, &unix.SockaddrUnix{Name: fmt.Sprintf("/proc/self/fd/%d/%s", dir, filepath.Base(path))})
}

func TestWritesOutsideAreDenied(t *testing.T) {
	inside, outside := tree(t)
	before := snapshot(t, outside)
	restricted(t, Rules{Write: []string{inside}}, func() {
		for _, w := range writes {
			if err := w.do(outside); !errors.Is(err, fs.ErrPermission) {
				t.Errorf("%s outside: %v", w.name, err)
			}
		}
	})
	if after := snapshot(t, outside); after != before {
		t.Errorf("before\n%safter\n%s", before, after)
	}
	restricted(t, Rules{Write: []string{inside}}, func() {
		for _, w := range writes {
			if err := w.do(inside); err != nil {
				t.Errorf("%s inside: %v", w.name, err)
			}
		}
	})
}

func snapshot(t *testing.T, dir string) string {
	t.Helper()
	var all string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			var data []byte
			data, err = os.ReadFile(path)
			all += string(data)
		}
		all += path + "\n"
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// What is allowed inside does not reach outside by way of two directories.
func TestNothingMovesBetweenInsideAndOutside(t *testing.T) {
	inside, outside := tree(t)
	restricted(t, Rules{Write: []string{inside}}, func() {
		for what, err := range map[string]error{
			"rename out": os.Rename(inside+"/f", outside+"/new"),
			"rename in":  os.Rename(outside+"/f", inside+"/new"),
			"link out":   os.Link(inside+"/f", outside+"/new"),
			"exchange":   unix.Renameat2(unix.AT_FDCWD, inside+"/f", unix.AT_FDCWD, outside+"/f", unix.RENAME_EXCHANGE),
		} {
			if !errors.Is(err, unix.EACCES) && !errors.Is(err, unix.EXDEV) {
				t.Errorf("%s: %v", what, err)
			}
		}
	})
}

func TestReadingAndExecutingAreLeftAlone(t *testing.T) {
	_, outside := tree(t)
	restricted(t, Rules{Write: []string{}}, func() {
		if _, err := os.ReadFile(outside + "/f"); err != nil {
			t.Error(err)
		}
		if status, err := execute(outside + "/program"); status != 7 {
			t.Errorf("status %d, %v", status, err)
		}
	})
}

// execute starts the program from the calling thread, and so under its rules.
func execute(path string) (status int, err error) {
	pid, err := syscall.ForkExec(path, []string{path}, &syscall.ProcAttr{Files: []uintptr{0, 1, 2}})
	if err != nil {
		return -1, err
	}
	var ws syscall.WaitStatus
	_, err = syscall.Wait4(pid, &ws, 0, nil)
	return ws.ExitStatus(), err
}

func TestARuleOnAFileIsAboutThatFile(t *testing.T) {
	inside, _ := tree(t)
	restricted(t, Rules{Write: []string{inside + "/f"}}, func() {
		if err := open(inside+"/f", os.O_WRONLY|os.O_TRUNC); err != nil {
			t.Error(err)
		}
		for what, err := range map[string]error{
			"a neighbour": open(inside+"/program", os.O_WRONLY),
			"unlink":      os.Remove(inside + "/f"),
			"create":      open(inside+"/new", os.O_CREATE),
		} {
			if !errors.Is(err, fs.ErrPermission) {
				t.Errorf("%s: %v", what, err)
			}
		}
	})
}

func TestAGivenDescriptorCanBeOpenedAgain(t *testing.T) {
	inside, outside := tree(t)
	f, err := os.OpenFile(outside+"/f", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, r := range []Rules{
		{Write: []string{inside}, WriteFiles: []int{int(f.Fd())}},
		{WriteFiles: []int{int(f.Fd())}, AnyWrite: true}, // no right to give is no error
	} {
		restricted(t, r, func() {
			if err := open(fmt.Sprintf("/proc/self/fd/%d", f.Fd()), os.O_WRONLY|os.O_TRUNC); err != nil {
				t.Error(err)
			}
			if err := open(outside+"/program", os.O_WRONLY); !r.AnyWrite && !errors.Is(err, fs.ErrPermission) {
				t.Errorf("a neighbour: %v", err)
			}
		})
	}
}

func TestAnyWriteLeavesWritingAlone(t *testing.T) {
	inside, outside := tree(t)
	restricted(t, Rules{AnyWrite: true, Read: []string{"/"}}, func() {
		for _, w := range writes {
			if err := w.do(inside); err != nil {
				t.Errorf("%s: %v", w.name, err)
			}
		}
		if err := os.Rename(outside+"/f", inside+"/moved"); err != nil {
			t.Errorf("rename between directories: %v", err)
		}
	})
	restricted(t, Rules{AnyWrite: true}, func() { // nothing else is asked for either
		if err := os.Rename(outside+"/d/f", inside+"/moved2"); err != nil {
			t.Errorf("rename between directories: %v", err)
		}
	})
}

func TestReadRules(t *testing.T) {
	inside, outside := tree(t)
	restricted(t, Rules{AnyWrite: true, Read: []string{inside, outside + "/d/f"}}, func() {
		for path, allowed := range map[string]bool{
			inside + "/f": true, inside + "/d/f": true, inside: true,
			outside + "/f": false, outside: false, outside + "/d": false,
			outside + "/d/f": true, // a file in a directory that cannot be listed
		} {
			if err := open(path, os.O_RDONLY); (err == nil) != allowed {
				t.Errorf("%s: %v", path, err)
			}
		}
	})
	restricted(t, Rules{AnyWrite: true, Read: []string{}}, func() { // empty is not nil
		if err := open(inside+"/f", os.O_RDONLY); !errors.Is(err, fs.ErrPermission) {
			t.Errorf("%v", err)
		}
	})
}

func TestExecRules(t *testing.T) {
	inside, outside := tree(t)
	shell, err := exec.LookPath("sh") // a script needs its interpreter, and that its loader
	if err != nil {
		t.Fatal(err)
	}
	shell, err = filepath.EvalSymlinks(shell)
	if err != nil {
		t.Fatal(err)
	}
	allowed := []string{inside, shell}
	for _, dir := range []string{"/lib", "/lib64", "/usr/lib"} {
		if _, err := os.Stat(dir); err == nil {
			allowed = append(allowed, dir)
		}
	}
	restricted(t, Rules{AnyWrite: true, Exec: allowed}, func() {
		if status, err := execute(inside + "/program"); status != 7 {
			t.Errorf("inside: status %d, %v", status, err)
		}
		if _, err := execute(outside + "/program"); !errors.Is(err, fs.ErrPermission) {
			t.Errorf("outside: %v", err)
		}
	})
}

func TestAScopeKeepsSignalsInside(t *testing.T) {
	if abi := mustABI(t); abi < 6 {
		restrictFails(t, Rules{Scope: true}, ErrScope)
		return
	}
	child := exec.Command("sleep", "100")
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { child.Process.Kill(); child.Wait() }()
	restricted(t, Rules{AnyWrite: true, Scope: true}, func() {
		if err := unix.Kill(child.Process.Pid, 0); err != unix.EPERM {
			t.Errorf("signal to a process outside: %v", err)
		}
	})
	restricted(t, Rules{AnyWrite: true}, func() {
		if err := unix.Kill(child.Process.Pid, 0); err != nil {
			t.Errorf("without a scope: %v", err)
		}
	})
}

func restrictFails(t *testing.T, r Rules, want error) {
	t.Helper()
	done := make(chan error)
	go confinedThread(r, func() { t.Error("it is restricted") }, done)
	if err := <-done; !errors.Is(err, want) {
		t.Errorf("%v, want %v", err, want)
	}
}

func TestAPathThatIsNotThereIsAnError(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "missing")
	for _, r := range []Rules{{Write: []string{missing}}, {Read: []string{missing}}, {Exec: []string{missing}}} {
		restrictFails(t, r, fs.ErrNotExist)
	}
	restrictFails(t, Rules{WriteFiles: []int{1 << 20}}, unix.EBADF)
}

// A right that the kernel does not know is an error of its own.
func TestRightsOfEachABI(t *testing.T) {
	for _, test := range []struct {
		abi     int
		rules   Rules
		handled uint64
	}{
		{1, Rules{}, writeRights1},
		{1, Rules{AnyWrite: true, Read: []string{}}, readRights},
		{2, Rules{}, writeRights1 | unix.LANDLOCK_ACCESS_FS_REFER},
		{2, Rules{AnyWrite: true}, unix.LANDLOCK_ACCESS_FS_REFER},
		{2, Rules{AnyWrite: true, Exec: []string{}}, execRights | unix.LANDLOCK_ACCESS_FS_REFER},
		{3, Rules{Read: []string{}}, writeRights1 | unix.LANDLOCK_ACCESS_FS_REFER | unix.LANDLOCK_ACCESS_FS_TRUNCATE | readRights},
	} {
		if got := test.rules.attr(test.abi).Handled_access_fs; got != test.handled {
			t.Errorf("ABI %d, %+v: %#x, want %#x", test.abi, test.rules, got, test.handled)
		}
	}
}
