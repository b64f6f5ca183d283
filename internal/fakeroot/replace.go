package fakeroot

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
)

// place is where a file is written. It is found once: who may rename directories
// while the state is used cannot have it written anywhere else.
type place struct {
	path string
	dir  *os.Root // nil for the name of a descriptor
	name string   // in dir
	lost error    // why nothing can be put into dir
}

func findPlace(path string) place {
	if isDescriptor(path) {
		return place{path: path}
	}
	dir, err := os.OpenRoot(filepath.Dir(path))
	return place{path, dir, filepath.Base(path), err}
}

func (p place) close() error {
	if p.dir == nil {
		return nil
	}
	return p.dir.Close()
}

// isDescriptor tells whether the path is the name of an open descriptor, whatever that is of.
func isDescriptor(path string) bool {
	p := filepath.Clean(path)
	return p == "/dev/stdout" || p == "/dev/stderr" || strings.HasPrefix(p, "/dev/fd/") || strings.HasPrefix(p, "/proc/")
}

// direct tells whether the path is to be written to rather than replaced: what
// is no regular file, and the names of open descriptors.
func direct(path string) bool {
	if isDescriptor(path) {
		return true
	}
	info, err := os.Stat(path)
	return err == nil && !info.Mode().IsRegular() && !info.IsDir()
}

// writeDirect appends, so that nothing is lost of a standard output that is a
// file. A FIFO waits for its reader, as fakeroot(1) does.
func (p place) writeDirect(write func(io.Writer) error) error {
	switch clean := filepath.Clean(p.path); { // may be sockets, which cannot be opened
	case clean == "/dev/stdout":
		return write(os.Stdout)
	case clean == "/dev/stderr":
		return write(os.Stderr)
	case p.lost != nil:
		return p.lost
	}
	open, name := os.OpenFile, p.path
	if p.dir != nil {
		open, name = p.dir.OpenFile, p.name
	}
	file, err := open(name, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return err
	}
	return errors.Join(write(file), file.Close())
}

func replace(path string, write func(io.Writer) error) error {
	p := findPlace(path)
	return errors.Join(p.replace(write), p.close())
}

func (p place) replace(write func(io.Writer) error) error {
	if p.lost != nil {
		return p.lost
	}
	return Replace(p.dir, p.name, write)
}

// Replace writes a file beside the one of that name and moves it there, so that
// at no moment there is half of one. It has the mode of the one before.
func Replace(dir *os.Root, name string, write func(io.Writer) error) error {
	old, err := dir.Lstat(name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	temporary, file, err := create(dir, old)
	if err != nil {
		return err
	}
	err = fill(file, old, write)
	if err == nil {
		err = dir.Rename(temporary, name)
	}
	if err != nil {
		return errors.Join(err, dir.Remove(temporary))
	}
	return syncDir(dir)
}

// create makes a file with a name of its own. Where it takes the place of one,
// nobody else may read it until it has that one's mode.
func create(dir *os.Root, old fs.FileInfo) (name string, file *os.File, err error) {
	mode := fs.FileMode(0o666) // less the umask, as for any new file
	if old != nil {
		mode = 0o600
	}
	for {
		name = fmt.Sprintf(".catbox-%08x", rand.Uint32())
		file, err = dir.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
		if !errors.Is(err, fs.ErrExist) {
			return name, file, err
		}
	}
}

// fill writes the file to disk and closes it.
func fill(file *os.File, old fs.FileInfo, write func(io.Writer) error) error {
	err := write(file)
	if err == nil && old != nil && old.Mode().IsRegular() {
		err = keep(file, old)
	}
	if err == nil {
		err = file.Sync()
	}
	return errors.Join(err, file.Close())
}

// syncDir makes a rename in the directory last. A file system that cannot do
// that (EINVAL) is no error: the file is there.
func syncDir(dir *os.Root) error {
	d, err := dir.Open(".")
	if err != nil {
		return nil // renamed all the same
	}
	_ = d.Sync()
	return d.Close()
}
