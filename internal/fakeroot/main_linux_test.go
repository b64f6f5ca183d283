package fakeroot

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
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
	s.journal.path = filepath.Join(filepath.Dir(path), "none", "state") // root may write anywhere
	must(t, s.Close())
	var warning *NotCompacted
	if w := s.Warnings(); len(w) != 1 || !errors.As(w[0], &warning) || !errors.Is(w[0], os.ErrNotExist) {
		t.Errorf("warnings %v", w)
	}
	if diff := cmp.Diff(head+second+`{"dev":3,"ino":0}`+"\n", content(t, path)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestFakerootReadsAndWritesTheSame is a round trip through the real one.
func TestFakerootReadsAndWritesTheSame(t *testing.T) {
	fakeroot := testenv.Command(t, "fakeroot")
	var plain []Entry
	s := New()
	for i := range uint64(50) {
		e := Entry{ID: ID{0xfe00 + i%3<<40, 1<<40 + i, 0}, Mode: 0o104755, UID: uint32(i), GID: 1<<32 - 2, Nlink: 2, Rdev: Mkdev(4095, uint32(i))}
		plain = append(plain, e)
		e.Birth, e.Path, e.Xattrs = 5, "/a\n", map[string][]byte{"user.a": nil}
		must(t, s.Put(e))
	}
	dir := t.TempDir()
	ours, theirs := filepath.Join(dir, "ours"), filepath.Join(dir, "theirs")
	must(t, s.Save(ours, Text))
	if out, err := exec.Command(fakeroot, "-i", ours, "-s", theirs, "true").CombinedOutput(); err != nil || len(out) > 0 {
		t.Fatalf("%v: %s", err, out)
	}
	want := New()
	for _, e := range plain {
		must(t, want.Put(e))
	}
	got, err := Load(theirs)
	must(t, err)
	if diff := cmp.Diff(want.Entries(), got.Entries()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	var b bytes.Buffer
	must(t, got.Write(&b, Text))
	if a, b := lines(content(t, theirs)), lines(b.String()); !cmp.Equal(a, b) {
		t.Errorf("(-fakeroot +ours):\n%s", cmp.Diff(a, b))
	}
}

func lines(s string) map[string]bool {
	all := map[string]bool{}
	for l := range strings.Lines(s) {
		all[l] = true
	}
	return all
}

// TestFakerootSeesWhatWasNoted is what programs see that run in the real one with our state.
func TestFakerootSeesWhatWasNoted(t *testing.T) {
	fakeroot := testenv.Command(t, "fakeroot")
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	must(t, os.WriteFile(file, nil, 0o600))
	var st unix.Stat_t
	must(t, unix.Stat(file, &st))
	s := New()
	must(t, s.Put(Entry{ID: ID{st.Dev, st.Ino, 1}, Mode: 0o020666, UID: 12, GID: 34, Nlink: 1, Rdev: Mkdev(300, 70000)}))
	state := filepath.Join(dir, "state")
	must(t, s.Save(state, Text))
	out, err := exec.Command(fakeroot, "-i", state, "--", "stat", "-c", "%F %a %u %g %t %T", file).CombinedOutput()
	if diff := cmp.Diff("character special file 666 12 34 12c 11170\n", string(out)); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}
