package image

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/image/internal/unpack"
)

// List are the root filesystems of the cache, the last used one first. A cache
// that is not there yet is empty.
func (c Cache) List() ([]Entry, error) {
	keys, err := names(c.path("roots"))
	if err != nil {
		return nil, err
	}
	var list []Entry
	for _, key := range keys {
		e, err := c.load(key)
		if errors.Is(err, fs.ErrNotExist) {
			continue // pruned in between
		}
		if err != nil {
			return nil, err
		}
		e.InUse = c.inUse(key)
		list = append(list, *e)
	}
	slices.SortFunc(list, func(a, b Entry) int { return b.LastUsed.Compare(a.LastUsed) })
	return list, nil
}

// inUse tries the lock. It is let go of at once; whoever wants to share it in
// that moment waits some milliseconds.
func (c Cache) inUse(key string) bool {
	f, err := tryLock(c.path("locks", key), unix.LOCK_EX)
	if err != nil {
		return true
	}
	f.Close()
	return false
}

func names(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var all []string
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return all, nil
}

// PruneOptions say what Prune removes. The zero value removes all that is not
// in use.
type PruneOptions struct {
	OlderThan time.Duration // only what was not used for that long; 0: everything
	Keep      int           // the most recently used that stay in any case; 0: none
	DryRun    bool          // nothing is removed, only told
	// Only tells of each whether it may go at all. Nil: each may.
	Only func(Entry) bool
}

// Prune removes root filesystems that nobody uses, what a killed process left,
// and digests that were remembered. It returns what it removed, or would with
// DryRun. What is in use stays, and takes no place among Keep.
func (c Cache) Prune(o PruneOptions) ([]Entry, error) {
	list, err := c.List()
	if err != nil {
		return nil, err
	}
	list = slices.DeleteFunc(list, func(e Entry) bool { return e.InUse || o.Only != nil && !o.Only(e) })
	list = list[min(o.Keep, len(list)):]
	var gone []Entry
	for _, e := range list {
		if time.Since(e.LastUsed) < o.OlderThan {
			continue
		}
		removed, err := c.remove(e.Key, o.DryRun)
		if err != nil {
			return gone, err
		}
		if removed {
			gone = append(gone, e)
		}
	}
	if o.DryRun {
		return gone, nil
	}
	return gone, c.sweep(o.OlderThan)
}

// remove takes a root away, under its lock; false if someone uses it now.
func (c Cache) remove(key string, dry bool) (bool, error) {
	lock, err := tryLock(c.path("locks", key), unix.LOCK_EX)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer lock.Close()
	if dry {
		return true, nil
	}
	return true, c.removeLocked(key)
}

// removeLocked moves the root out of the way first: one that is half removed
// must not count. The lock's file goes last, while it is locked: who waits for
// it finds out that it is not the file any more (tryLock).
func (c Cache) removeLocked(key string) error {
	tmp := c.path("unpacking", key)
	if err := unpack.RemoveAll(tmp); err != nil {
		return err
	}
	if err := os.Rename(c.path("roots", key), tmp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := unpack.RemoveAll(tmp); err != nil {
		return err
	}
	return os.Remove(c.path("locks", key))
}

// sweep removes what killed processes left, and old digests.
func (c Cache) sweep(older time.Duration) error {
	left, err := names(c.path("unpacking"))
	if err != nil {
		return err
	}
	for _, key := range left {
		if err := c.sweepOne(key); err != nil {
			return err
		}
	}
	return errors.Join(c.sweepScratch(), c.forget(older))
}

// sweepOne removes an unpacking that nobody is at, but not a root of that key.
func (c Cache) sweepOne(key string) error {
	lock, err := tryLock(c.path("locks", key), unix.LOCK_EX)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return nil
	}
	if err != nil {
		return err
	}
	defer lock.Close()
	return unpack.RemoveAll(c.path("unpacking", key))
}

// newFor is how long a digest that is being written is left alone: its writer
// is about to rename it. Older ones were left by killed processes.
const newFor = time.Hour

func (c Cache) forget(older time.Duration) error {
	list, err := names(c.path("digests"))
	for _, name := range list {
		least := older
		if strings.HasPrefix(name, newPrefix) {
			least = max(older, newFor)
		}
		file := filepath.Join(c.path("digests"), name)
		fi, serr := os.Lstat(file)
		if serr != nil || time.Since(fi.ModTime()) < least {
			continue
		}
		if rerr := os.Remove(file); !errors.Is(rerr, fs.ErrNotExist) { // another may prune, too
			err = errors.Join(err, rerr)
		}
	}
	return err
}
