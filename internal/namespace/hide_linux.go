package namespace

import (
	"fmt"
	"os"
	"path"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/paths"
	"github.com/catbox-go/catbox/internal/sys"
)

// hide takes names out of the view. A directory that cannot be written anyway
// is overlaid with one in which the names are whited out, so that they are not
// there for any call. In a writable directory an overlay would keep changes
// from the host, so there the name is covered by something empty, and the
// supervisor answers for it.
func (b *builder) hide() error {
	byDir := map[string][]string{}
	for _, p := range paths.Topmost(b.Hidden) {
		if _, err := os.Lstat(p); err != nil {
			continue // not in the view anyway
		}
		if b.changeable(p) {
			if err := cover(p); err != nil {
				return err
			}
			continue
		}
		byDir[path.Dir(p)] = append(byDir[path.Dir(p)], path.Base(p))
	}
	dirs := make([]string, 0, len(byDir))
	for dir := range byDir {
		dirs = append(dirs, dir)
	}
	return whiteOutAll(byDepth(dirs), byDir)
}

// whiteOutAll opens all directories before it mounts on one: overlays can lie on
// overlays two deep (FILESYSTEM_MAX_STACK_DEPTH), and what is taken from a directory
// and the ones above it would otherwise be a stack of as many.
func whiteOutAll(dirs []string, names map[string][]string) error {
	layers := make([]layer, 0, len(dirs))
	defer func() {
		for _, l := range layers {
			unix.Close(l.fd)
		}
	}()
	for _, dir := range dirs {
		l, err := openLayer(dir)
		if err != nil {
			return fmt.Errorf("%s: %w", dir, err)
		}
		layers = append(layers, l)
	}
	for _, l := range layers {
		if err := l.whiteOut(names[l.dir]); err != nil {
			return fmt.Errorf("%s: %w", l.dir, err)
		}
	}
	return nil
}

// layer is a directory that names are to be taken out of.
type layer struct {
	dir    string
	fd     int
	mounts bool // there are mounts below it
}

func openLayer(dir string) (layer, error) {
	below, err := cloneBelow(dir)
	if err != nil {
		return layer{}, err
	}
	closeAll(below)
	fd, err := openExactly(dir)
	return layer{dir, fd, len(below) > 0}, err
}

// changeable tells whether names can be made and removed where path is. What of
// the host is seen in a private directory stays read-only.
func (b *builder) changeable(path string) bool {
	ofHost := paths.UnderAny(path, b.Visible) || paths.UnderAny(path, b.Readable)
	return b.AnyWrite || paths.UnderAny(path, b.Writable) || paths.UnderAny(path, b.Private) && !ofHost
}

// cover mounts something empty over path. A directory can be searched, and not
// listed: what is looked for in it is not there, and not forbidden.
func cover(target string) error {
	fd, err := sys.NewMount("tmpfs", unix.MOUNT_ATTR_NOSUID|unix.MOUNT_ATTR_NODEV|unix.MOUNT_ATTR_NOEXEC, [2]string{"mode", "0111"})
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	var st unix.Stat_t
	if err := unix.Lstat(target, &st); err != nil {
		return err
	}
	if st.Mode&unix.S_IFMT == unix.S_IFDIR {
		return coverWith(fd, "", target)
	}
	f, err := unix.Openat(fd, "empty", unix.O_CREAT|unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	unix.Close(f)
	return coverWith(fd, "empty", target)
}

func coverWith(fd int, name, target string) error {
	flags := uint(unix.OPEN_TREE_CLONE | unix.OPEN_TREE_CLOEXEC)
	if name == "" {
		flags |= unix.AT_EMPTY_PATH
	}
	tree, err := sys.OpenTree(fd, name, flags)
	if err != nil {
		return err
	}
	defer unix.Close(tree)
	if err := sys.MountSetattr(tree, "", unix.AT_EMPTY_PATH, unix.MOUNT_ATTR_RDONLY, 0); err != nil {
		return err
	}
	return sys.MoveMount(tree, target)
}

// whiteOut mounts a read-only overlay over the directory: itself below a
// layer that has a whiteout for each name. Mounts below it are put back.
func (l layer) whiteOut(names []string) error {
	if l.mounts {
		// overlayfs refuses a layer with mounts below it that belong to the
		// user namespace above, which all mounts of the host do.
		return rebuild(l.dir, names)
	}
	whiteouts, err := whiteoutLayer(names)
	if err != nil {
		return err
	}
	defer unix.Close(whiteouts)
	// A layer has to be attached somewhere while the overlay is made.
	if err := sys.MoveMount(whiteouts, l.dir); err != nil {
		return err
	}
	// The layers are named by descriptor: no path of the host needs escaping.
	overlay, err := sys.NewMount("overlay", unix.MOUNT_ATTR_RDONLY|unix.MOUNT_ATTR_NOSUID|unix.MOUNT_ATTR_NODEV,
		[2]string{"userxattr", ""}, [2]string{"lowerdir", sys.FDPath(whiteouts) + ":" + sys.FDPath(l.fd)})
	if err != nil {
		return fmt.Errorf("overlay: %w", err)
	}
	defer unix.Close(overlay)
	if err := unix.Unmount(sys.FDPath(whiteouts), unix.MNT_DETACH); err != nil {
		return mountError("umount", l.dir, err)
	}
	return attachOver(overlay, l.dir)
}

func closeAll(list []below) {
	for _, m := range list {
		unix.Close(m.fd)
	}
}

// rebuild covers dir with a directory in which everything but the names is
// mounted again, each entry by itself.
func rebuild(dir string, names []string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	fd, err := sys.NewMount("tmpfs", unix.MOUNT_ATTR_NOSUID|unix.MOUNT_ATTR_NODEV, [2]string{"mode", "0755"})
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	var list []below
	defer func() { closeAll(list) }()
	for _, e := range entries {
		if slices.Contains(names, e.Name()) {
			continue
		}
		mount, err := placeholder(fd, dir, e)
		if err != nil {
			return fmt.Errorf("%s: %w", e.Name(), err)
		}
		if mount >= 0 {
			list = append(list, below{e.Name(), mount})
		}
	}
	if err := attachOver(fd, dir); err != nil {
		return err
	}
	for _, m := range list {
		if err := sys.MoveMount(m.fd, path.Join(dir, m.path)); err != nil {
			return fmt.Errorf("%s: %w", m.path, err)
		}
	}
	return sys.MountSetattr(fd, "", unix.AT_EMPTY_PATH, unix.MOUNT_ATTR_RDONLY, 0)
}

// placeholder makes an entry in the new directory like the one in dir, and
// copies the mounts to be attached there; -1 if the entry is complete as it is.
func placeholder(fd int, dir string, e os.DirEntry) (int, error) {
	source := path.Join(dir, e.Name())
	if e.Type()&os.ModeSymlink != 0 {
		content, err := os.Readlink(source)
		if err != nil {
			return -1, err
		}
		return -1, unix.Symlinkat(content, fd, e.Name())
	}
	if e.IsDir() {
		if err := unix.Mkdirat(fd, e.Name(), 0o755); err != nil {
			return -1, err
		}
	} else {
		f, err := unix.Openat(fd, e.Name(), unix.O_CREAT|unix.O_EXCL|unix.O_CLOEXEC, 0o444)
		if err != nil {
			return -1, err
		}
		unix.Close(f)
	}
	return sys.OpenTree(unix.AT_FDCWD, source, unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC|unix.AT_RECURSIVE|unix.AT_SYMLINK_NOFOLLOW)
}

// attachOver mounts fd on dir. What is mounted on the root is not seen from it,
// so there the caller's root has to move onto the new mount.
func attachOver(fd int, dir string) error {
	if err := sys.MoveMount(fd, dir); err != nil || dir != "/" {
		return err
	}
	if err := unix.Fchdir(fd); err != nil {
		return err
	}
	return mountError("chroot", "/", unix.Chroot("."))
}

func whiteoutLayer(names []string) (int, error) {
	fd, err := sys.NewMount("tmpfs", 0, [2]string{"mode", "0755"})
	if err != nil {
		return -1, err
	}
	for _, name := range names {
		// Device 0:0 is overlayfs's whiteout; making it needs no capability (Linux 5.8).
		if err := unix.Mknodat(fd, name, unix.S_IFCHR, 0); err != nil {
			unix.Close(fd)
			return -1, fmt.Errorf("mknod whiteout: %w", err)
		}
	}
	return fd, nil
}

// below is a mount below a directory, detached.
type below struct {
	path string
	fd   int
}

// cloneBelow copies the mounts directly below dir, each with what is below it.
func cloneBelow(dir string) ([]below, error) {
	points, err := mountPoints()
	if err != nil {
		return nil, err
	}
	var list []below
	for _, point := range byDepth(points) {
		if point == dir || !paths.Under(point, dir) || slices.ContainsFunc(list, func(m below) bool { return paths.Under(point, m.path) }) {
			continue
		}
		fd, err := sys.OpenTree(unix.AT_FDCWD, point, unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC|unix.AT_RECURSIVE)
		if err != nil {
			continue // covered by another mount: not in the view
		}
		list = append(list, below{point, fd})
	}
	return list, nil
}

// mountPoints reads the mount points of the caller's namespace (proc_pid_mountinfo(5)).
func mountPoints() ([]string, error) {
	mounts, err := MountPoints()
	points := make([]string, len(mounts))
	for i, m := range mounts {
		points[i] = m.Path
	}
	return points, err
}
