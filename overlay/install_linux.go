package overlay

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/fakeroot"
	"github.com/catbox-go/catbox/record"
)

// Install makes a directory that has what is new or changed, as a script with
// DESTDIR would. The directory must be empty or not there; it is there as a whole
// or not at all. Owners that cannot be set are left, and a device that cannot be
// made is a socket: what they are is returned, with the paths of the new files,
// for the manifest of a fake root. What was removed is not in it.
func (o *Overlay) Install(ctx context.Context, to string) (noted []fakeroot.Entry, err error) {
	lock, err := o.Lock()
	if err != nil {
		return nil, err
	}
	defer lock.Close()
	defer func() { err = errors.Join(err, o.closeAgain()) }()
	to, err = filepath.Abs(to)
	if err != nil {
		return nil, err
	}
	if err := emptyOrAbsent(to); err != nil {
		return nil, err
	}
	tmp, err := os.MkdirTemp(filepath.Dir(to), "."+filepath.Base(to)+".new")
	if err != nil {
		return nil, err
	}
	noted, err = o.installIn(ctx, tmp, to)
	if err == nil {
		err = named("move to "+to, unix.Rename(tmp, to)) // over an empty directory too
	}
	if err != nil {
		return nil, errors.Join(err, removePath(tmp))
	}
	return noted, nil
}

func emptyOrAbsent(dir string) error {
	names, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err == nil && len(names) > 0:
		return fmt.Errorf("%s is not empty; give an empty directory, or one that is not there", record.Quote(dir))
	}
	return err
}

func removePath(path string) error {
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer dir.Close()
	return removeTree(int(dir.Fd()), filepath.Base(path))
}

func (o *Overlay) installIn(ctx context.Context, tmp, to string) ([]fakeroot.Entry, error) {
	t, err := openTree(tmp)
	if err != nil {
		return nil, err
	}
	defer t.close()
	if err := os.Chmod(tmp, 0o755); err != nil {
		return nil, err
	}
	i := installer{newCopier(ctx, o.upper.tree, t, true), t, map[string]bool{"/": true}, nil}
	i.socket = true
	for c, err := range o.Changes(ListOptions{}) {
		if err == nil && c.New != nil {
			err = o.install(&i, &c)
		}
		if err != nil {
			return nil, err
		}
	}
	noted, err := i.entries(to) // before a directory is closed to its owner
	return noted, errors.Join(err, i.finish())
}

type installer struct {
	*copier
	tree  *tree
	there map[string]bool // directories that were made
	made  []Change
}

// install makes a file, and the directories on the way, as the command saw them.
func (o *Overlay) install(i *installer, c *Change) error {
	if err := o.way(i, parent(c.Path)); err != nil {
		return err
	}
	if c.New.IsDir() {
		i.there[c.Path] = true
	}
	i.made = append(i.made, *c)
	return i.file(c, c.Path)
}

func (o *Overlay) way(i *installer, dir string) error {
	if i.there[dir] {
		return nil
	}
	if err := o.way(i, parent(dir)); err != nil {
		return err
	}
	st, err := o.upper.stat(dir)
	if err != nil {
		return err
	}
	o.upper.shown(st)
	i.there[dir] = true
	return i.file(&Change{Path: dir, New: st}, dir)
}

// entries are what a fake root would have noted of the files that were made: one
// for each inode.
func (i *installer) entries(to string) ([]fakeroot.Entry, error) {
	var all []fakeroot.Entry
	known := map[fakeroot.ID]int{}
	for _, c := range i.made {
		st, err := i.tree.stat(c.Path)
		if err != nil {
			return nil, err
		}
		if first, again := known[st.id]; again {
			all[first].AddName(filepath.Join(to, c.Path))
			continue
		}
		known[st.id] = len(all)
		all = append(all, fakeroot.Entry{
			ID: st.id, Mode: c.New.Mode, UID: c.New.UID, GID: c.New.GID, Rdev: c.New.Rdev, Nlink: st.Nlink,
			Xattrs: c.New.Xattrs, Path: filepath.Join(to, c.Path),
		})
	}
	return all, nil
}
