// Package unpack fills a directory from tar archives, one layer over another.
//
// The invariant: nothing is ever written outside of the directory, whatever the
// archives say. Every path is walked one component at a time from the directory
// down, through os.Root; what stands in an entry's place is removed, never
// written through or opened; a symbolic link in the middle of a path is followed
// only to a place inside.
//
// As root, owners, modes, devices and extended attributes are those of the
// archive. For everyone else the files belong to whoever unpacks them, and what
// could not be set is handed over as Noted, for a fake root to tell.
//
// The package knows tar and the whiteouts of OCI layers. It knows no image
// formats and no digests.
package unpack

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"time"
)

// Limits bound what archives may make. They hold for all layers of a Tree
// together.
type Limits struct {
	// Bytes is the most that the files, and each uncompressed archive, may
	// hold. Holes of sparse files count. 0 means 32 GiB.
	Bytes int64
	// Entries is the most entries of archives. 0 means two million.
	Entries int64
	// Depth is the most components that a name may have. 0 means 128.
	Depth int
}

// Defaults of Limits: above what images have (the largest of public registries
// are some 20 GiB and a million files), below what harms a machine.
const (
	DefaultBytes   = 32 << 30
	DefaultEntries = 2_000_000
	DefaultDepth   = 128
)

func (l Limits) withDefaults() Limits {
	if l.Bytes == 0 {
		l.Bytes = DefaultBytes
	}
	if l.Entries == 0 {
		l.Entries = DefaultEntries
	}
	if l.Depth == 0 {
		l.Depth = DefaultDepth
	}
	return l
}

// LimitError says which limit an archive went beyond. Raise that one if the
// archive can be trusted.
type LimitError struct {
	Limit string // "bytes", "entries" or "depth"
	Max   int64
}

func (e *LimitError) Error() string {
	return fmt.Sprintf("more than %d %s: the limit of %s can be raised", e.Max, e.unit(), e.Limit)
}

func (e *LimitError) unit() string {
	if e.Limit == "depth" {
		return "components in a name"
	}
	return e.Limit
}

// Options say how a Tree is filled.
type Options struct {
	Limits Limits
	// Unprivileged leaves to everyone what only root can set, as is done for
	// an ordinary user anyway.
	Unprivileged bool
	// AbsoluteNames takes an entry's name /x as x. Without it such an archive
	// is refused.
	AbsoluteNames bool
	// Note is told, when the tree is finished, in the order of paths, what
	// could not be set. Nil: nobody wants to know. An error ends it.
	Note func(Noted) error
}

// Layer says how the entries of one archive are taken.
type Layer struct {
	// Whiteouts: names that begin with .wh. remove what lower layers made
	// (OCI image-spec, layer.md).
	Whiteouts bool
	// ReplaceLinks: a symbolic link of a lower layer where this one has a
	// directory is replaced, also in the middle of a path (App Container
	// specification, ace.md, "Filesystem Setup").
	ReplaceLinks bool
	// Name maps an entry's name to the path in the tree; false leaves the
	// entry out. Nil: as it is. It is asked for the targets of hard links too.
	Name func(string) (string, bool, error)
	// Keep says whether a path, slash-separated and relative, is wanted. Nil:
	// all are.
	Keep func(string) bool
}

// Tree is a directory that is being filled. It is for one goroutine.
type Tree struct {
	opts     Options
	limits   Limits
	at       chain
	dirs     map[string]attributes // directories, whose attributes come last
	notes    map[string]Noted
	bytes    int64
	entries  int64
	buf      []byte
	euid     int
	egid     int
	asRoot   bool
	finished bool
}

// Create makes dir, whose parent must exist, or takes it if it is empty.
func Create(dir string, o Options) (*Tree, error) {
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	t := &Tree{
		opts: o, limits: o.Limits.withDefaults(),
		at:   chain{{path: ".", root: root}},
		dirs: map[string]attributes{}, notes: map[string]Noted{},
		buf:  make([]byte, 256<<10),
		euid: os.Geteuid(), egid: os.Getegid(),
	}
	t.asRoot = t.euid == 0 && !o.Unprivileged
	if err := empty(root); err != nil {
		t.Close()
		return nil, fmt.Errorf("unpack into %s: %w", dir, err)
	}
	t.implicit(".", root)
	return t, nil
}

func empty(root *os.Root) error {
	f, err := root.Open(".")
	if err != nil {
		return err
	}
	defer f.Close()
	switch names, err := f.Readdirnames(1); {
	case err == io.EOF:
		return nil
	case err != nil:
		return err
	default:
		return fmt.Errorf("the directory is not empty (it has %q): give a new one", names[0])
	}
}

// Close lets go of the directory. What was unpacked stays.
func (t *Tree) Close() error {
	t.at.pop(0)
	return nil
}

// Add unpacks an uncompressed archive over what is there. r is read to its end.
// After an error the tree is of no use.
func (t *Tree) Add(ctx context.Context, r io.Reader, l Layer) error {
	bounded := &boundedReader{r: r, left: t.limits.Bytes, max: t.limits.Bytes}
	a := &adding{Tree: t, Layer: l, touched: map[string]bool{".": true}, tr: tar.NewReader(bounded)}
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		hdr, err := a.tr.Next()
		if err == io.EOF {
			// What follows the end of an archive is padding, and the
			// check sums of the compression.
			_, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, bounded, t.buf)
			return err
		}
		if err != nil {
			return fmt.Errorf("read archive: %w", err)
		}
		if err := a.entry(hdr); err != nil {
			return err
		}
	}
}

// Finish sets what must come last, modes and times of directories, and hands
// over the notes.
func (t *Tree) Finish() error {
	if t.finished {
		return nil
	}
	t.finished = true
	if err := t.finishDirs(); err != nil {
		return err
	}
	return t.handOver()
}

// boundedReader ends the reading of archives that never end.
type boundedReader struct {
	r         io.Reader
	left, max int64
}

func (b *boundedReader) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	b.left -= int64(n)
	if b.left < 0 {
		return 0, &LimitError{"bytes", b.max}
	}
	return n, err
}

// implicit are the attributes of a directory that no archive describes.
func (t *Tree) implicit(p string, _ *os.Root) {
	t.dirs[p] = attributes{mode: 0o755 | modeDir}
}

func join(dir, name string) string {
	if dir == "." {
		return name
	}
	return dir + "/" + name
}

func split(p string) (dir, name string) {
	dir, name = path.Split(p)
	if dir == "" {
		return ".", name
	}
	return dir[:len(dir)-1], name
}

var epoch = time.Unix(0, 0)
