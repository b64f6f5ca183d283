package namespace

import (
	"fmt"
	"os"
	"path"
	"slices"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/paths"
	"github.com/catbox-go/catbox/internal/sys"
)

// enterRoot makes the root filesystem the root. From here on nothing of the
// host is in view but what was opened before, and no symbolic link of the tree
// leads to it.
func (b *builder) enterRoot() error {
	if err := b.clone(b.RootDir); err != nil {
		return err
	}
	fd := b.clones[b.RootDir]
	delete(b.clones, b.RootDir)
	defer unix.Close(fd)
	// Over a directory of the host's that is there, which goes with the host.
	if err := sys.MoveMount(fd, "/proc"); err != nil {
		return mountError("mount", b.RootDir, err)
	}
	if err := pivot("/proc"); err != nil {
		return err
	}
	return b.makeMountPoints()
}

// makeMountPoints makes the directories that mounts need and that the tree lacks,
// while it can still be written.
func (b *builder) makeMountPoints() error {
	needed := []string{"/proc", "/dev"}
	for i, m := range b.Mounts {
		if paths.UnderAny(m.Target, slices.Concat(needed, b.Private)) || within(b.Mounts[:i], m.Target) {
			continue // made where it is mounted, in a tree that does not stay
		}
		if err := mountPointFor(b.opened[i], m.Target); err != nil {
			return err
		}
	}
	for _, dir := range needed {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return fmt.Errorf("the root filesystem %s has no %s: %w", b.RootDir, dir, err)
		}
	}
	for _, f := range b.Files {
		if err := makeEmpty(f.Path); err != nil {
			return err
		}
	}
	return nil
}

// within tells whether a path is in one of the mounts.
func within(mounts []Mount, path string) bool {
	return slices.ContainsFunc(mounts, func(m Mount) bool { return paths.Under(path, m.Target) })
}

// mounted tells whether a path comes with one of the mounts.
func (b *builder) mounted(path string) bool { return within(b.Mounts, path) }

// openMounts opens what is to be mounted, while the host is in view.
func (b *builder) openMounts() error {
	for _, m := range b.Mounts {
		fd, err := m.open()
		if err != nil {
			return fmt.Errorf("%s at %s: %w", m.Type, m.Target, err)
		}
		b.opened = append(b.opened, fd)
	}
	return nil
}

// open returns the mount, detached; -1 for the one that is taken from the run's own tree.
func (m Mount) open() (int, error) {
	switch m.Type {
	case "dev":
		return -1, nil
	case "bind":
		source, err := openExactly(m.Source)
		if err != nil {
			return -1, err
		}
		defer unix.Close(source)
		return sys.OpenTree(source, "", unix.AT_EMPTY_PATH|unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC|unix.AT_RECURSIVE)
	}
	options := make([][2]string, len(m.Options))
	for i, o := range m.Options {
		options[i] = [2]string{o.Key, o.Value}
	}
	return sys.NewMount(m.Type, m.Attr, options...)
}

// mountAll mounts what was opened, and makes read-only what is to be.
func (b *builder) mountAll() error {
	for i, m := range b.Mounts {
		if err := b.mount(b.opened[i], m); err != nil {
			return fmt.Errorf("%s at %s: %w", m.Type, m.Target, err)
		}
	}
	for _, m := range b.Mounts {
		if m.ReadOnly {
			if err := b.mountReadOnly(m.Target); err != nil {
				return fmt.Errorf("%s: %w", m.Target, err)
			}
		}
	}
	return nil
}

func (b *builder) mount(fd int, m Mount) error {
	if m.Type == "dev" {
		var err error
		if fd, err = sys.OpenTree(unix.AT_FDCWD, b.root+"/dev", unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC|unix.AT_RECURSIVE); err != nil {
			return err
		}
	}
	defer unix.Close(fd)
	if m.Type == "bind" && m.Attr != 0 {
		if err := sys.MountSetattr(fd, "", unix.AT_EMPTY_PATH|unix.AT_RECURSIVE, uint64(m.Attr), 0); err != nil {
			return err
		}
	}
	if err := mountPointFor(fd, b.root+m.Target); err != nil {
		return err
	}
	return sys.MoveMount(fd, b.root+m.Target)
}

// mountReadOnly makes a mount read-only but for the writable places in it.
func (b *builder) mountReadOnly(target string) error {
	kept := slices.DeleteFunc(byDepth(b.Writable), func(path string) bool { return path == "/" || !paths.Under(path, target) })
	clones := make([]int, 0, len(kept))
	for _, path := range kept {
		fd, err := sys.OpenTree(unix.AT_FDCWD, b.root+path, unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC|unix.AT_RECURSIVE|unix.AT_SYMLINK_NOFOLLOW)
		if err != nil {
			return err
		}
		defer unix.Close(fd)
		clones = append(clones, fd)
	}
	if err := sys.MountSetattr(unix.AT_FDCWD, b.root+target, unix.AT_RECURSIVE, unix.MOUNT_ATTR_RDONLY, 0); err != nil {
		return err
	}
	for i, path := range kept {
		if err := sys.MoveMount(clones[i], b.root+path); err != nil {
			return err
		}
	}
	return nil
}

// mountPointFor sees to it that there is something at path to mount fd on, of
// its kind; -1 is a directory.
func mountPointFor(fd int, full string) error {
	if _, err := os.Lstat(full); err == nil {
		return nil
	}
	var st unix.Stat_t
	if fd >= 0 {
		if err := unix.Fstat(fd, &st); err != nil {
			return err
		}
	}
	if fd < 0 || st.Mode&unix.S_IFMT == unix.S_IFDIR {
		return os.MkdirAll(full, 0o755)
	}
	if err := os.MkdirAll(path.Dir(full), 0o755); err != nil {
		return err
	}
	return makeEmpty(full)
}

// makeEmpty makes a file, unless there is one.
func makeEmpty(full string) error {
	f, err := os.OpenFile(full, os.O_CREATE|os.O_EXCL, 0o444)
	if os.IsExist(err) {
		return nil
	}
	if err != nil {
		return err
	}
	return f.Close()
}

// makeFiles puts files of the run's own over those of the tree. They are made in
// a file system that is mounted for that moment only, and stay as mounts of single files.
func (b *builder) makeFiles() error {
	scratch := b.root + "/proc"
	if err := attachTmpfs(scratch, "0755", unix.MOUNT_ATTR_NOSUID|unix.MOUNT_ATTR_NODEV|unix.MOUNT_ATTR_NOEXEC); err != nil {
		return err
	}
	err := b.makeFilesIn(scratch)
	if e := unix.Unmount(scratch, unix.MNT_DETACH); err == nil {
		err = mountError("umount", scratch, e)
	}
	return err
}

func (b *builder) makeFilesIn(scratch string) error {
	for i, f := range b.Files {
		name := path.Join(scratch, strconv.Itoa(i))
		if err := os.WriteFile(name, f.Data, 0o644); err != nil {
			return err
		}
		if err := os.Chmod(name, 0o644); err != nil { // whatever the umask
			return err
		}
		if _, err := os.Lstat(b.root + f.Path); err != nil {
			continue // not in what the run sees of its tree
		}
		fd, err := sys.OpenTree(unix.AT_FDCWD, name, unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC)
		if err != nil {
			return err
		}
		err = sys.MountSetattr(fd, "", unix.AT_EMPTY_PATH, unix.MOUNT_ATTR_RDONLY, 0)
		if err == nil {
			err = sys.MoveMount(fd, b.root+f.Path)
		}
		unix.Close(fd)
		if err != nil {
			return fmt.Errorf("%s: %w", f.Path, err)
		}
	}
	return nil
}
