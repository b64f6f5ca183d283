package supervisor

import (
	"os"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/fakeroot"
)

// TestNothingIsSeenOfAnInodeThatIsGone makes and removes files so fast that
// inode numbers, and birth times, come again.
func TestNothingIsSeenOfAnInodeThatIsGone(t *testing.T) {
	t.Chdir(t.TempDir())
	f := &FakeRoot{State: fakeroot.New(), UID: uint32(os.Getuid()), GID: uint32(os.Getgid())}
	own := func(e *fakeroot.Entry) { e.UID, e.Mode = 77, e.Mode|unix.S_ISUID }
	look := func(name string) (attributes, unix.Statx_t) {
		a, st, errno := f.attributesAt(unix.AT_FDCWD, name)
		if errno != 0 {
			t.Fatal(errno)
		}
		return a, st
	}
	fresh := func(i int, after string) {
		t.Helper()
		must(t, os.WriteFile("new", nil, 0o644))
		if a, _ := look("new"); a.known || a.uid != 0 {
			t.Fatalf("%d: a new file after %s belongs to %d, mode %o", i, after, a.uid, a.mode)
		}
		must(t, os.Remove("new"))
	}
	for i := range 500 {
		must(t, os.WriteFile("x", nil, 0o644))
		_, st := look("x")
		must(t, errnoOf(f.note(&st, nil, own)))
		a, st := look("x")
		must(t, os.Remove("x"))
		f.removed(a, &st, "x")
		fresh(i, "a removed one")

		fd, err := unix.Open(".", unix.O_TMPFILE|unix.O_RDWR, 0o600)
		must(t, err)
		_, st, _ = f.attributesOf(fd)
		must(t, errnoOf(f.note(&st, nil, own)))
		if a, _, _ := f.attributesOf(fd); a.uid != 77 {
			t.Fatalf("%d: a temporary file belongs to %d", i, a.uid)
		}
		unix.Close(fd)
		fresh(i, "a temporary one")
	}
	if n := f.State.Len(); n != 0 {
		t.Errorf("%d entries are left of files that are gone", n)
	}
}

func errnoOf(e unix.Errno) error {
	if e == 0 {
		return nil
	}
	return e
}

// TestALinkMoreOrLess: an entry lives as long as its file has a name, and beyond
// that as long as it is open.
func TestALinkMoreOrLess(t *testing.T) {
	t.Chdir(t.TempDir())
	f := &FakeRoot{State: fakeroot.New(), UID: uint32(os.Getuid()), GID: uint32(os.Getgid())}
	must(t, os.WriteFile("a", nil, 0o644))
	must(t, os.Link("a", "b"))
	open, err := unix.Open("a", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	must(t, err)
	defer unix.Close(open)
	_, st, _ := f.attributesOf(open)
	must(t, errnoOf(f.note(&st, nil, func(e *fakeroot.Entry) { e.GID = 5 })))
	for i, name := range []string{"a", "b"} {
		a, st, _ := f.attributesAt(unix.AT_FDCWD, name)
		must(t, os.Remove(name))
		f.removed(a, &st, name)
		if a, _, _ := f.attributesOf(open); a.gid != 5 {
			t.Errorf("without %s the open file belongs to group %d", name, a.gid)
		}
		if n := f.State.Len(); n != 1-i {
			t.Errorf("without %s there are %d entries", name, n)
		}
	}
}
