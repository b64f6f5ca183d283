package namespace

import (
	"errors"
	"fmt"
	"os"
	"path"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/paths"
	"github.com/catbox-go/catbox/internal/sys"
)

func hostReadOnly() error {
	return sys.MountSetattr(unix.AT_FDCWD, "/", unix.AT_RECURSIVE, unix.MOUNT_ATTR_RDONLY, 0)
}

// newRoot mounts an empty tree to be filled and then made the root. It lies
// over a directory of the host, which the change of the root takes away again.
func (b *builder) newRoot() error {
	b.root = "/proc"
	if err := attachTmpfs(b.root, "0755", 0); err != nil {
		return err
	}
	for _, link := range b.Links {
		if err := os.MkdirAll(b.root+path.Dir(link.Path), 0o755); err != nil {
			return err
		}
		if err := os.Symlink(link.Content, b.root+link.Path); err != nil && !errors.Is(err, os.ErrExist) {
			return err
		}
	}
	return nil
}

// ChangeRoot makes a directory the root of the mount namespace, and lets go of the old one. With
// chroot(2) it would be that of a process, and the caller would see other paths than the run does.
func ChangeRoot(dir string) error {
	if err := unix.Mount(dir, dir, "", unix.MS_BIND|unix.MS_REC, ""); err != nil {
		return mountError("bind", dir, err)
	}
	return pivot(dir)
}

// pivot makes what is mounted on dir the root and lets go of the old one.
func pivot(dir string) error {
	if err := unix.Chdir(dir); err != nil {
		return mountError("chdir", dir, err)
	}
	if err := unix.PivotRoot(".", "."); err != nil {
		return mountError("pivot_root", dir, err)
	}
	if err := unix.Unmount(".", unix.MNT_DETACH); err != nil {
		return mountError("umount", "the host's root", err)
	}
	return chdir("/")
}

// changeRoot makes the built tree the root and lets go of the host's.
func (b *builder) changeRoot() error {
	if err := pivot(b.root); err != nil {
		return err
	}
	b.root = ""
	return sys.MountSetattr(unix.AT_FDCWD, "/", 0, unix.MOUNT_ATTR_RDONLY, 0)
}

func attachTmpfs(target, mode string, attr int) error {
	fd, err := sys.NewMount("tmpfs", attr, [2]string{"mode", mode})
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	return sys.MoveMount(fd, target)
}

// mountPrivate gives the run empty directories of its own.
func (b *builder) mountPrivate() error {
	for _, dir := range byDepth(b.Private) {
		if b.Dev && paths.Under(dir, "/dev") {
			continue // made with /dev
		}
		if b.root != "" {
			if err := os.MkdirAll(b.root+dir, 0o755); err != nil {
				return err
			}
		}
		if err := attachTmpfs(b.root+dir, "1777", unix.MOUNT_ATTR_NOSUID|unix.MOUNT_ATTR_NODEV); err != nil {
			return fmt.Errorf("%s: %w", dir, err)
		}
	}
	return nil
}

// placeAll puts back what was taken out of the host's tree, a directory before
// what is below it, so that none comes to cover another.
func (b *builder) placeAll() error {
	writable := slices.DeleteFunc(slices.Clone(b.Writable), func(path string) bool { return path == "/" || b.mounted(path) })
	readOnly := map[string]bool{}
	for _, path := range slices.Concat(b.Readable, b.Visible) {
		readOnly[path] = !paths.Covered(path, b.Readable)
	}
	var placed []string
	for path, wanted := range readOnly {
		if wanted && !paths.UnderAny(path, writable) {
			placed = append(placed, path)
		}
	}
	for _, path := range writable {
		readOnly[path] = false
		if !paths.Covered(path, writable) {
			placed = append(placed, path)
		}
	}
	for _, path := range byDepth(placed) {
		if err := b.place(path, readOnly[path] && !b.AnyWrite); err != nil {
			return err
		}
	}
	return nil
}

// mountPoint sees to it that there is something to mount fd on.
func (b *builder) mountPoint(fd int, target string) error { return mountPointFor(fd, b.root+target) }

// protect makes places below writable ones read-only again.
func (b *builder) protect() error {
	for _, path := range byDepth(b.ReadOnly) {
		if err := protect(b.root + path); err != nil {
			return err
		}
	}
	return nil
}

// protect mounts path on itself, read-only, as the view has it now.
func protect(path string) error {
	fd, err := sys.OpenTree(unix.AT_FDCWD, path, unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC|unix.AT_RECURSIVE|unix.AT_SYMLINK_NOFOLLOW)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	defer unix.Close(fd)
	if err := sys.MountSetattr(fd, "", unix.AT_EMPTY_PATH|unix.AT_RECURSIVE, unix.MOUNT_ATTR_RDONLY, 0); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if err := sys.MoveMount(fd, path); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}
