//go:build linux

package main

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// layer is a file with a layer of an image.
type layer struct {
	path   string
	digest string // of the file, hexadecimal SHA-256
	diffID string // the same of what is in it, uncompressed
	size   int64  // of the file
	gzip   bool
}

// layerSet is what an image holds.
type layerSet struct {
	layers []layer
	files  int    // regular ones
	bytes  int64  // in them
	last   string // the last regular file, relative to the root
}

// layerWriter fills a layer after the other, with owners as in any image: root.
type layerWriter struct {
	layerSet
	ctx   context.Context
	dir   string
	limit int64 // of a layer
	stop  int64 // bytes at which a source has given its part

	file  *os.File
	tar   *tar.Writer
	sum   hash.Hash
	begun int64 // bytes before this layer
}

// makeLayers makes about n layers in dir from as many files as have the bytes together,
// of each source an equal part, or all that it has. What cannot be read is left out.
func makeLayers(ctx context.Context, dir string, sources []string, bytes int64, n int) (layerSet, error) {
	w := &layerWriter{ctx: ctx, dir: dir, limit: bytes / int64(n)}
	for _, source := range sources {
		w.stop = w.bytes + bytes/int64(len(sources))
		err := filepath.WalkDir(source, w.visit)
		if err = errors.Join(err, w.end()); err != nil {
			return layerSet{}, err
		}
	}
	if w.files == 0 {
		return layerSet{}, fmt.Errorf("no files to make an image of in %s", strings.Join(sources, ", "))
	}
	return w.layerSet, nil
}

func (w *layerWriter) visit(path string, d fs.DirEntry, err error) error {
	switch {
	case w.ctx.Err() != nil:
		return w.ctx.Err()
	case w.bytes >= w.stop:
		return fs.SkipAll
	case err != nil && d != nil && d.IsDir():
		return fs.SkipDir
	case err != nil:
		return nil
	case d.Type().IsRegular():
		return w.addFile(path)
	case d.IsDir():
		return w.add(path, "", nil)
	}
	return nil // links say nothing about unpacking bytes
}

// largest is the most bytes of a file: a few large ones would be all of an image, in which
// thousands are small.
const largest = 1 << 20

// addFile leaves out what this user may not read.
func (w *layerWriter) addFile(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || info.Size() > largest {
		return err
	}
	if err := w.add(path, path[1:], f); err != nil {
		return err
	}
	if w.bytes-w.begun >= w.limit {
		return w.end()
	}
	return nil
}

// add writes an entry; content is nil for a directory.
func (w *layerWriter) add(path, last string, content *os.File) error {
	info, err := os.Lstat(path)
	if err != nil {
		return nil // gone since
	}
	h := &tar.Header{Name: path[1:] + "/", Typeflag: tar.TypeDir, Mode: 0o755, ModTime: info.ModTime()}
	if content != nil {
		if info, err = content.Stat(); err != nil {
			return err
		}
		h.Name, h.Typeflag, h.Size = path[1:], tar.TypeReg, info.Size()
		h.Mode = int64(info.Mode().Perm() | 0o444)
	}
	if err := w.begin(); err != nil {
		return err
	}
	if err := w.tar.WriteHeader(h); err != nil || content == nil {
		return err
	}
	n, err := io.Copy(w.tar, content)
	w.files, w.bytes, w.last = w.files+1, w.bytes+n, last
	return err
}

// begin begins a layer, if none is open.
func (w *layerWriter) begin() (err error) {
	if w.tar != nil {
		return nil
	}
	w.file, err = os.Create(filepath.Join(w.dir, fmt.Sprintf("layer-%d.tar", len(w.layers))))
	if err != nil {
		return err
	}
	w.sum, w.begun = sha256.New(), w.bytes
	w.tar = tar.NewWriter(io.MultiWriter(w.file, w.sum))
	return nil
}

// end ends the layer that is open.
func (w *layerWriter) end() error {
	if w.tar == nil {
		return nil
	}
	err := errors.Join(w.tar.Close(), w.file.Close())
	w.tar = nil
	if err != nil {
		return err
	}
	info, err := os.Stat(w.file.Name())
	if err != nil {
		return err
	}
	sum := hex.EncodeToString(w.sum.Sum(nil))
	w.layers = append(w.layers, layer{path: w.file.Name(), digest: sum, diffID: sum, size: info.Size()})
	return nil
}

// compressed makes compressed copies beside plain layers.
func compressed(plain []layer) ([]layer, error) {
	var layers []layer
	for _, l := range plain {
		c, err := compress(l)
		if err != nil {
			return nil, err
		}
		layers = append(layers, c)
	}
	return layers, nil
}

func compress(l layer) (c layer, err error) {
	in, err := os.Open(l.path)
	if err != nil {
		return c, err
	}
	defer in.Close()
	out, err := os.Create(l.path + ".gz")
	if err != nil {
		return c, err
	}
	sum := sha256.New()
	z := gzip.NewWriter(io.MultiWriter(out, sum))
	_, err = io.Copy(z, in)
	if err = errors.Join(err, z.Close(), out.Close()); err != nil {
		return c, err
	}
	info, err := os.Stat(out.Name())
	if err != nil {
		return c, err
	}
	return layer{path: out.Name(), digest: hex.EncodeToString(sum.Sum(nil)), diffID: l.diffID, size: info.Size(), gzip: true}, nil
}
