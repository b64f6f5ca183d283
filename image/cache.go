package image

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/image/internal/unpack"
)

// Cache holds root filesystems, each unpacked once. Any number of goroutines
// and processes may use one directory at the same time. What counts is only
// what was unpacked whole: it gets its name last.
//
// Below Dir:
//
//	roots/KEY/rootfs       the root filesystem
//	roots/KEY/notes.json   what could not be set, a JSON line for each Noted
//	roots/KEY/entry.json   what List tells
//	unpacking/KEY/         one that is being made, or whose maker was killed
//	locks/KEY              flock(2): exclusive to make or remove, shared to use
//	digests/KEY            digests of tarballs that did not change since
//	scratch/KEY/           what a run changes, until its end
//
// KEY is a hash of the image's digest, those of its dependencies, and whether
// it was unpacked as root.
type Cache struct {
	// Dir is made, for its owner only, if it is missing: root filesystems can
	// hold set-id programs and devices.
	Dir string
}

// Entry is a root filesystem in a cache.
type Entry struct {
	Key      string
	Name     string // of the image
	Format   Format
	Digest   string // of the image
	Dir      string // the root filesystem. It is shared: changes go elsewhere, as to an overlay
	Size     int64  // bytes of its files
	Created  time.Time
	LastUsed time.Time
	InUse    bool // List: someone holds it

	inPlace bool
	lock    *os.File
}

// Close says that the root filesystem is no longer used.
func (e *Entry) Close() error {
	if e.lock == nil {
		return nil
	}
	f := e.lock
	e.lock = nil
	return f.Close()
}

// Notes are what the image says of files and could not be set, in the order of
// paths; none for a directory used in place.
func (e *Entry) Notes() ([]Noted, error) {
	if e.inPlace {
		return nil, nil
	}
	f, err := os.Open(filepath.Join(filepath.Dir(e.Dir), "notes.json"))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var notes []Noted
	for d := json.NewDecoder(bufio.NewReader(f)); d.More(); {
		var n Noted
		if err := d.Decode(&n); err != nil {
			return nil, fmt.Errorf("%s: %w", f.Name(), err)
		}
		notes = append(notes, n)
	}
	return notes, nil
}

func (c Cache) path(parts ...string) string {
	return filepath.Join(append([]string{c.Dir}, parts...)...)
}

func (c Cache) setUp() error {
	if c.Dir == "" {
		return errors.New("image cache: no directory given")
	}
	for _, dir := range []string{"", "roots", "unpacking", "locks", "digests", "scratch"} {
		if err := os.MkdirAll(c.path(dir), 0o700); err != nil {
			return fmt.Errorf("image cache: %w", err)
		}
	}
	return nil
}

// Root returns the image's root filesystem, unpacked now if it is not there
// yet. It stays until Close of the entry. An image that is a directory is
// returned as it is. UnpackOptions.Note is told in either case.
//
// Another that unpacks the same image is waited for, as long as ctx lets.
func (c Cache) Root(ctx context.Context, img *Image, o UnpackOptions) (*Entry, error) {
	if img.Dir != "" {
		return &Entry{Name: img.Name, Format: img.Format, Dir: img.Dir, inPlace: true}, nil
	}
	if err := c.setUp(); err != nil {
		return nil, err
	}
	if err := c.recall(ctx, img); err != nil {
		return nil, err
	}
	key, err := img.key(ctx, o)
	if err != nil {
		return nil, err
	}
	e, err := c.hold(ctx, key, img, o)
	if err != nil {
		return nil, err
	}
	if err := e.tell(o.Note); err != nil {
		e.Close()
		return nil, err
	}
	return e, nil
}

func (e *Entry) tell(note func(Noted) error) error {
	if note == nil {
		return nil
	}
	notes, err := e.Notes()
	for _, n := range notes {
		err = errors.Join(err, note(n))
		if err != nil {
			break
		}
	}
	return err
}

// hold takes the shared lock of the root, making the root under the exclusive
// one if need be. Between the two locks it may be pruned: then once more.
func (c Cache) hold(ctx context.Context, key string, img *Image, o UnpackOptions) (*Entry, error) {
	for {
		lock, err := lockFile(ctx, c.path("locks", key), unix.LOCK_SH)
		if err != nil {
			return nil, err
		}
		e, err := c.load(key)
		if err == nil {
			e.lock = lock
			return e, c.used(key)
		}
		lock.Close()
		if !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		if err := c.make(ctx, key, img, o); err != nil {
			return nil, err
		}
	}
}

func (c Cache) load(key string) (*Entry, error) {
	name := c.path("roots", key, "entry.json")
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	e := new(Entry)
	if err := json.Unmarshal(data, e); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	fi, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	e.Key, e.Dir, e.LastUsed = key, c.path("roots", key, "rootfs"), fi.ModTime()
	return e, nil
}

// used remembers when: the time of entry.json.
func (c Cache) used(key string) error {
	now := time.Now()
	return os.Chtimes(c.path("roots", key, "entry.json"), now, now)
}

// make unpacks the root, unless another has in the meantime.
func (c Cache) make(ctx context.Context, key string, img *Image, o UnpackOptions) error {
	lock, err := lockFile(ctx, c.path("locks", key), unix.LOCK_EX)
	if err != nil {
		return err
	}
	defer lock.Close()
	if _, err := os.Lstat(c.path("roots", key)); err == nil {
		return nil
	}
	tmp := c.path("unpacking", key)
	if err := unpack.RemoveAll(tmp); err != nil { // of one that was killed
		return err
	}
	if err := c.fill(ctx, tmp, img, o); err != nil {
		return errors.Join(err, unpack.RemoveAll(tmp))
	}
	return os.Rename(tmp, c.path("roots", key))
}

func (c Cache) fill(ctx context.Context, tmp string, img *Image, o UnpackOptions) error {
	if err := os.Mkdir(tmp, 0o700); err != nil {
		return err
	}
	notes, err := os.OpenFile(filepath.Join(tmp, "notes.json"), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer notes.Close()
	w := bufio.NewWriter(notes)
	o.Note = func(n Noted) error { return json.NewEncoder(w).Encode(n) }
	root := filepath.Join(tmp, "rootfs")
	if err := img.Unpack(ctx, root, o); err != nil {
		return err
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if err := MakePlaces(root); err != nil {
		return err
	}
	return writeEntry(ctx, tmp, root, img)
}

// MakePlaces makes the directories of a root filesystem on which every run has
// something of its own mounted: /proc, /dev and /tmp. What is there, even if it is
// something else, stays.
func MakePlaces(root string) error {
	r, err := os.OpenRoot(root)
	if err != nil {
		return err
	}
	defer r.Close()
	for _, place := range []struct {
		name string
		mode fs.FileMode
	}{{"proc", 0o555}, {"dev", 0o755}, {"tmp", 0o777}} {
		switch err := r.Mkdir(place.name, place.mode); {
		case errors.Is(err, fs.ErrExist):
		case err != nil:
			return err
		case place.name == "tmp":
			if err := r.Chmod(place.name, place.mode|fs.ModeSticky); err != nil {
				return err
			}
		}
	}
	return nil
}

func writeEntry(ctx context.Context, tmp, root string, img *Image) error {
	digest, err := img.Digest(ctx)
	if err != nil {
		return err
	}
	size, err := treeSize(root)
	if err != nil {
		return err
	}
	data, err := json.Marshal(Entry{Name: img.Name, Format: img.Format, Digest: digest, Size: size, Created: time.Now()})
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(tmp, "entry.json"), data, 0o600)
}

func treeSize(root string) (int64, error) {
	var size int64
	err := filepath.WalkDir(root, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		fi, err := d.Info()
		if err == nil {
			size += fi.Size()
		}
		return err
	})
	return size, err
}
