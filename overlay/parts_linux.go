package overlay

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/record"
)

// Dir is the directory of the overlay, absolute.
func (o *Overlay) Dir() string { return o.dir }

// Root is the directory below all, absolute.
func (o *Overlay) Root() string { return string(o.info.Root) }

// Lower are the directories of the saved overlays in between, topmost first.
func (o *Overlay) Lower() []string { return plainNames(o.info.Lower) }

// Upper is the directory for overlayfs' upperdir, of the whole root.
func (o *Overlay) Upper() string { return UpperOf(o.dir) }

// UpperOf is the same of the overlay in a directory, which need not be there.
func UpperOf(dir string) string { return filepath.Join(dir, upperName) }

// FakeRoot is the file for the state of a fake root.
func (o *Overlay) FakeRoot() string { return FakeRootOf(o.dir) }

// FakeRootOf is the same of the overlay in a directory, which need not be there.
func FakeRootOf(dir string) string { return filepath.Join(dir, fakerootName) }

// Split are the directories that are not overlaid, with the names that they had
// in the beginning.
func (o *Overlay) Split() map[string][]string { return o.upper.split }

// SetSplit notes the directories that cannot be overlaid, as other file systems
// are mounted below them: their names were all put into the upper directory. A
// name of theirs that is not there later was removed.
func (o *Overlay) SetSplit(split map[string][]string) error {
	in := o.info
	in.Split = map[text][]text{}
	for path, names := range split {
		in.Split[text(path)] = texts(names)
	}
	if maps.EqualFunc(in.Split, o.info.Split, slices.Equal) {
		o.upper.split = split
		return nil
	}
	if err := in.save(o.files); err != nil {
		return err
	}
	o.info, o.upper.split = in, split
	return nil
}

// ErrInUse says that a run or a commit uses the overlay.
var ErrInUse = errors.New("in use by a run or a commit")

// Lock keeps others from running in the overlay and from committing it, until
// the file is closed. It is [ErrInUse] if somebody does.
func (o *Overlay) Lock() (io.Closer, error) {
	// For reading: root may have made it in an ordinary user's overlay.
	f, err := o.files.OpenFile(lockName, os.O_RDONLY|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if err == nil {
		return f, nil
	}
	f.Close()
	if errors.Is(err, unix.EWOULDBLOCK) {
		err = ErrInUse
	}
	return nil, fmt.Errorf("%s: %w", record.Quote(o.dir), err)
}
