package skeleton

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// dirs lists the directories below dir with their modes and times.
func dirs(t *testing.T, dir string, skip func(string) bool) map[string]state {
	t.Helper()
	found := map[string]state{}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		name := "/" + must(filepath.Rel(dir, path))
		if skip(name) {
			return filepath.SkipDir
		}
		var st unix.Stat_t
		if err := unix.Lstat(path, &st); err != nil {
			return err
		}
		found[name] = state{st.Mtim.Nano(), st.Mode & 0o7777}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func must(s string, err error) string {
	if err != nil {
		panic(err)
	}
	return s
}

// It has the host's directories, and follows what is made, removed and changed there.
func TestRefresh(t *testing.T) {
	root := t.TempDir()
	s := Skeleton{Dir: t.TempDir(), Root: root, User: os.Geteuid() + 1, Skip: func(name string) bool { return name == "/skipped" }}
	mkdir := func(name string, mode os.FileMode) {
		t.Helper()
		for _, f := range []func() error{
			func() error { return os.MkdirAll(filepath.Join(root, name), 0o755) },
			func() error { return os.Chmod(filepath.Join(root, name), mode) },
		} {
			if err := f(); err != nil {
				t.Fatal(err)
			}
		}
	}
	check := func(when string) {
		t.Helper()
		if err := s.Refresh(); err != nil {
			t.Fatal(err)
		}
		want, got := dirs(t, root, s.Skip), dirs(t, s.Tree(), func(string) bool { return false })
		for name, st := range want {
			if name != "/." && got[name] != st {
				t.Errorf("%s: %s is %+v, want %+v", when, name, got[name], st)
			}
		}
		if len(got) != len(want) {
			t.Errorf("%s: %d directories, want %d", when, len(got), len(want))
		}
	}
	mkdir("a/b/c", 0o755)
	mkdir("a/b", 0o700)
	mkdir("a", 0o1777)
	mkdir("skipped/x", 0o755)
	if !s.First() {
		t.Error("it was read before the first time")
	}
	check("new")
	if s.First() {
		t.Error("it is still to be read")
	}
	mkdir("a/b/d/e", 0o755)
	mkdir("a/b/d", 0o755)
	if err := os.RemoveAll(filepath.Join(root, "a/b/c")); err != nil {
		t.Fatal(err)
	}
	check("changed")
	if err := os.RemoveAll(filepath.Join(root, "a")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, "a"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	check("a file now")
	if err := os.WriteFile(s.index(), []byte("nonsense"), 0o600); err != nil {
		t.Fatal(err)
	}
	mkdir("z", 0o755)
	check("a broken index")
}

// For a while only what is far down, and no package manager's, may be overlooked.
func TestRefreshWhileYoung(t *testing.T) {
	root := t.TempDir()
	s := Skeleton{Dir: t.TempDir(), Root: root, User: os.Geteuid() + 1, Skip: func(string) bool { return false }, Age: time.Hour}
	has := func(name string) bool {
		t.Helper()
		if err := s.Refresh(); err != nil {
			t.Fatal(err)
		}
		_, err := os.Stat(filepath.Join(s.Tree(), name))
		return err == nil
	}
	mkdir := func(name string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Join(root, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	mkdir("usr/share/doc/far")
	mkdir("var/lib/dpkg")
	if !has("usr/share/doc/far") {
		t.Error("the first time")
	}
	mkdir("usr/share/doc/far/down")
	if has("usr/share/doc/far/down") {
		t.Error("all was looked at")
	}
	mkdir("usr/share/new")
	if !has("usr/share/new") {
		t.Error("an upper directory changed")
	}
	if err := os.RemoveAll(filepath.Join(root, "usr/share/doc")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, "usr/share/doc"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if has("usr/share/doc") {
		t.Error("it is a file")
	}
	if err := os.Remove(filepath.Join(root, "usr/share/doc")); err != nil {
		t.Fatal(err)
	}
	mkdir("usr/share/doc/far/down")
	if !has("usr/share/doc/far/down") {
		t.Error("it is a directory again")
	}
	mkdir("usr/share/doc/far/more")
	if err := os.WriteFile(filepath.Join(root, "var/lib/dpkg/status"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if !has("usr/share/doc/far/more") {
		t.Error("a package was changed")
	}
	mkdir("usr/share/doc/far/last")
	if s.Age = 0; !has("usr/share/doc/far/last") {
		t.Error("the time was over")
	}
}

// A directory that does not belong in the tree any more takes along what is below it.
func TestRefreshWithoutADirectory(t *testing.T) {
	for _, age := range []time.Duration{0, time.Hour} {
		root, skipped := t.TempDir(), "/none"
		s := Skeleton{Dir: t.TempDir(), Root: root, User: os.Geteuid() + 1, Age: age, Skip: func(name string) bool { return name == skipped }}
		mkdir := func(name string) {
			t.Helper()
			if err := os.MkdirAll(filepath.Join(root, name), 0o755); err != nil {
				t.Fatal(err)
			}
		}
		refresh := func() {
			t.Helper()
			if err := s.Refresh(); err != nil {
				t.Fatal(err)
			}
		}
		mkdir("a/b/c")
		mkdir("x")
		refresh()
		skipped = "/a"
		mkdir("a/new")
		mkdir("a/b/new")
		mkdir("x/new")
		refresh()
		mkdir("a/b/newer")
		refresh()
		if _, err := os.Lstat(filepath.Join(s.Tree(), "a")); err == nil {
			t.Error("it is still there")
		}
		if _, err := os.Lstat(filepath.Join(s.Tree(), "x/new")); err != nil {
			t.Error(err)
		}
	}
}

// Nothing but a look at times is done where nothing changed.
func TestRefreshAgainChangesNothing(t *testing.T) {
	s := Skeleton{Dir: t.TempDir(), Root: "/etc", User: os.Geteuid() + 1, Skip: func(string) bool { return false }}
	if err := s.Refresh(); err != nil {
		t.Fatal(err)
	}
	before, err := os.Stat(s.index())
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(10 * time.Millisecond)
	if err := s.Refresh(); err != nil {
		t.Fatal(err)
	}
	if after, err := os.Stat(s.index()); err != nil || !os.SameFile(before, after) {
		t.Errorf("the index was written again: %v", err)
	}
}

// Who wrote in the user's cache has not got hold of the rest of the user's files: an
// index and a tree that lead elsewhere do nothing there.
func TestRefreshStaysInItsTree(t *testing.T) {
	for name, poison := range map[string]func(t *testing.T, s *Skeleton, victim string){
		"an index with ..": func(t *testing.T, s *Skeleton, victim string) {
			up := must(filepath.Rel(s.Tree(), victim))
			write(t, s.index(), "1 493 /"+up+"\x00")
		},
		"a link in the way of a removal": func(t *testing.T, s *Skeleton, victim string) {
			link(t, filepath.Dir(victim), filepath.Join(s.Tree(), "a"))
			write(t, s.index(), "1 493 /a/"+filepath.Base(victim)+"\x00")
		},
		"a link in the place of a directory": func(t *testing.T, s *Skeleton, victim string) {
			link(t, victim, filepath.Join(s.Tree(), "a"))
			write(t, s.index(), "1 493 /a\x00")
		},
	} {
		t.Run(name, func(t *testing.T) {
			root, victim := t.TempDir(), filepath.Join(t.TempDir(), "victim")
			s := &Skeleton{Dir: t.TempDir(), Root: root, User: os.Geteuid() + 1, Skip: func(string) bool { return false }}
			for _, dir := range []string{filepath.Join(root, "a", "b"), s.Tree(), victim} {
				if err := os.MkdirAll(dir, 0o755); err != nil {
					t.Fatal(err)
				}
			}
			if err := os.Chmod(victim, 0o500); err != nil {
				t.Fatal(err)
			}
			poison(t, s, victim)
			before := stat(t, victim)
			_ = s.Refresh() // an error or none: the files elsewhere count
			after := stat(t, victim)
			if after.Ctim != before.Ctim || after.Mode != before.Mode {
				t.Errorf("a directory outside of the tree was changed: %+v, was %+v", after, before)
			}
		})
	}
}

func write(t *testing.T, name, data string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(data), 0o600); err != nil {
		t.Fatal(err)
	}
}

func link(t *testing.T, content, name string) {
	t.Helper()
	if err := os.Symlink(content, name); err != nil {
		t.Fatal(err)
	}
}

func stat(t *testing.T, name string) (st unix.Stat_t) {
	t.Helper()
	if err := unix.Lstat(name, &st); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return st
}

// What was not used for long goes, and what is of a root that is gone; what is in use, or
// is none of ours, stays.
func TestPrune(t *testing.T) {
	all, roots := t.TempDir(), t.TempDir()
	make := func(name string) Skeleton {
		t.Helper()
		s := Skeleton{
			Dir: filepath.Join(all, name), Root: filepath.Join(roots, name), User: os.Geteuid() + 1, Keep: 30 * 24 * time.Hour,
			Skip: func(string) bool { return false },
		}
		for _, err := range []error{os.MkdirAll(filepath.Join(s.Root, "a/b"), 0o755), s.Refresh()} {
			if err != nil {
				t.Fatal(err)
			}
		}
		return s
	}
	age := func(s Skeleton, days int) {
		at := time.Now().Add(-time.Duration(days) * 24 * time.Hour)
		if err := os.Chtimes(s.index(), at, at); err != nil {
			t.Fatal(err)
		}
	}
	old, gone, young, goneNow, used := make("old"), make("gone"), make("young"), make("gone-now"), make("used")
	for s, days := range map[*Skeleton]int{&old: 31, &gone: 2, &young: 29, &used: 31} {
		age(*s, days)
	}
	for _, dir := range []string{gone.Root, goneNow.Root} {
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
	}
	lock, err := used.lock()
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	for _, dir := range []string{"foreign/tree", removed + "x/tree"} {
		if err := os.MkdirAll(filepath.Join(all, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	make("one") // each removes one
	make("two")
	make("three")
	entries, err := os.ReadDir(all)
	if err != nil {
		t.Fatal(err)
	}
	var left []string
	for _, e := range entries {
		left = append(left, e.Name())
	}
	want := []string{"foreign", "gone-now", "one", "three", "two", "used", "young"}
	if !slices.Equal(left, want) {
		t.Errorf("left: %v, want %v", left, want)
	}
}

// Who waits for a tree that another process removes makes it anew.
func TestLockOfARemovedTree(t *testing.T) {
	s := Skeleton{Dir: filepath.Join(t.TempDir(), "s"), Root: t.TempDir(), User: os.Geteuid() + 1, Skip: func(string) bool { return false }}
	first, err := s.lock()
	if err != nil {
		t.Fatal(err)
	}
	locked := make(chan error)
	go func() {
		f, err := s.lock()
		if err == nil {
			_, err = os.Stat(s.Tree())
			f.Close()
		}
		locked <- err
	}()
	for _, err := range []error{os.Rename(s.Dir, s.Dir+".old"), os.RemoveAll(s.Dir + ".old"), first.Close()} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := <-locked; err != nil {
		t.Error(err)
	}
}
