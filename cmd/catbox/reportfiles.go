package main

import (
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/catbox-go/catbox/report"
	"github.com/catbox-go/catbox/report/materials"
)

// knower is what a report can find out that is not in the record.
type knower struct {
	*installed // nil: there are no packages
	files
}

// files are those of a run, below the root directory that its command had.
type files struct {
	root    *os.Root
	unknown string    // why there is no root; "" if there is one
	ended   time.Time // the run
}

// openFiles has all files unknown if the directory cannot be opened: it may be gone.
func openFiles(root string, ended time.Time) files {
	r, err := os.OpenRoot(root)
	if err != nil {
		return files{unknown: "root directory: " + unreadable(err)}
	}
	return files{root: r, ended: ended}
}

func (f files) close() {
	if f.root != nil {
		_ = f.root.Close() // was only read
	}
}

// filesRoot is where the files of the run are now.
func (o *reportOptions) filesRoot(r *report.Run) string {
	asked := o.root
	if asked == noPackages {
		asked = ""
	}
	return either(asked, either(r.Start.Root, "/"))
}

// Digest is of what a file holds. One that changed after the run is not what the run left there.
func (f files) Digest(path string) (materials.Digest, string) {
	if f.root == nil {
		return materials.Digest{}, f.unknown
	}
	name := strings.TrimPrefix(path, "/")
	// A link would lead to what another path in the record stands for; a FIFO would wait for a writer.
	if info, err := f.root.Lstat(name); err != nil {
		return materials.Digest{}, unreadable(err)
	} else if !info.Mode().IsRegular() {
		return materials.Digest{}, "no regular file"
	}
	file, err := f.root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return materials.Digest{}, unreadable(err)
	}
	defer file.Close()
	return f.digest(file)
}

func (f files) digest(file *os.File) (materials.Digest, string) {
	info, err := file.Stat()
	switch {
	case err != nil:
		return materials.Digest{}, unreadable(err)
	case !info.Mode().IsRegular():
		return materials.Digest{}, "no regular file"
	case info.ModTime().After(f.ended):
		return materials.Digest{}, "changed after the run"
	}
	short, long := sha1.New(), sha256.New()
	if _, err := io.Copy(io.MultiWriter(short, long), file); err != nil {
		return materials.Digest{}, unreadable(err)
	}
	return materials.Digest{SHA1: hex.EncodeToString(short.Sum(nil)), SHA256: hex.EncodeToString(long.Sum(nil))}, ""
}

// unreadable says why without a path, which is of this machine and not of the run.
func unreadable(err error) string {
	var errno syscall.Errno
	switch {
	case errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR):
		return "not there any more"
	case errors.As(err, &errno):
		return errno.Error()
	}
	return "leads out of the root directory" // os.Root has no errno for it
}
