package image

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/image/internal/unpack"
)

// Scratch is a directory for what one run changes, on the file system of the
// cache: there an overlay over a root shows its files with their own inode
// numbers (Documentation/filesystems/overlayfs.rst, "Inode properties").
type Scratch struct {
	Dir  string
	key  string
	in   Cache
	lock *os.File
}

// Scratch makes such a directory, and removes those whose owners were killed.
// Close removes it; so does Prune if the process does not come to that.
func (c Cache) Scratch() (*Scratch, error) {
	if err := c.setUp(); err != nil {
		return nil, err
	}
	if err := c.sweepScratch(); err != nil {
		return nil, err
	}
	s := &Scratch{in: c, key: scratchPrefix + rand.Text()}
	var err error
	if s.lock, err = tryLock(c.path("locks", s.key), unix.LOCK_EX); err != nil {
		return nil, err
	}
	s.Dir = c.path("scratch", s.key)
	if err := os.Mkdir(s.Dir, 0o700); err != nil {
		return nil, errors.Join(fmt.Errorf("image cache: %w", err), s.Close())
	}
	return s, nil
}

// scratchPrefix tells the locks of scratch directories from those of roots.
const scratchPrefix = "scratch-"

// Close removes the directory and all below it.
func (s *Scratch) Close() error {
	defer s.lock.Close()
	return s.in.removeScratch(s.key)
}

// removeScratch removes a directory whose lock is held. The lock's file goes last.
func (c Cache) removeScratch(key string) error {
	if err := unpack.RemoveAll(c.path("scratch", key)); err != nil {
		return err
	}
	return os.Remove(c.path("locks", key))
}

func (c Cache) sweepScratch() error {
	left, err := names(c.path("scratch"))
	for _, key := range left {
		lock, lerr := tryLock(c.path("locks", key), unix.LOCK_EX)
		if errors.Is(lerr, unix.EWOULDBLOCK) {
			continue // someone is at it
		}
		if lerr == nil {
			lerr = c.removeScratch(key)
			lock.Close()
		}
		err = errors.Join(err, lerr)
	}
	return err
}
