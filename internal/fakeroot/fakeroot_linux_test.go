package fakeroot

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/testenv"
)

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
