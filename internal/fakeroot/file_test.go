package fakeroot

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCloseCompacts(t *testing.T) {
	path := fileWith(t, head+second+second+`{"dev":3,"ino":0}`+"\n")
	must(t, os.Chmod(path, 0o640))
	link := filepath.Join(t.TempDir(), "link")
	must(t, os.Symlink(path, link))
	s, err := Open(link)
	must(t, err)
	must(t, s.Delete(ID{Dev: 3}))
	must(t, s.Close())
	if diff := cmp.Diff(head+second, content(t, path)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	info, err := os.Lstat(link)
	must(t, err)
	target, err := os.Stat(path)
	must(t, err)
	if info.Mode().Type() != fs.ModeSymlink || target.Mode() != 0o640 {
		t.Errorf("the link is %v, the file %v", info.Mode(), target.Mode())
	}
	alone(t, path)
}

// alone checks that no other file was left beside this one.
func alone(t *testing.T, path string) {
	t.Helper()
	names, err := os.ReadDir(filepath.Dir(path))
	must(t, err)
	if len(names) != 1 {
		t.Errorf("files in the directory: %v", names)
	}
}

func TestCloseLeavesWhatDidNotChange(t *testing.T) {
	path := fileWith(t, head+second+second)
	before, err := os.Stat(path)
	must(t, err)
	s, err := Open(path)
	must(t, err)
	must(t, s.Put(secondEntry))
	must(t, s.Close())
	after, err := os.Stat(path)
	must(t, err)
	if !os.SameFile(before, after) || !before.ModTime().Equal(after.ModTime()) || content(t, path) != head+second+second {
		t.Errorf("%v became %v: %q", before, after, content(t, path))
	}
}

func TestCloseLeavesWhatIsNew(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state")
	s, err := Open(path)
	must(t, err)
	before, err := os.Stat(path)
	must(t, err)
	must(t, s.Close())
	after, err := os.Stat(path)
	must(t, err)
	if !os.SameFile(before, after) {
		t.Error("compacted, with nothing to compact")
	}
}

// TestNobodyElseMayReadIt before it has the mode of what it replaces.
func TestNobodyElseMayReadIt(t *testing.T) {
	path := fileWith(t, "")
	must(t, os.Chmod(path, 0o644))
	old, err := os.Stat(path)
	must(t, err)
	dir, err := os.OpenRoot(filepath.Dir(path))
	must(t, err)
	defer dir.Close()
	_, file, err := create(dir, old)
	must(t, err)
	defer file.Close()
	info, err := file.Stat()
	must(t, err)
	if info.Mode() != 0o600 {
		t.Errorf("mode %v", info.Mode())
	}
}

func TestNothingIsLeftWhereReplacingFails(t *testing.T) {
	path := filepath.Join(t.TempDir(), "directory")
	must(t, os.Mkdir(path, 0o755))
	if err := replace(path, New().writer(JSON)); err == nil {
		t.Error("replaced a directory")
	}
	alone(t, path)
}

// TestItStaysInItsDirectory: who may rename directories does not choose where a state is written.
func TestItStaysInItsDirectory(t *testing.T) {
	top := t.TempDir()
	dir, other := filepath.Join(top, "dir"), filepath.Join(top, "other")
	must(t, os.Mkdir(dir, 0o755))
	must(t, os.Mkdir(other, 0o755))
	s, err := Open(filepath.Join(dir, "state"))
	must(t, err)
	must(t, s.Put(secondEntry))
	must(t, os.Rename(dir, dir+".moved"))
	must(t, os.Symlink("other", dir))
	must(t, s.Close())
	if found, err := os.ReadDir(other); err != nil || len(found) > 0 {
		t.Errorf("written there: %v, %v", found, err)
	}
	again, err := Load(filepath.Join(dir+".moved", "state"))
	must(t, err)
	if again.Len() != 1 {
		t.Errorf("%d entries", again.Len())
	}
}

func TestDescriptorIsAppendedTo(t *testing.T) {
	path := fileWith(t, "before\n")
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	must(t, err)
	defer file.Close()
	must(t, New().Save(fmt.Sprintf("/dev/fd/%d", file.Fd()), JSON))
	if diff := cmp.Diff("before\n"+head, content(t, path)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestOneAtATime(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state")
	s, err := Open(path)
	must(t, err)
	must(t, s.Put(secondEntry))
	for name, use := range map[string]func() error{
		"Open":  func() error { _, err := Open(path); return err },
		"Save":  func() error { return New().Save(path, JSON) },
		"Check": func() error { return Check(path) },
	} {
		if err := use(); !errors.Is(err, ErrInUse) || err.Error() != path+": in use by another fake root" {
			t.Errorf("%s: %v", name, err)
		}
	}
	must(t, s.Close())
	s, err = Open(path)
	must(t, err)
	if s.Len() != 1 {
		t.Errorf("%d entries", s.Len())
	}
	must(t, s.Close())
}

// TestReplacedBeforeLocked: the lock of what was replaced meanwhile is worth nothing.
func TestReplacedBeforeLocked(t *testing.T) {
	path := fileWith(t, "")
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	must(t, err)
	defer file.Close()
	if current, err := lock(file); err != nil || !current {
		t.Errorf("before: %v, %v", current, err)
	}
	must(t, replace(path, New().writer(JSON)))
	if current, err := lock(file); err != nil || current {
		t.Errorf("replaced: %v, %v", current, err)
	}
	must(t, os.Remove(path))
	if current, err := lock(file); err != nil || current {
		t.Errorf("removed: %v, %v", current, err)
	}
}

func TestSave(t *testing.T) {
	s := New()
	must(t, s.Put(firstEntry))
	dir := t.TempDir()
	for name, before := range map[string]string{"new": "-", "empty": "", "text": change("uid=7", "uid=9"), "journal": head + second} {
		path := filepath.Join(dir, name, "state")
		must(t, os.Mkdir(filepath.Dir(path), 0o755))
		if before != "-" {
			must(t, os.WriteFile(path, []byte(before), 0o604))
			must(t, os.Chmod(path, 0o604))
		}
		must(t, Check(path))
		must(t, s.Save(path, Text))
		if diff := cmp.Diff(first, content(t, path)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		info, err := os.Stat(path)
		must(t, err)
		if before != "-" && info.Mode() != 0o604 {
			t.Errorf("%s: mode %v", name, info.Mode())
		}
		alone(t, path)
	}
}

func TestMissing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "none", "state")
	for name, use := range map[string]func() error{
		"Open":  func() error { _, err := Open(path); return err },
		"Load":  func() error { _, err := Load(path); return err },
		"Save":  func() error { return New().Save(path, JSON) },
		"Check": func() error { return Check(path) },
	} {
		if err := use(); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
