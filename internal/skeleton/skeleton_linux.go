// Package skeleton keeps a tree of the host's directories, and of nothing else,
// that belong to the user.
//
// In a user namespace with the user's id alone, overlayfs lets nobody write in a
// directory that belongs to somebody else, though the change would go to the upper
// layer: the owner of a merged directory is that of its topmost layer, and one whose
// id is not mapped stays out of reach of every capability
// (capable_wrt_inode_uidgid of the kernel). A layer with the same directories
// between the two makes them the user's.
//
// The invariant: after Refresh, the tree has the directories that the host has,
// with their modes and times.
package skeleton

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Skeleton is such a tree.
type Skeleton struct {
	// Dir holds it; it is made if it is not there.
	Dir string
	// Root is the host's directory that the tree is of.
	Root string
	// User is the id of the user, whose directories are left out, with all below them,
	// as are those that cannot be listed.
	User int
	// Skip tells of a path below Root, which begins with a slash, that it is left
	// out, with all below it.
	Skip func(path string) bool

	// tree is Tree: nothing that lies in it leads out of it, whoever wrote there.
	tree  *os.Root
	known map[string]state
	fresh map[string]state
}

// state is what a directory was when it was looked at last.
type state struct {
	mtime int64
	mode  uint32
}

// Tree is the directory that has the tree.
func (s *Skeleton) Tree() string { return path.Join(s.Dir, "tree") }

// Refresh makes the tree what the host has now. Where nothing was made or removed
// in a directory since the last time, a look at its time is all.
func (s *Skeleton) Refresh() error {
	if err := os.MkdirAll(s.Tree(), 0o755); err != nil {
		return err
	}
	lock, err := os.OpenFile(path.Join(s.Dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	defer lock.Close()
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX); err != nil {
		return os.NewSyscallError("flock", err)
	}
	if s.tree, err = os.OpenRoot(s.Tree()); err != nil {
		return err
	}
	defer s.tree.Close()
	s.read()
	s.fresh = make(map[string]state, len(s.known))
	changed, err := s.look()
	if err != nil || !changed {
		return err
	}
	return s.write()
}

// look compares every directory that is known, and goes into those that changed.
func (s *Skeleton) look() (changed bool, err error) {
	var again []string
	for dir, was := range s.known {
		now, ok := s.stat(dir)
		switch {
		case !ok:
			changed = true
			if err := s.tree.RemoveAll(inTree(dir)); err != nil {
				return false, err
			}
		case now != was:
			again = append(again, dir)
		default:
			s.fresh[dir] = now
		}
	}
	if len(s.known) == 0 {
		again = []string{"/"}
	}
	slices.Sort(again)
	for _, dir := range again {
		if err := s.enter(dir); err != nil {
			return false, err
		}
	}
	return changed || len(again) > 0, nil
}

// stat looks at a directory of the host; false if it is none that belongs in the tree.
func (s *Skeleton) stat(dir string) (state, bool) {
	var st unix.Stat_t
	if err := unix.Lstat(path.Join(s.Root, dir), &st); err != nil || st.Mode&unix.S_IFMT != unix.S_IFDIR {
		return state{}, false
	}
	if dir != "/" && (int(st.Uid) == s.User || s.Skip(dir)) {
		return state{}, false
	}
	return state{st.Mtim.Nano(), st.Mode & 0o7777}, true
}

// enter makes a directory and those in it that are not known. It is listed
// before it is made: one that cannot be listed shall not hide what is in it.
func (s *Skeleton) enter(dir string) error {
	now, ok := s.stat(dir)
	if !ok {
		return nil
	}
	entries, err := os.ReadDir(path.Join(s.Root, dir))
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := s.tree.Mkdir(inTree(dir), 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	s.fresh[dir] = now
	for _, e := range entries {
		below := path.Join(dir, e.Name())
		if _, known := s.known[below]; known || !e.IsDir() {
			continue
		}
		if err := s.enter(below); err != nil {
			return err
		}
	}
	return s.finish(dir, now)
}

// finish gives a directory of the tree the mode and the time of the host's.
func (s *Skeleton) finish(dir string, now state) error {
	// The user has to get in, whoever the mode is about.
	if err := s.tree.Chmod(inTree(dir), fileMode(now.mode|0o700)); err != nil {
		return err
	}
	at := time.Unix(0, now.mtime)
	return s.tree.Chtimes(inTree(dir), at, at)
}

// inTree is the name of a directory below the tree's own.
func inTree(dir string) string { return "." + dir }

// fileMode is a mode of inode(7) as package fs has it.
func fileMode(mode uint32) fs.FileMode {
	m := fs.FileMode(mode & 0o777)
	for bit, flag := range map[uint32]fs.FileMode{unix.S_ISUID: fs.ModeSetuid, unix.S_ISGID: fs.ModeSetgid, unix.S_ISVTX: fs.ModeSticky} {
		if mode&bit != 0 {
			m |= flag
		}
	}
	return m
}

func (s *Skeleton) index() string { return path.Join(s.Dir, "index") }

// read reads what is known; a file that is none of ours, or none, is as if nothing were.
func (s *Skeleton) read() {
	s.known = map[string]state{}
	f, err := os.Open(s.index())
	if err != nil {
		return
	}
	defer f.Close()
	r := bufio.NewReaderSize(f, 1<<16)
	for {
		line, err := r.ReadString(0)
		if err == io.EOF && line == "" {
			return
		}
		var st state
		fields := strings.SplitN(strings.TrimSuffix(line, "\x00"), " ", 3)
		if err != nil || len(fields) != 3 || !path.IsAbs(fields[2]) || path.Clean(fields[2]) != fields[2] {
			s.known = map[string]state{}
			return
		}
		mode, bad := strconv.ParseUint(fields[1], 10, 32)
		if st.mtime, err = strconv.ParseInt(fields[0], 10, 64); err != nil || bad != nil {
			s.known = map[string]state{}
			return
		}
		st.mode = uint32(mode)
		s.known[fields[2]] = st
	}
}

// write writes what is known now, whole or not at all.
func (s *Skeleton) write() error {
	f, err := os.CreateTemp(s.Dir, "index-")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	defer f.Close()
	w := bufio.NewWriterSize(f, 1<<16)
	for dir, st := range s.fresh {
		fmt.Fprintf(w, "%d %d %s\x00", st.mtime, st.mode, dir)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return os.Rename(f.Name(), s.index())
}
