// Package tartest makes the archives of tests.
package tartest

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/catbox-go/catbox/internal/testenv"
)

// Time is the modification time of entries that have none.
var Time = time.Unix(1_400_000_000, 0)

// Entry is an entry of an archive. Its type is told from what is set: Link is a
// symbolic link, Hard a hard link; Header is taken as it is. A name that ends
// with a slash is a directory.
type Entry struct {
	Name, Body, Link, Hard string
	Mode                   int64 // 0: 0644, of directories 0755
	UID, GID               int
	Header                 *tar.Header
}

func (e Entry) header() *tar.Header {
	if e.Header != nil {
		return e.Header
	}
	h := &tar.Header{Name: e.Name, Mode: e.Mode, Uid: e.UID, Gid: e.GID, ModTime: Time, Size: int64(len(e.Body)), Typeflag: tar.TypeReg}
	switch {
	case e.Link != "":
		h.Typeflag, h.Linkname = tar.TypeSymlink, e.Link
	case e.Hard != "":
		h.Typeflag, h.Linkname = tar.TypeLink, e.Hard
	case e.Name[len(e.Name)-1] == '/':
		h.Typeflag = tar.TypeDir
	}
	if h.Mode == 0 {
		h.Mode = 0o644
		if h.Typeflag == tar.TypeDir {
			h.Mode = 0o755
		}
	}
	return h
}

// Tar is an archive of the entries.
func Tar(t testing.TB, entries ...Entry) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, e := range entries {
		if err := w.WriteHeader(e.header()); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(e.Body)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// Gzip is data, compressed.
func Gzip(t testing.TB, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// Tree lists what is below dir: "d", "f" with the content, "l" with the target,
// "o" for others, by path.
func Tree(t testing.TB, dir string) map[string]string {
	t.Helper()
	tree := map[string]string{}
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil || p == dir {
			return err
		}
		rel, err := filepath.Rel(dir, p)
		if err != nil {
			return err
		}
		tree[rel], err = content(p, d)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

func content(p string, d fs.DirEntry) (string, error) {
	switch d.Type() {
	case fs.ModeDir:
		return "d", nil
	case fs.ModeSymlink:
		to, err := os.Readlink(p)
		return "l " + to, err
	case 0:
		data, err := os.ReadFile(p)
		return "f " + string(data), err
	}
	return "o", nil
}

// NoUmask has nothing masked while the test runs, as modes are compared.
func NoUmask(t testing.TB) {
	old := syscall.Umask(0)
	t.Cleanup(func() { syscall.Umask(old) })
}

// Run runs a program of the host, which must succeed.
func Run(t testing.TB, name string, args ...string) string {
	t.Helper()
	return run(t, testenv.Command(t, name), args)
}
