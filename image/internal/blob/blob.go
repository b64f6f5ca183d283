// Package blob reads the named files that images of several files are made of,
// from a directory or from an uncompressed tar archive alike.
package blob

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
)

// Source has files by slash-separated names.
type Source interface {
	// Open returns a file and its size in bytes. The error of one that is
	// not there is fs.ErrNotExist.
	Open(name string) (io.ReadCloser, int64, error)
	Close() error
}

// Read reads a small file; more than most bytes is an error.
func Read(s Source, name string, most int64) ([]byte, error) {
	f, size, err := s.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if size > most {
		return nil, fmt.Errorf("%s: %d bytes, where %d is the most that makes sense", name, size, most)
	}
	data, err := io.ReadAll(io.LimitReader(f, most))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return data, nil
}

// Dir is the files below a directory. Links out of it lead nowhere.
func Dir(dir string) (Source, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	return directory{root}, nil
}

type directory struct{ root *os.Root }

func (d directory) Open(name string) (io.ReadCloser, int64, error) {
	// Looked at first: to open a FIFO would wait for its writer.
	fi, err := d.root.Stat(name)
	if err != nil {
		return nil, 0, err
	}
	if !fi.Mode().IsRegular() {
		return nil, 0, fmt.Errorf("%s is not a regular file", name)
	}
	f, err := d.root.Open(name)
	if err != nil {
		return nil, 0, err
	}
	return f, fi.Size(), nil
}

func (d directory) Close() error { return d.root.Close() }

// maxMembers bounds the index: an image has some files a layer, and docker
// allows 128 layers.
const maxMembers = 100_000

// Tar is the members of an uncompressed archive. It closes f, in the end or on
// an error.
func Tar(f *os.File) (Source, error) {
	a := &archive{file: f, members: map[string]member{}}
	if err := a.index(); err != nil {
		f.Close()
		return nil, err
	}
	return a, nil
}

type archive struct {
	file    *os.File
	members map[string]member
}

// member is where a file's data is, or the name that it is a link to.
type member struct {
	at, size int64
	link     string
}

func (a *archive) index() error {
	if _, err := a.file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	end, err := a.file.Stat()
	if err != nil {
		return err
	}
	r := tar.NewReader(a.file)
	for {
		hdr, err := r.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read archive: %w", err)
		}
		if err := a.add(hdr, end.Size()); err != nil {
			return err
		}
	}
}

func (a *archive) add(hdr *tar.Header, end int64) error {
	if len(a.members) >= maxMembers {
		return fmt.Errorf("more than %d files in an archive that should hold an image's layers", maxMembers)
	}
	m := member{size: hdr.Size}
	switch hdr.Typeflag {
	case tar.TypeReg:
		// archive/tar reads no further than the header.
		at, err := a.file.Seek(0, io.SeekCurrent)
		if err != nil {
			return err
		}
		if m.at = at; hdr.Size > end-at {
			return fmt.Errorf("%q is cut off: it has %d bytes of %d", hdr.Name, end-at, hdr.Size)
		}
	case tar.TypeSymlink:
		m.link = path.Join(path.Dir(hdr.Name), hdr.Linkname)
	case tar.TypeLink:
		m.link = path.Clean(hdr.Linkname)
	default:
		return nil
	}
	a.members[path.Clean(hdr.Name)] = m
	return nil
}

// maxLinks: docker before 25 had a link from a layer to the same one of another
// image; one step is what there is.
const maxLinks = 8

func (a *archive) Open(name string) (io.ReadCloser, int64, error) {
	next := path.Clean(name)
	for range maxLinks {
		m, ok := a.members[next]
		if !ok {
			return nil, 0, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
		}
		if m.link == "" {
			return io.NopCloser(io.NewSectionReader(a.file, m.at, m.size)), m.size, nil
		}
		next = m.link
	}
	return nil, 0, &fs.PathError{Op: "open", Path: name, Err: errors.New("too many links")}
}

func (a *archive) Close() error { return a.file.Close() }
