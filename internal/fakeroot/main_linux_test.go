package fakeroot

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/testenv"
)

func TestMain(m *testing.M) {
	testenv.Main(testenv.Helpers{"answer": answer, "limited": limited, "stdout": stdout})
	os.Exit(m.Run())
}

// answer notes one inode after another, and says so of each, until it is killed.
func answer(args []string) int {
	s, err := Open(args[0])
	for i := uint64(1); err == nil; i++ {
		if err = s.Put(Entry{ID: ID{1, i, 0}}); err == nil {
			_, err = fmt.Println(i)
		}
	}
	fmt.Fprintln(os.Stderr, err)
	return 1
}

func TestKilledLosesNothingAnswered(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state")
	c := testenv.Helper(t, "answer", path)
	out, err := c.StdoutPipe()
	must(t, err)
	must(t, c.Start())
	var answered uint64
	for answered < 500 {
		if _, err := fmt.Fscan(out, &answered); err != nil {
			t.Fatal(err)
		}
	}
	must(t, c.Process.Kill())
	for n := answered; ; answered = n { // what it said before it died
		if _, err := fmt.Fscan(out, &n); err != nil {
			break
		}
	}
	if err := c.Wait(); err == nil {
		t.Error("was not killed")
	}
	s, err := Open(path)
	must(t, err)
	defer s.Close()
	if w := s.Warnings(); len(w) > 0 || uint64(s.Len()) < answered {
		t.Errorf("%d answered, %d noted, warnings %v", answered, s.Len(), w)
	}
}

// limited runs into a file size limit in the middle of a line, and goes on once
// it is lifted. The signal that says so is ignored, as on a full disk there is none.
func limited(args []string) int {
	signal.Ignore(unix.SIGXFSZ)
	s, err := Open(args[0])
	if err != nil {
		fmt.Println(err)
		return 1
	}
	fmt.Println("first:", s.Put(secondEntry))
	var old unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_FSIZE, &old); err != nil {
		fmt.Println(err)
	}
	limit := unix.Rlimit{Cur: uint64(len(head+second) + 10), Max: old.Max}
	fmt.Println("limit:", unix.Setrlimit(unix.RLIMIT_FSIZE, &limit))
	err = s.Put(Entry{ID: ID{Dev: 7}})
	fmt.Println("EFBIG:", errors.Is(err, syscall.EFBIG), s.Len())
	fmt.Println("lifted:", unix.Setrlimit(unix.RLIMIT_FSIZE, &old))
	fmt.Println("third:", s.Put(Entry{ID: ID{Dev: 8}}))
	return 0
}

func TestHalfALineIsTakenBack(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state")
	out, err := testenv.Helper(t, "limited", path).Output()
	must(t, err)
	const want = "first: <nil>\nlimit: <nil>\nEFBIG: true 1\nlifted: <nil>\nthird: <nil>\n"
	if diff := cmp.Diff(want, string(out)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(head+second+`{"dev":8,"ino":0}`+"\n", content(t, path)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func stdout(args []string) int {
	s, err := Open("/dev/stdout")
	if err == nil {
		err = errors.Join(s.Put(secondEntry), s.Close(), s.Save("/dev/stdout", Text))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func TestStandardOutputIsWrittenAtTheEnd(t *testing.T) {
	const text = "dev=1,ino=2,mode=100644,uid=0,gid=0,nlink=0,rdev=0\n"
	path := fileWith(t, "")
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	must(t, err)
	defer file.Close()
	_, err = file.WriteString("before\n")
	must(t, err)
	c := testenv.Helper(t, "stdout")
	c.Stdout = file
	must(t, c.Run())
	if diff := cmp.Diff("before\n"+head+second+text, content(t, path)); diff != "" {
		t.Errorf("file (-want +got):\n%s", diff)
	}
	out, err := testenv.Helper(t, "stdout").Output()
	if diff := cmp.Diff(head+second+text, string(out)); diff != "" || err != nil {
		t.Errorf("pipe: %v (-want +got):\n%s", err, diff)
	}
}

// TestStandardOutputIsASocket, which open(2) refuses (ENXIO).
func TestStandardOutputIsASocket(t *testing.T) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	must(t, err)
	ours, theirs := os.NewFile(uintptr(fds[0]), "ours"), os.NewFile(uintptr(fds[1]), "theirs")
	defer ours.Close()
	c := testenv.Helper(t, "stdout")
	c.Stdout = theirs
	must(t, c.Run())
	must(t, theirs.Close())
	out, err := io.ReadAll(ours)
	must(t, err)
	if !strings.HasPrefix(string(out), head+second) {
		t.Errorf("%q", out)
	}
}

func TestFIFOIsWrittenAtTheEnd(t *testing.T) {
	path := filepath.Join(t.TempDir(), "fifo")
	must(t, unix.Mkfifo(path, 0o600))
	read := make(chan string)
	go func() {
		data, err := os.ReadFile(path)
		read <- fmt.Sprint(string(data), err)
	}()
	s, err := Open(path)
	must(t, err)
	must(t, s.Put(secondEntry))
	must(t, s.Close())
	if diff := cmp.Diff(head+second+"<nil>", <-read); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	alone(t, path)
}

// TestWhereNoFileCanBeMade is a journal in a directory that its user may not write to.
func TestWhereNoFileCanBeMade(t *testing.T) {
	path := fileWith(t, head+second)
	s, err := Open(path)
	must(t, err)
	must(t, s.Put(Entry{ID: ID{Dev: 3}}))
	s.journal.name = filepath.Join("none", "state") // root may write anywhere
	must(t, s.Close())
	var warning *NotCompacted
	if w := s.Warnings(); len(w) != 1 || !errors.As(w[0], &warning) || !errors.Is(w[0], os.ErrNotExist) {
		t.Errorf("warnings %v", w)
	}
	if diff := cmp.Diff(head+second+`{"dev":3,"ino":0}`+"\n", content(t, path)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestNoGroupGetsMore: where the group cannot be kept, as an ordinary user, its
// rights go as well. Root keeps both.
func TestNoGroupGetsMore(t *testing.T) {
	old, err := os.Stat("/etc/shadow") // 0640, of a group that ordinary users are not in
	must(t, err)
	file, err := os.Create(filepath.Join(t.TempDir(), "new"))
	must(t, err)
	defer file.Close()
	must(t, keep(file, old))
	info, err := file.Stat()
	must(t, err)
	want := old.Mode()
	if os.Geteuid() != 0 {
		want = 0o600
	}
	sameGroup := info.Sys().(*syscall.Stat_t).Gid == old.Sys().(*syscall.Stat_t).Gid
	if info.Mode() != want || sameGroup != (os.Geteuid() == 0) {
		t.Errorf("%v became %v, with the same group: %v", old.Mode(), info.Mode(), sameGroup)
	}
}
