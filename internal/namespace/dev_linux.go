package namespace

import (
	"errors"
	"fmt"
	"os"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/sys"
)

// devices are those of the host that a run may use: none keeps anything or
// reaches anything.
var devices = []string{"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty"}

// devLinks are the symbolic links that programs expect.
var devLinks = [][2]string{
	{"/proc/self/fd", "/dev/fd"},
	{"/proc/self/fd/0", "/dev/stdin"},
	{"/proc/self/fd/1", "/dev/stdout"},
	{"/proc/self/fd/2", "/dev/stderr"},
	{"pts/ptmx", "/dev/ptmx"},
}

// hostProc are the parts of /proc that belong to the host and not to a
// process; root owns them, in every user namespace in which it is mapped.
var hostProc = []string{"/proc/sys", "/proc/sysrq-trigger", "/proc/irq", "/proc/bus", "/proc/fs", "/proc/acpi", "/proc/scsi"}

// Devices are the host's devices that a run may open for writing, and no more:
// their mode and name are the host's. terminal is that which the command is
// started on, "" if there is none.
func Devices(terminal string) []string {
	var paths []string
	for _, dev := range append(slices.Clip(devices), terminal) {
		if _, err := os.Stat(dev); dev != "" && err == nil {
			paths = append(paths, dev)
		}
	}
	return paths
}

func (b *builder) cloneDevices() error {
	list := devices
	if b.Terminal != "" {
		list = append(list[:len(list):len(list)], b.Terminal)
	}
	for _, dev := range list {
		err := b.clone(dev)
		if errors.Is(err, unix.ENOENT) {
			continue // a container may lack /dev/full or /dev/tty; so will the run
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// mountDev builds a /dev in which there are only harmless devices. It is
// read-only itself; the terminals and /dev/shm are file systems of their own.
func (b *builder) mountDev() error {
	dev := b.root + "/dev"
	if err := os.MkdirAll(dev, 0o755); err != nil {
		return err
	}
	if err := attachTmpfs(dev, "0755", unix.MOUNT_ATTR_NOSUID|unix.MOUNT_ATTR_NOEXEC); err != nil {
		return err
	}
	for _, d := range devices {
		if _, ok := b.clones[d]; !ok {
			continue
		}
		// Read-only keeps the host's inode as it is; a device can be written through it.
		if err := b.place(d, true); err != nil {
			return err
		}
	}
	for _, l := range devLinks {
		if err := os.Symlink(l[0], b.root+l[1]); err != nil {
			return err
		}
	}
	if err := b.mountTerminals(); err != nil {
		return err
	}
	if err := b.mountShm(); err != nil {
		return err
	}
	return sys.MountSetattr(unix.AT_FDCWD, dev, 0, unix.MOUNT_ATTR_RDONLY, 0)
}

func (b *builder) mountTerminals() error {
	pts := b.root + "/dev/pts"
	if err := os.Mkdir(pts, 0o755); err != nil {
		return err
	}
	fd, err := sys.NewMount("devpts", unix.MOUNT_ATTR_NOSUID|unix.MOUNT_ATTR_NOEXEC,
		[2]string{"newinstance", ""}, [2]string{"ptmxmode", "0666"}, [2]string{"mode", "0620"})
	if err != nil {
		return fmt.Errorf("/dev/pts: %w", err)
	}
	defer unix.Close(fd)
	if err := sys.MoveMount(fd, pts); err != nil {
		return fmt.Errorf("/dev/pts: %w", err)
	}
	if _, ok := b.clones[b.Terminal]; !ok || b.Terminal == "" {
		return nil
	}
	return b.placeAt(b.Terminal, "/dev/console")
}

func (b *builder) mountShm() error {
	if err := os.Mkdir(b.root+"/dev/shm", 0o755); err != nil {
		return err
	}
	return attachTmpfs(b.root+"/dev/shm", "1777", unix.MOUNT_ATTR_NOSUID|unix.MOUNT_ATTR_NODEV)
}

// placeAt attaches the copy taken of path at another path of the view.
func (b *builder) placeAt(path, target string) error {
	if target != path {
		b.clones[target] = b.clones[path]
		delete(b.clones, path)
	}
	return b.place(target, true)
}

// openProc makes a /proc of the run's pid namespace, to be mounted.
func (b *builder) openProc() (err error) {
	b.proc, err = sys.NewMount("proc", unix.MOUNT_ATTR_NOSUID|unix.MOUNT_ATTR_NODEV|unix.MOUNT_ATTR_NOEXEC)
	return err
}

func (b *builder) mountProc() error {
	if b.proc < 0 {
		if err := b.openProc(); err != nil {
			return err
		}
	}
	fd := b.proc
	defer unix.Close(fd)
	if b.root != "" {
		if err := os.MkdirAll(b.root+"/proc", 0o555); err != nil {
			return err
		}
	}
	if err := sys.MoveMount(fd, b.root+"/proc"); err != nil {
		return err
	}
	if !b.Root {
		return nil // they belong to root, which is not in this user namespace
	}
	for _, path := range hostProc {
		if err := protect(b.root + path); err != nil && !errors.Is(err, unix.ENOENT) {
			return err
		}
	}
	return nil
}
