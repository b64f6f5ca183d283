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
// with their modes and times; of those far down, the ones that it had less than
// Skeleton.Age ago.
package skeleton

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/paths"
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

	// Age is how long it is enough to look at the upper directories, and at the files
	// that package managers write with every change. 0: all are looked at each time.
	Age time.Duration

	// Keep is how long the tree of another root is kept in the directory that has Dir
	// without being used; one whose root is gone goes after a day. 0: for ever.
	Keep time.Duration

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

// First tells whether Refresh has to read all directories, as nothing is known of
// them yet.
func (s *Skeleton) First() bool {
	_, err := os.Stat(s.index())
	return errors.Is(err, fs.ErrNotExist)
}

// Refresh makes the tree what the host has now. Where nothing was made or removed
// in a directory since the last time, a look at its time is all.
func (s *Skeleton) Refresh() error {
	lock, err := s.lock()
	if err != nil {
		return err
	}
	defer lock.Close()
	if s.tree, err = os.OpenRoot(s.Tree()); err != nil {
		return err
	}
	defer s.tree.Close()
	if s.young() {
		if done, err := s.lookAbove(); done || err != nil {
			return err
		}
	}
	s.known = read(s.index())
	s.fresh = make(map[string]state, len(s.known))
	changed, err := s.look()
	if err != nil {
		return err
	}
	if changed {
		if err := s.write(s.index(), s.fresh); err != nil {
			return err
		}
	}
	s.prune()
	now := time.Now()
	return errors.Join(os.WriteFile(path.Join(s.Dir, "root"), []byte(s.Root), 0o600), os.Chtimes(s.index(), now, now), s.write(s.upper(), s.watched()))
}

// upper is the file with what is looked at each time.
func (s *Skeleton) upper() string { return path.Join(s.Dir, "upper") }

// young tells whether all was looked at not long ago.
func (s *Skeleton) young() bool {
	st, err := os.Stat(s.index())
	return err == nil && time.Since(st.ModTime()) < s.Age
}

// lookAbove looks at what is looked at each time, and goes into the directories of
// it that changed; not done if packages were changed, or nothing is known.
func (s *Skeleton) lookAbove() (done bool, err error) {
	known, changed := read(s.upper()), []string{}
	for name, was := range known {
		now, _ := s.any(name)
		switch {
		case now == was:
		case slices.Contains(databases, name):
			return false, nil
		default:
			changed = append(changed, name)
		}
	}
	if len(known) == 0 || len(changed) == 0 {
		return len(known) > 0, nil
	}
	slices.Sort(changed)
	s.known, s.fresh = nil, map[string]state{}
	var gone []string
	for _, dir := range changed { // a directory before what is in it
		delete(known, dir)
		if _, belongs := s.stat(dir); !belongs {
			gone = append(gone, dir)
		}
		if paths.Covered(dir, gone) {
			continue
		}
		if err := s.enterAgain(dir); err != nil {
			return false, err
		}
	}
	maps.DeleteFunc(known, func(dir string, _ state) bool { return paths.Covered(dir, gone) })
	maps.Copy(known, s.upperOf(s.fresh))
	return true, s.write(s.upper(), known)
}

// enterAgain makes what is new in a directory, and removes what is not there any
// more. What the tree has tells what was known.
func (s *Skeleton) enterAgain(dir string) error {
	now, ok := s.stat(dir)
	entries, err := os.ReadDir(path.Join(s.Root, dir))
	if !ok || errors.Is(err, fs.ErrPermission) || errors.Is(err, fs.ErrNotExist) {
		return s.tree.RemoveAll(inTree(dir))
	}
	if err != nil {
		return err
	}
	left := map[string]bool{}
	if f, err := s.tree.Open(inTree(dir)); err == nil {
		names, _ := f.Readdirnames(-1)
		f.Close()
		for _, name := range names {
			left[name] = true
		}
	}
	for _, e := range entries {
		below := path.Join(dir, e.Name())
		if _, there := s.stat(below); e.IsDir() && there && left[e.Name()] {
			delete(left, e.Name())
		} else if err := s.enter(below); err != nil {
			return err
		}
	}
	for name := range left {
		if err := s.tree.RemoveAll(inTree(path.Join(dir, name))); err != nil {
			return err
		}
	}
	s.fresh[dir] = now
	return s.finish(dir, now)
}

// databases are written with every change of the packages.
var databases = []string{"/var/lib/dpkg/status", "/var/lib/rpm/rpmdb.sqlite", "/var/lib/rpm/Packages", "/lib/apk/db/installed", "/usr/lib/apk/db/installed"}

// upperDepth is how far down a directory is looked at each time: /usr/share.
const upperDepth = 2

// upperOf are those of the directories that are looked at each time.
func (s *Skeleton) upperOf(all map[string]state) map[string]state {
	list := map[string]state{}
	for dir, st := range all {
		if strings.Count(dir, "/") <= upperDepth {
			list[dir] = st
		}
	}
	return list
}

// watched are the upper directories, and the databases.
func (s *Skeleton) watched() map[string]state {
	list := s.upperOf(s.fresh)
	for _, name := range databases {
		list[name], _ = s.any(name)
	}
	return list
}

// any looks at a file of the host of any type; the zero state is of one that is not there.
func (s *Skeleton) any(name string) (state, error) {
	var st unix.Stat_t
	if err := unix.Lstat(path.Join(s.Root, name), &st); err != nil {
		return state{}, err
	}
	return state{st.Mtim.Nano(), st.Mode & 0o7777}, nil
}

// look compares every directory that is known, and goes into those that changed.
func (s *Skeleton) look() (changed bool, err error) {
	var again, gone []string
	for dir, was := range s.known {
		now, ok := s.stat(dir)
		switch {
		case !ok:
			gone = append(gone, dir)
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
	// What is below one that does not belong in the tree any more went with it.
	maps.DeleteFunc(s.fresh, func(dir string, _ state) bool { return paths.UnderAny(dir, gone) })
	slices.Sort(again)
	for _, dir := range again {
		if paths.UnderAny(dir, gone) {
			continue
		}
		if err := s.enter(dir); err != nil {
			return false, err
		}
	}
	return len(gone)+len(again) > 0, nil
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

// read reads a file of states; one that is none of ours, or none, is as if nothing were known.
func read(name string) map[string]state {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil
	}
	known := map[string]state{}
	for line := range bytes.SplitSeq(bytes.TrimSuffix(data, []byte{0}), []byte{0}) {
		name, st, err := parse(string(line))
		if err != nil {
			return nil
		}
		known[name] = st
	}
	return known
}

func parse(line string) (name string, st state, err error) {
	mtime, rest, _ := strings.Cut(line, " ")
	mode, name, _ := strings.Cut(rest, " ")
	if !path.IsAbs(name) || path.Clean(name) != name {
		return "", st, errors.New("no absolute path")
	}
	m, bad := strconv.ParseUint(mode, 10, 32)
	st.mode = uint32(m)
	st.mtime, err = strconv.ParseInt(mtime, 10, 64)
	return name, st, errors.Join(err, bad)
}

// write writes states, all or none.
func (s *Skeleton) write(name string, states map[string]state) error {
	f, err := os.CreateTemp(s.Dir, "index-")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	defer f.Close()
	w := bufio.NewWriterSize(f, 1<<16)
	for dir, st := range states {
		fmt.Fprintf(w, "%d %d %s\x00", st.mtime, st.mode, dir)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}
