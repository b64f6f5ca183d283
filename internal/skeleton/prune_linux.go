package skeleton

import (
	"os"
	"path"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// rootless is how long the tree of a root that is not there any more is kept: a run may
// still use it.
const rootless = 24 * time.Hour

// lock takes the tree for this process alone, until the file is closed. It is made if it
// is not there: another process may just have removed it.
func (s *Skeleton) lock() (*os.File, error) {
	for {
		if err := os.MkdirAll(s.Tree(), 0o755); err != nil {
			return nil, err
		}
		f, err := os.OpenFile(path.Join(s.Dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
		if os.IsNotExist(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if err := unix.Flock(int(f.Fd()), unix.LOCK_EX); err != nil {
			f.Close()
			return nil, os.NewSyscallError("flock", err)
		}
		if isAt(f, path.Join(s.Dir, "lock")) {
			return f, nil
		}
		f.Close()
	}
}

func isAt(f *os.File, name string) bool {
	open, err := f.Stat()
	there, missing := os.Stat(name)
	return err == nil && missing == nil && os.SameFile(open, there)
}

// prune removes a tree beside this one that was not used for long: one, as it takes a
// while. What cannot be removed stays.
func (s *Skeleton) prune() {
	if s.Keep == 0 {
		return
	}
	all, err := os.OpenRoot(path.Dir(s.Dir))
	if err != nil {
		return
	}
	defer all.Close()
	dir, err := all.Open(".")
	if err != nil {
		return
	}
	names, _ := dir.Readdirnames(-1)
	dir.Close()
	for _, name := range names {
		if strings.HasPrefix(name, removed) { // by one who was killed
			_ = all.RemoveAll(name)
			continue
		}
		if name != path.Base(s.Dir) && s.isOld(all, name) && remove(all, name) {
			return
		}
	}
}

// isOld tells of the tree in a directory that it may go. The index is written at least
// once in Age by those who use it.
func (s *Skeleton) isOld(all *os.Root, name string) bool {
	st, err := all.Lstat(path.Join(name, "index"))
	if err != nil {
		return false // none of ours, or one that is just being made
	}
	unused := time.Since(st.ModTime())
	root, err := all.ReadFile(path.Join(name, "root"))
	if err == nil && unused > rootless {
		if _, err := os.Lstat(string(root)); os.IsNotExist(err) {
			return true
		}
	}
	return unused > s.Keep
}

// removed begins the name of a tree that is being removed.
const removed = ".removed-"

// remove removes a tree that nobody has locked. It is moved first: who waits for the lock
// makes another one then.
func remove(all *os.Root, name string) bool {
	lock, err := all.OpenFile(path.Join(name, "lock"), os.O_RDWR, 0)
	if err != nil {
		return false
	}
	defer lock.Close()
	if unix.Flock(int(lock.Fd()), unix.LOCK_EX|unix.LOCK_NB) != nil {
		return false
	}
	aside := removed + name
	return all.Rename(name, aside) == nil && all.RemoveAll(aside) == nil
}
