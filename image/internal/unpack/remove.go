package unpack

import (
	"errors"
	"io/fs"
	"os"
)

// remove takes name, and all below it, out of the directory here, and forgets
// what was noted of it. here is the last of the chain: no place below is open.
func (t *Tree) remove(here *place, name string) error {
	return removeTree(here.root, name, here.path, t.forget)
}

func (t *Tree) forget(p string) {
	delete(t.dirs, p)
	delete(t.notes, p)
}

// RemoveAll removes a directory tree, also one whose directories can't be
// written, as long as they are the caller's. A tree that is not there is no
// error.
func RemoveAll(dir string) error {
	parent, name := splitOS(dir)
	root, err := os.OpenRoot(parent)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer root.Close()
	return removeTree(root, name, ".", func(string) {})
}

func removeTree(root *os.Root, name, dir string, gone func(string)) error {
	fi, err := root.Lstat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	p := join(dir, name)
	if fi.IsDir() {
		if err := clear(root, name, fi, p, gone); err != nil {
			return err
		}
	}
	gone(p)
	return root.Remove(name)
}

func clear(root *os.Root, name string, fi fs.FileInfo, p string, gone func(string)) error {
	if fi.Mode().Perm()&0o700 != 0o700 {
		if err := root.Chmod(name, fi.Mode().Perm()|0o700); err != nil {
			return err
		}
	}
	below, err := root.OpenRoot(name)
	if err != nil {
		return err
	}
	defer below.Close()
	names, err := list(below)
	if err != nil {
		return err
	}
	for _, n := range names {
		if err := removeTree(below, n, p, gone); err != nil {
			return err
		}
	}
	return nil
}

func list(root *os.Root) ([]string, error) {
	f, err := root.Open(".")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return f.Readdirnames(-1)
}
