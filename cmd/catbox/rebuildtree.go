package main

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/record"
)

// copyTree copies a directory with modes and times: make(1) goes by them.
func copyTree(from, to string) error {
	var dirs []func() error // they get their times when nothing is made in them any more
	err := filepath.WalkDir(from, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		target := filepath.Join(to, rel)
		switch info.Mode().Type() {
		case fs.ModeDir:
			dirs = append(dirs, func() error { return finishCopy(target, info) })
			return os.Mkdir(target, 0o700)
		case fs.ModeSymlink:
			return copyLink(path, target, info.ModTime())
		case 0:
			return copyFile(path, target, info)
		}
		return fmt.Errorf("%s is neither a file nor a directory nor a symbolic link", record.Quote(path))
	})
	for i := len(dirs) - 1; i >= 0 && err == nil; i-- {
		err = dirs[i]()
	}
	return err
}

func finishCopy(target string, info fs.FileInfo) error {
	return errors.Join(os.Chmod(target, info.Mode().Perm()), setTime(target, info.ModTime()))
}

func copyLink(from, to string, at time.Time) error {
	target, err := os.Readlink(from)
	if err != nil {
		return err
	}
	return errors.Join(os.Symlink(target, to), setTime(to, at))
}

func setTime(path string, at time.Time) error {
	t := unix.NsecToTimespec(at.UnixNano())
	if err := unix.UtimesNanoAt(unix.AT_FDCWD, path, []unix.Timespec{t, t}, unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return &os.PathError{Op: "utimensat", Path: path, Err: err}
	}
	return nil
}

func copyFile(from, to string, info fs.FileInfo) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close(), finishCopy(to, info))
}

// removeTree removes a directory whatever the modes in it are.
func removeTree(dir string) error {
	// What cannot be opened or changed is told by RemoveAll.
	_ = filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if e != nil && e.IsDir() && err == nil {
			if info, err := e.Info(); err == nil && info.Mode()&0o700 != 0o700 {
				_ = os.Chmod(path, 0o700)
			}
		}
		return nil
	})
	return os.RemoveAll(dir)
}

// treeContents are fingerprints of all that is in a directory, by the path relative to another.
func treeContents(dir, from string) (map[string]string, error) {
	all := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(from, path)
		if err == nil && path != dir {
			all[name], err = fingerprint(path, e)
		}
		return err
	})
	return all, err
}

// fingerprint is the same for what has the same mode and content.
func fingerprint(path string, e fs.DirEntry) (string, error) {
	info, err := e.Info()
	if err != nil {
		return "", err
	}
	switch info.Mode().Type() {
	case fs.ModeSymlink:
		target, err := os.Readlink(path)
		return "link " + target, err
	case 0:
		sum, err := checksum(path)
		return info.Mode().String() + " " + sum, err
	}
	return info.Mode().String(), nil
}

func checksum(path string) (string, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrPermission) {
		return "not readable", nil // its mode, as the build made it
	}
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	_, err = io.Copy(h, f)
	return fmt.Sprintf("%x", h.Sum(nil)), err
}
