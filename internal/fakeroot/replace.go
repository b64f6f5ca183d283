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

// direct tells whether the path is to be written to rather than replaced: what
// is no regular file, and the names of open descriptors, whatever they are of.
func direct(path string) bool {
	p := filepath.Clean(path)
	if p == "/dev/stdout" || p == "/dev/stderr" || strings.HasPrefix(p, "/dev/fd/") || strings.HasPrefix(p, "/proc/") {
		return true
	}
	info, err := os.Stat(path)
	return err == nil && !info.Mode().IsRegular() && !info.IsDir()
}

// writeDirect appends, so that nothing is lost of a standard output that is a
// file. A FIFO waits for its reader, as fakeroot(1) does.
func writeDirect(path string, write func(io.Writer) error) error {
	switch filepath.Clean(path) { // may be sockets, which cannot be opened
	case "/dev/stdout":
		return write(os.Stdout)
	case "/dev/stderr":
		return write(os.Stderr)
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return err
	}
	return errors.Join(write(file), file.Close())
}

// replace writes a file beside the one of that path and moves it there, so that
// at no moment there is half a state.
func replace(path string, write func(io.Writer) error) error {
	old, err := os.Stat(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	file, err := create(filepath.Dir(path), old)
	if err != nil {
		return err
	}
	err = fill(file, old, write)
	if err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(file.Name()))
	}
	return syncDir(filepath.Dir(path))
}

// create makes a file with a name of its own. Where it takes the place of one,
// nobody else may read it until it has that one's mode.
func create(dir string, old fs.FileInfo) (*os.File, error) {
	mode := fs.FileMode(0o666) // less the umask, as for any new file
	if old != nil {
		mode = 0o600
	}
	for {
		name := filepath.Join(dir, fmt.Sprintf(".catbox-%08x", rand.Uint32()))
		file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
		if !errors.Is(err, fs.ErrExist) {
			return file, err
		}
	}
}

// fill writes the file to disk and closes it.
func fill(file *os.File, old fs.FileInfo, write func(io.Writer) error) error {
	err := write(file)
	if err == nil && old != nil {
		err = keep(file, old)
	}
	if err == nil {
		err = file.Sync()
	}
	return errors.Join(err, file.Close())
}

// syncDir makes a rename in the directory last. A file system that cannot do
// that (EINVAL) is no error: the file is there.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return nil // writable and not readable: renamed all the same
	}
	_ = d.Sync()
	return d.Close()
}
