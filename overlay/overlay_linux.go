package overlay

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/record"
)

// What lies in an overlay's directory.
const (
	infoName     = "overlay.json"
	upperName    = "upper"
	workName     = "work"
	baseName     = "base"
	lockName     = "lock"
	undoName     = "undo"
	fakerootName = "fakeroot"
)

const (
	format  = "catbox-overlay"
	version = 1
)

// Options say what an overlay lies over.
type Options struct {
	// Root is the directory below all; "" is "/".
	Root string
	// Lower are directories of saved overlays between Root and this one, topmost
	// first; they are only read. nil is none.
	Lower []string
}

// info is overlay.json.
type info struct {
	Format  string          `json:"format"`
	Version int             `json:"version"`
	Root    text            `json:"root"`
	Lower   []text          `json:"lower"`
	Split   map[text][]text `json:"split"`
	Created time.Time       `json:"created"`
	Runs    int             `json:"runs"`
	// FUSE is there while fuse-overlayfs writes in the upper directory, see ByFUSE.
	FUSE *text `json:"fuse,omitempty"`
}

// Overlay is an open overlay. It may be used by one goroutine at a time.
type Overlay struct {
	dir    string
	files  *os.Root // of dir
	info   info
	maker  struct{ uid, gid uint32 }
	upper  *layer
	lowers []*layer // topmost first; the last is the root
	works  works

	step func(string) // for tests: called before each step of a commit
}

// Create makes the directory of an overlay, or opens one for another run, which
// has to lie over the same. It is there as a whole or not at all; a directory
// that is there has to be empty.
func Create(dir string, opts Options) (*Overlay, error) {
	in, err := opts.info()
	if err != nil {
		return nil, err
	}
	names, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist) || err == nil && len(names) == 0:
		if err := makeDir(dir, in); err != nil {
			return nil, err
		}
	case err != nil:
		return nil, err
	}
	o, err := Open(dir)
	if err != nil {
		return nil, err
	}
	if o.info.Root != in.Root || !slices.Equal(o.info.Lower, in.Lower) {
		o.Close()
		return nil, fmt.Errorf("%s is an overlay over %s, not over %s; give another directory", record.Quote(dir), o.info.over(), in.over())
	}
	return o, nil
}

func (opts Options) info() (info, error) {
	in := info{Format: format, Version: version, Root: "/", Lower: []text{}, Split: map[text][]text{}, Created: time.Now()}
	if opts.Root != "" {
		root, err := filepath.Abs(opts.Root)
		if err != nil {
			return in, err
		}
		in.Root = text(root)
	}
	for _, l := range opts.Lower {
		dir, err := filepath.Abs(l)
		if err != nil {
			return in, err
		}
		in.Lower = append(in.Lower, text(dir))
	}
	return in, in.check()
}

// check looks at what the overlay lies over.
func (in info) check() error {
	st, err := os.Stat(string(in.Root))
	if err == nil && !st.IsDir() {
		err = &fs.PathError{Op: "overlay over", Path: string(in.Root), Err: unix.ENOTDIR}
	}
	for _, l := range in.Lower {
		below, readErr := readInfo(string(l))
		if readErr == nil && below.Root != in.Root {
			readErr = fmt.Errorf("%s is an overlay over %s, not over %s", record.Quote(string(l)), below.over(), record.Quote(string(in.Root)))
		}
		err = errors.Join(err, readErr)
	}
	return err
}

func (in info) over() string {
	s := record.Quote(string(in.Root))
	for _, l := range in.Lower {
		s += " and " + record.Quote(string(l))
	}
	return s
}

// makeDir makes it beside its place and moves it there, over an empty
// directory as well (rename(2)).
func makeDir(dir string, in info) (err error) {
	dir = filepath.Clean(dir)
	tmp, err := os.MkdirTemp(filepath.Dir(dir), filepath.Base(dir)+".new")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(tmp))
		}
	}()
	for _, sub := range []string{upperName, workName} {
		if err := os.Mkdir(filepath.Join(tmp, sub), 0o755); err != nil {
			return err
		}
	}
	root, err := os.OpenRoot(tmp)
	if err != nil {
		return err
	}
	defer root.Close()
	if err := in.save(root); err != nil {
		return err
	}
	// os.Rename refuses a directory that is there.
	if err := unix.Rename(tmp, dir); err != nil {
		return &fs.PathError{Op: "make overlay", Path: dir, Err: err}
	}
	return nil
}

func (in info) save(dir *os.Root) error {
	return writeFile(dir, infoName, func(w io.Writer) error { return json.NewEncoder(w).Encode(in) })
}

func readInfo(dir string) (in info, err error) {
	data, err := os.ReadFile(filepath.Join(dir, infoName))
	switch {
	case errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ENOTDIR):
		if _, err := os.Stat(dir); err != nil {
			return in, err
		}
		return in, fmt.Errorf("%s is not an overlay: it has no %s; an overlay is a directory that was empty or not there when it was made", record.Quote(dir), infoName)
	case err != nil:
		return in, err
	}
	if err := json.Unmarshal(data, &in); err != nil {
		return in, fmt.Errorf("%s: %w", record.Quote(filepath.Join(dir, infoName)), err)
	}
	if in.Format != format || in.Version != version {
		return in, fmt.Errorf("%s: format %s version %d; this catbox reads %s version %d",
			record.Quote(filepath.Join(dir, infoName)), record.Quote(in.Format), in.Version, format, version)
	}
	return in, nil
}

// Open opens an overlay. A commit that was killed is undone or finished first.
// A directory that is no overlay is an error that says so.
func Open(dir string) (o *Overlay, err error) {
	dir, err = filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	o = &Overlay{dir: dir, step: func(string) {}}
	if o.info, err = readInfo(dir); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			o.Close()
			o = nil
		}
	}()
	if o.files, err = os.OpenRoot(dir); err != nil {
		return o, err
	}
	if err := o.openLayers(); err != nil {
		return o, err
	}
	return o, errors.Join(o.recover(), o.adoptLeft())
}

func (o *Overlay) openLayers() error {
	var st unix.Stat_t
	if err := unix.Stat(o.dir, &st); err != nil {
		return &fs.PathError{Op: "stat", Path: o.dir, Err: err}
	}
	o.maker.uid, o.maker.gid = st.Uid, st.Gid
	upper, err := openUpper(o.dir, o.info)
	if err != nil {
		return err
	}
	o.upper = upper
	for _, l := range o.info.Lower {
		in, err := readInfo(string(l))
		if err != nil {
			return err
		}
		lower, err := openUpper(string(l), in)
		if err != nil {
			return err
		}
		o.lowers = append(o.lowers, lower)
	}
	root, err := openTree(string(o.info.Root))
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s: %w: %s", record.Quote(o.dir), errNoRoot, record.Quote(o.Root()))
	}
	if err != nil {
		return err
	}
	o.lowers = append(o.lowers, &layer{tree: root, plain: true})
	return nil
}

func openUpper(dir string, in info) (*layer, error) {
	t, err := openTree(filepath.Join(dir, upperName))
	if err != nil {
		return nil, err
	}
	l := &layer{tree: t, split: map[string][]string{}}
	for path, names := range in.Split {
		l.split[string(path)] = plainNames(names)
	}
	l.notes, err = loadNotes(dir)
	return l, err
}

// errNoRoot says that the overlay can be discarded only.
var errNoRoot = errors.New("what it lies over is gone")

// closeAgain closes the directories to their owner that were opened for him.
func (o *Overlay) closeAgain() error {
	err := o.upper.closeAgain()
	for _, l := range o.lowers {
		err = errors.Join(err, l.closeAgain())
	}
	return err
}

// Close closes what is open. The overlay stays.
func (o *Overlay) Close() error {
	o.works.removal.Wait()
	var errs []error
	for _, l := range append([]*layer{o.upper}, o.lowers...) {
		if l != nil {
			errs = append(errs, l.close())
		}
	}
	if o.files != nil {
		errs = append(errs, o.files.Close())
	}
	return errors.Join(errs...)
}
