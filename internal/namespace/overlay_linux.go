package namespace

import (
	"errors"
	"fmt"
	"os"
	"path"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/paths"
	"github.com/catbox-go/catbox/internal/sys"
)

// Overlay has what the run changes of its tree kept apart. All its directories are
// the host's.
type Overlay struct {
	// Upper is the directory that gets the changes: the root, unless the first
	// layer is for "/".
	Upper  string
	Layers []Layer
	// Alone is what no layer can cover; it is read-only.
	Alone []Bind
	// Through are the sources of those of Plan.Writable.
	Through []Bind
}

// MakeOverlay is the name of the step in which the kernel makes the overlays.
const MakeOverlay = "make the overlay"

// Bind is what the host has at Source, with all that is mounted there, at Path in the run.
type Bind struct{ Source, Path string }

// Layer is one overlayfs.
type Layer struct {
	Path        string // that it covers
	Lower       []string
	Upper, Work string
	// Mounted is a directory of the host that has it already, "" if it is to be made.
	Mounted string
}

// openLayers makes the overlays, while the directories that they are made of are in view.
func (b *builder) openLayers() error {
	for _, l := range b.Overlay.Layers {
		fd, err := l.take()
		if err != nil && l.gone() {
			fd, err = -1, nil // removed on the host meanwhile; the directory is empty
		}
		if err != nil {
			return fmt.Errorf("overlay of %s: %w", l.Path, err)
		}
		b.layers = append(b.layers, fd)
	}
	for _, bind := range b.Overlay.Alone {
		if err := b.cloneAt(bind.Source, bind.Path); err != nil && !errors.Is(err, os.ErrNotExist) { // removed meanwhile
			return err
		}
	}
	for _, bind := range b.Overlay.Through {
		if err := b.cloneAt(bind.Source, bind.Path); err != nil {
			return err
		}
	}
	if len(b.Overlay.Layers) > 0 && b.Overlay.Layers[0].Path == "/" {
		return nil
	}
	return b.cloneAt(b.Overlay.Upper, "/")
}

// gone tells whether a directory that the overlay was to be over is not there any more, or
// is of a FUSE file system whose server has ended.
func (l Layer) gone() bool {
	return l.Path != "/" && slices.ContainsFunc(l.Lower, func(dir string) bool {
		_, err := os.Lstat(dir)
		return errors.Is(err, os.ErrNotExist) || errors.Is(err, unix.ENOTCONN)
	})
}

// take takes the overlay from the host, or makes it.
func (l Layer) take() (int, error) {
	if l.Mounted == "" {
		return l.open()
	}
	dir, err := openExactly(l.Mounted)
	if err != nil {
		return -1, err
	}
	defer unix.Close(dir)
	return sys.OpenTree(dir, "", unix.AT_EMPTY_PATH|unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC)
}

// open makes the overlay. Its layers are named by descriptor: no path needs escaping.
func (l Layer) open() (int, error) {
	var fds []int
	defer func() {
		for _, fd := range fds {
			unix.Close(fd)
		}
	}()
	name := func(dir string) (string, error) {
		fd, err := openExactly(dir)
		if err != nil {
			return "", err
		}
		fds = append(fds, fd)
		return sys.FDPath(fd), nil
	}
	var lower []string
	for _, dir := range l.Lower {
		text, err := name(dir)
		if err != nil {
			return -1, err
		}
		lower = append(lower, text)
	}
	upper, err := name(l.Upper)
	if err != nil {
		return -1, err
	}
	work, err := name(l.Work)
	if err != nil {
		return -1, err
	}
	// volatile: the end of the mount does not wait until all that the whole file system of
	// the upper layer has to write is written.
	fd, err := sys.NewMount("overlay", unix.MOUNT_ATTR_NOSUID|unix.MOUNT_ATTR_NODEV, [2]string{"userxattr", ""}, [2]string{"volatile", ""},
		[2]string{"lowerdir", strings.Join(lower, ":")}, [2]string{"upperdir", upper}, [2]string{"workdir", work})
	if err != nil {
		return -1, err
	}
	return fd, l.writable(fd)
}

// writable closes an overlay that cannot be written: where it cannot use the work
// directory, the kernel mounts it all the same (ovl_get_workdir).
func (l Layer) writable(fd int) error {
	var st unix.Statfs_t
	if err := unix.Fstatfs(fd, &st); err == nil && st.Flags&unix.ST_RDONLY == 0 {
		return nil
	}
	unix.Close(fd)
	return &os.PathError{Op: "use as an upper layer, of this file system,", Path: l.Upper, Err: unix.EROFS}
}

// enterOverlay makes the overlays the run's tree.
func (b *builder) enterOverlay() error {
	layers, root := b.Overlay.Layers, -1
	if len(layers) > 0 && layers[0].Path == "/" {
		root, layers, b.layers = b.layers[0], layers[1:], b.layers[1:]
	} else {
		root = b.clones["/"]
		delete(b.clones, "/")
	}
	defer unix.Close(root)
	if err := sys.MoveMount(root, "/proc"); err != nil {
		return mountError("mount", "the overlay", err)
	}
	if err := pivot("/proc"); err != nil {
		return err
	}
	for i, l := range layers {
		if b.layers[i] < 0 {
			continue
		}
		err := sys.MoveMount(b.layers[i], l.Path)
		unix.Close(b.layers[i])
		if err != nil {
			return mountError("mount the overlay of", l.Path, err)
		}
	}
	for _, bind := range b.Overlay.Alone {
		if _, there := b.clones[bind.Path]; !there || b.mountedAnew(bind.Path) {
			continue
		}
		if err := b.place(bind.Path, true); err != nil {
			return err
		}
	}
	return b.makeMountPoints()
}

// mountedAnew tells whether the run gets something of its own at the path.
func (b *builder) mountedAnew(path string) bool {
	return b.Proc && paths.Under(path, "/proc") || b.Dev && paths.Under(path, "/dev") || paths.UnderAny(path, b.Private)
}

// MountPoint is a mount of the caller's namespace.
type MountPoint struct{ Path, Type string }

// MountPoints lists what is mounted where the caller is (proc_pid_mountinfo(5)).
func MountPoints() ([]MountPoint, error) {
	data, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return nil, err
	}
	var points []MountPoint
	for line := range strings.Lines(string(data)) {
		fields, rest, ok := strings.Cut(line, " - ")
		where, kind := strings.Fields(fields), strings.Fields(rest)
		if ok && len(where) > 4 && len(kind) > 0 {
			points = append(points, MountPoint{path.Clean(paths.Unescape(where[4])), kind[0]})
		}
	}
	return points, nil
}
