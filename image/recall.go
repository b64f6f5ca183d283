package image

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// recall sets the digests of an image's tarballs from those remembered, or
// counts and remembers them: that reads the whole file.
func (c Cache) recall(ctx context.Context, img *Image) error {
	images := []*Image{img}
	for _, l := range img.layers {
		if l.image != nil && l.image != img {
			images = append(images, l.image)
		}
	}
	for _, i := range images {
		if err := c.recallOne(ctx, i); err != nil {
			return err
		}
	}
	return nil
}

func (c Cache) recallOne(ctx context.Context, img *Image) error {
	if img.digest != "" || img.hasher == nil {
		return nil
	}
	before, err := fingerprint(img.Path)
	if err != nil {
		return err
	}
	name := c.path("digests", before)
	data, err := os.ReadFile(name)
	if err == nil {
		img.digest = string(data)
		return nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if _, err := img.Digest(ctx); err != nil {
		return err
	}
	if after, err := fingerprint(img.Path); err != nil || after != before {
		return errors.Join(err, fmt.Errorf("image %s: it changes while it is read", img.Path))
	}
	return writeWhole(name, []byte(img.digest))
}

// fingerprint tells whether a file is still the one that it was: every write
// changes its ctime, which nobody can set (inode(7)).
func fingerprint(path string) (string, error) {
	fi, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	st, ok := fi.Sys().(*syscall.Stat_t)
	if !ok {
		return "", errors.ErrUnsupported
	}
	s := fmt.Sprintln(path, st.Dev, st.Ino, st.Size, changed(st), fi.ModTime().UnixNano())
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:]), nil
}

// newPrefix begins the name of a digest that is being written.
const newPrefix = ".new-"

// writeWhole leaves either the whole file or none.
func writeWhole(name string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(name), newPrefix)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}
