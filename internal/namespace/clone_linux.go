package namespace

import (
	"fmt"
	"os"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/sys"
)

// cloneWritable takes detached copies of all mounts at and below the places that are
// to be put back later to be written, while they are as the host has them.
func (b *builder) cloneWritable() error { return b.cloneAll(b.Writable) }

// cloneKept does the same for those that are only there.
func (b *builder) cloneKept() error { return b.cloneAll(slices.Concat(b.Readable, b.Visible)) }

func (b *builder) cloneAll(list []string) error {
	for _, path := range list {
		if path == "/" || b.mounted(path) {
			continue // stays where it is, or comes with its mount
		}
		if err := b.clone(path); err != nil {
			return err
		}
	}
	return nil
}

func (b *builder) clone(path string) error { return b.cloneAt(path, path) }

// cloneAt takes a copy of what is at source, to be placed at path.
func (b *builder) cloneAt(source, path string) error {
	if _, done := b.clones[path]; done {
		return nil
	}
	fd, err := openExactly(source)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	mnt, err := sys.OpenTree(fd, "", unix.AT_EMPTY_PATH|unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC|unix.AT_RECURSIVE)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	b.clones[path] = mnt
	return nil
}

// openExactly opens path without following any symbolic link: the path is
// canonical, and if it is not any more, somebody has exchanged a part of it
// since the policy was resolved.
func openExactly(path string) (int, error) {
	how := unix.OpenHow{Flags: unix.O_PATH | unix.O_CLOEXEC, Resolve: unix.RESOLVE_NO_SYMLINKS}
	fd, err := unix.Openat2(unix.AT_FDCWD, path, &how)
	if err != nil {
		return -1, &os.PathError{Op: "open", Path: path, Err: err}
	}
	return fd, nil
}

// place attaches the copy taken of path at that path in the new view, read-only if asked.
func (b *builder) place(path string, readOnly bool) error {
	fd, ok := b.clones[path]
	if !ok {
		return fmt.Errorf("%s was not opened", path)
	}
	if readOnly {
		if err := sys.MountSetattr(fd, "", unix.AT_EMPTY_PATH|unix.AT_RECURSIVE, unix.MOUNT_ATTR_RDONLY, 0); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	if err := b.mountPoint(fd, path); err != nil {
		return err
	}
	if err := sys.MoveMount(fd, b.root+path); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	delete(b.clones, path)
	return unix.Close(fd)
}

// byDepth returns paths in an order in which a directory precedes what is below it.
func byDepth(paths []string) []string {
	sorted := slices.Clone(paths)
	slices.Sort(sorted)
	return slices.Compact(sorted)
}
