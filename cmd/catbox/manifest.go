package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/fakeroot"
	"github.com/catbox-go/catbox/internal/sys"
	"github.com/catbox-go/catbox/record"
)

// output is a file that is written after the run, where its name led before:
// the command may have put a link to a file outside in its place, or in that of
// a directory on the way.
type output struct {
	path string
	dir  *os.Root // of a file that is replaced
	name string   // in it
	file *os.File // what is written to: a FIFO, a device, standard output
}

func openOutput(path string) (*output, error) {
	o := &output{path: path}
	switch clean := filepath.Clean(path); {
	case clean == "/dev/stdout": // may be what cannot be opened, as another user's
		o.file = os.Stdout
		return o, nil
	case strings.HasPrefix(clean, "/dev/") || strings.HasPrefix(clean, "/proc/"):
		return o, o.pin(path)
	}
	st, err := os.Stat(path)
	switch {
	case err == nil && st.IsDir():
		return nil, &fs.PathError{Op: "open", Path: path, Err: unix.EISDIR}
	case err == nil && !st.Mode().IsRegular():
		return o, o.pin(path)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	return o, o.find(path)
}

// pin keeps hold of what is written to, without opening it: a FIFO waits for its
// reader then, which may come later.
func (o *output) pin(path string) error {
	fd, err := unix.Open(path, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		return &fs.PathError{Op: "open", Path: path, Err: err}
	}
	o.file = os.NewFile(uintptr(fd), path)
	return unix.Access(sys.FDPath(int(o.file.Fd())), unix.W_OK)
}

// find opens the directory in which the file is replaced.
func (o *output) find(path string) error {
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	}
	dir := filepath.Dir(path)
	if err := mayWrite(dir); err != nil {
		return err
	}
	root, err := os.OpenRoot(dir)
	o.dir, o.name = root, filepath.Base(path)
	return err
}

func mayWrite(dir string) error {
	if err := unix.Access(dir, unix.W_OK|unix.X_OK); err != nil {
		return &fs.PathError{Op: "write to directory", Path: dir, Err: err}
	}
	return nil
}

// write writes the file: all of it, or none if it is replaced.
func (o *output) write(content func(io.Writer) error) error {
	switch {
	case o.file == os.Stdout:
		return content(os.Stdout)
	case o.file != nil:
		f, err := os.OpenFile(sys.FDPath(int(o.file.Fd())), os.O_WRONLY|os.O_APPEND, 0)
		if err != nil {
			return err
		}
		return errors.Join(content(f), f.Close())
	}
	if err := fakeroot.Replace(o.dir, o.name, content); err != nil {
		return err
	}
	return o.stillThere()
}

// stillThere tells whether who looks for the file by its name finds this one.
func (o *output) stillThere() error {
	written, err := o.dir.Lstat(o.name)
	if err != nil {
		return err
	}
	if named, err := os.Stat(o.path); err != nil || !os.SameFile(written, named) {
		return fmt.Errorf("%s: the directory that it was to be written to is elsewhere now", record.Quote(o.path))
	}
	return nil
}

func (o *output) close() error {
	switch {
	case o == nil || o.file == os.Stdout:
		return nil
	case o.file != nil:
		return o.file.Close()
	}
	return o.dir.Close()
}

// writeManifest lists what was noted. What has no place in it is said.
func (s *fakeSession) writeManifest() error {
	write := func(w io.Writer) error { return fakeroot.WriteManifest(w, s.cwd, s.state.Entries()) }
	if strings.HasSuffix(s.manifest.path, ".mtree") {
		write = func(w io.Writer) error { return fakeroot.WriteMtree(w, s.cwd, s.state.Entries(), os.Readlink) }
	}
	var lost *fakeroot.Lost
	err := s.manifest.write(func(w io.Writer) error {
		err := write(w)
		if errors.As(err, &lost) {
			return nil
		}
		return err
	})
	if lost != nil {
		say("%s: %s", record.Quote(s.manifest.path), lost)
	}
	if err != nil {
		return fmt.Errorf("manifest: %w", err)
	}
	return nil
}
