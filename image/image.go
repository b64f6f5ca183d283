package image

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/catbox-go/catbox/image/internal/unpack"
)

// Format is a kind of image.
type Format string

// The formats.
const (
	AppContainer  Format = "appc"   // App Container image, a tar or unpacked
	OCILayout     Format = "oci"    // OCI image layout, a directory or a tar
	DockerArchive Format = "docker" // what docker save writes
	Bundle        Format = "bundle" // OCI runtime bundle: config.json and a root
	Tarball       Format = "tar"    // tar of a root filesystem
	Directory     Format = "dir"    // a root filesystem as it is
)

// Options say what to look for in an image. The zero value is right for most.
type Options struct {
	// Dependencies are the image files in which the dependencies of an App
	// Container image are looked up. Other formats have none.
	Dependencies []string
	// Ref picks one of several images in a layout or an archive, by its name
	// or digest. Empty: there has to be only one.
	Ref string
	// Platform picks one of an index: os/architecture[/variant] in Go's
	// words, as in linux/arm64/v8. Empty: the host's.
	Platform string
	// MetadataURL is AC_METADATA_URL in the environment of App Container
	// images. Empty: not set.
	MetadataURL string
	// Executor is the variable container in the environment of App Container
	// images. Empty: not set.
	Executor string
}

// Image is an image that was opened. It is for one goroutine at a time.
type Image struct {
	Format   Format
	Name     string // as the image calls itself; "" if it does not
	Path     string // where it was opened
	Platform string // os/architecture that it says it is for; "" if it does not
	Command  Command
	// Warnings are what the image wants and does not get, a sentence each.
	Warnings []string
	// Dir is the root filesystem of an image that needs no unpacking: a
	// directory or a bundle. It is "" for all others.
	Dir string

	layers []layer
	digest string // "": not known yet
	hasher func(context.Context) (string, error)
	closer []io.Closer
}

// ErrInPlace is the error of unpacking an image that is a directory already.
var ErrInPlace = errors.New("the image is a directory already: use Image.Dir")

// Open looks at an image: it reads what describes it, not the files. An error
// says what is wrong with the image and what would be right.
func Open(path string, o Options) (*Image, error) {
	img := &Image{Path: path}
	if err := img.open(o); err != nil {
		img.Close()
		return nil, fmt.Errorf("image %s: %w", path, err)
	}
	return img, nil
}

func (img *Image) open(o Options) error {
	fi, err := os.Stat(img.Path)
	if err != nil {
		return bare(err)
	}
	if img.Path, err = filepath.Abs(img.Path); err != nil {
		return err
	}
	switch {
	case fi.IsDir():
		return img.openDir(o)
	case fi.Mode().IsRegular():
		return img.openFile(o)
	}
	return errors.New("neither a file nor a directory")
}

// bare is an error without the path, which the message has already.
func bare(err error) error {
	if p, ok := errors.AsType[*os.PathError](err); ok {
		return p.Err
	}
	return err
}

// Close lets go of the image's files. What was unpacked stays.
func (img *Image) Close() error {
	var errs []error
	for _, c := range img.closer {
		errs = append(errs, c.Close())
	}
	img.closer = nil
	return errors.Join(errs...)
}

func (img *Image) warn(format string, args ...any) {
	img.Warnings = append(img.Warnings, fmt.Sprintf(format, args...))
}

// Digest identifies the image by its content: the digest of the manifest
// (OCI), of the configuration (docker, where it is the image's id), or of the
// uncompressed tar (sha512-... for App Container images, where it is the
// image's id). Those of a tar are counted by reading it all, once. A directory
// has none: "".
func (img *Image) Digest(ctx context.Context) (string, error) {
	if img.digest == "" && img.hasher != nil {
		d, err := img.hasher(ctx)
		if err != nil {
			return "", fmt.Errorf("image %s: %w", img.Path, err)
		}
		img.digest = d
	}
	return img.digest, nil
}

// key names what Unpack makes: it differs when the files could. The number is
// that of this package's way to unpack.
func (img *Image) key(ctx context.Context, o UnpackOptions) (string, error) {
	h := sha256.New()
	fmt.Fprintf(h, "catbox root 1\nas root %t\n", os.Geteuid() == 0 && !o.Unprivileged)
	d, err := img.Digest(ctx)
	if err != nil {
		return "", err
	}
	fmt.Fprintln(h, img.Format, d)
	for _, l := range img.layers {
		if l.image == nil || l.image == img {
			continue
		}
		below, err := l.image.Digest(ctx)
		if err != nil {
			return "", err
		}
		fmt.Fprintln(h, below)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// Limits bound what an image may unpack to; a *LimitError says which was hit.
type Limits = unpack.Limits

// LimitError says which of the Limits an image goes beyond.
type LimitError = unpack.LimitError

// Noted is what an image says of a file and could not be set on it.
type Noted = unpack.Noted

// UnpackOptions say how an image is unpacked.
type UnpackOptions struct {
	// Limits are those of all layers together. Fields that are 0 have
	// defaults: 32 GiB, two million entries, names of 128 components.
	Limits Limits
	// Unprivileged leaves owners, devices, set-id bits and the like to the
	// notes even as root, as it is for an ordinary user anyway.
	Unprivileged bool
	// AbsoluteNames takes the name /x of an entry as x, as some old builders
	// wrote layers. Without it such an image is refused.
	AbsoluteNames bool
	// Progress is told, now and then, how many bytes of the image were read
	// and how many there are; 0: not known. Nil: nobody wants to know.
	Progress func(done, total int64)
	// Note is told, in the end, in the order of paths, what could not be set,
	// so that a fake root can tell it. Nil: it is lost. An error of it ends
	// the unpacking.
	Note func(Noted) error
}

// Unpack makes the root filesystem in dir, which must be empty or missing.
// When it fails it leaves dir as it was. dir is private to whoever unpacks (mode 0700)
// unless the image says more of its root directory.
func (img *Image) Unpack(ctx context.Context, dir string, o UnpackOptions) error {
	if img.Dir != "" {
		return fmt.Errorf("image %s: %w", img.Path, ErrInPlace)
	}
	_, err := os.Lstat(dir)
	existed := err == nil
	tree, err := unpack.Create(dir, unpack.Options{
		Limits: o.Limits, Unprivileged: o.Unprivileged, AbsoluteNames: o.AbsoluteNames, Note: o.Note,
	})
	if err != nil {
		return err
	}
	err = img.fill(ctx, tree, o)
	tree.Close()
	if err != nil {
		return errors.Join(fmt.Errorf("image %s: %w", img.Path, err), undo(dir, existed))
	}
	return nil
}

func (img *Image) fill(ctx context.Context, tree *unpack.Tree, o UnpackOptions) error {
	p := &progress{tell: o.Progress}
	for _, l := range img.layers {
		p.total += l.size
	}
	for _, l := range img.layers {
		if err := l.unpack(ctx, tree, p); err != nil {
			return fmt.Errorf("%s: %w", l.what, err)
		}
	}
	return tree.Finish()
}

func undo(dir string, existed bool) error {
	if !existed {
		return unpack.RemoveAll(dir)
	}
	names, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range names {
		err = errors.Join(err, unpack.RemoveAll(filepath.Join(dir, e.Name())))
	}
	return err
}

// quoted is a list for messages.
func quoted(list []string) string {
	var b []string
	for _, s := range list {
		b = append(b, fmt.Sprintf("%q", s))
	}
	return strings.Join(b, ", ")
}
