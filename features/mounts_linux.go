package features

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/sys"
)

// scratch is where children put their files, on a tmpfs in their own mount namespace. The directory surely exists:
// the child was started by a path in it.
const scratch = "/proc"

func probeTmpfs() error          { return mountChild("tmpfs", unix.CLONE_NEWNS) }
func probeReadOnlyMounts() error { return mountChild("readonly", unix.CLONE_NEWNS) }
func probeOverlay() error        { return mountChild("overlay", unix.CLONE_NEWNS) }
func probeFreshProc() error      { return mountChild("proc", unix.CLONE_NEWNS|unix.CLONE_NEWPID) }

func mountChild(name string, flags uintptr) error {
	if err := needsUserNamespace(); err != nil {
		return err
	}
	if err := fork(inUserNamespace(flags)); err != nil {
		return verdict("create namespaces", err)
	}
	return inChild(name, inUserNamespace(flags))
}

func private() error {
	return verdict("make mounts private", unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""))
}

func childTmpfs() error {
	if err := private(); err != nil {
		return err
	}
	if err := unix.Mount("tmpfs", scratch, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "mode=0755,size=1m"); err != nil {
		return verdict("mount tmpfs", err)
	}
	if _, err := os.Stat(scratch + "/self"); err == nil {
		return noEffect("mount tmpfs", nil)
	}
	return verdict("write to tmpfs", os.WriteFile(scratch+"/file", []byte("x"), 0o600))
}

func childReadOnly() error {
	if err := childTmpfs(); err != nil {
		return err
	}
	if err := os.Mkdir(scratch+"/root", 0o755); err != nil {
		return err
	}
	if err := moveReadOnlyClone("/", scratch+"/root"); err != nil {
		return err
	}
	// To remove what is not there does no harm to the host if the clone is writable after all.
	// The scratch directory is a mount of its own: it shows whether the mounts below were reached.
	for _, dir := range []string{"/root", "/root" + scratch} {
		if err := unix.Rmdir(scratch + dir + "/" + probeName); err != unix.EROFS {
			return noEffect("make the clone read-only", err)
		}
	}
	return verdict("write outside of the clone", os.WriteFile(scratch+"/file", []byte("y"), 0o600))
}

func moveReadOnlyClone(from, to string) error {
	fd, err := sys.OpenTree(unix.AT_FDCWD, from, unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC|unix.AT_RECURSIVE)
	if err != nil {
		return verdict("clone /", err)
	}
	defer unix.Close(fd)
	if err := sys.MountSetattr(fd, "", unix.AT_EMPTY_PATH|unix.AT_RECURSIVE, unix.MOUNT_ATTR_RDONLY, 0); err != nil {
		return verdict("make the clone read-only", err)
	}
	return verdict("attach the clone", sys.MoveMount(fd, to))
}

func childOverlay() error {
	if err := childTmpfs(); err != nil {
		return err
	}
	if err := layers(); err != nil {
		return err
	}
	whiteout := filepath.Join(scratch, "hide/hidden")
	if err := unix.Mknod(whiteout, unix.S_IFCHR, int(unix.Mkdev(0, 0))); err != nil {
		return verdict("make a whiteout", err)
	}
	options := fmt.Sprintf("lowerdir=%[1]s/hide:%[1]s/lower,upperdir=%[1]s/upper,workdir=%[1]s/work", scratch)
	if err := unix.Mount("overlay", scratch+"/merged", "overlay", 0, options); err != nil {
		return verdict("mount overlay", err)
	}
	return hidesAndRemoves()
}

func layers() error {
	for _, dir := range []string{"lower", "hide", "upper", "work", "merged"} {
		if err := os.Mkdir(filepath.Join(scratch, dir), 0o755); err != nil {
			return err
		}
	}
	for _, file := range []string{"lower/hidden", "lower/removed", "lower/kept"} {
		if err := os.WriteFile(filepath.Join(scratch, file), []byte("x"), 0o600); err != nil {
			return err
		}
	}
	return nil
}

func hidesAndRemoves() error {
	if _, err := os.Stat(scratch + "/merged/kept"); err != nil {
		return noEffect("overlay", err)
	}
	if _, err := os.Stat(scratch + "/merged/hidden"); !errors.Is(err, unix.ENOENT) {
		return noEffect("whiteout", err)
	}
	if err := os.Remove(scratch + "/merged/removed"); err != nil {
		return verdict("remove a file of a lower layer", err)
	}
	if _, err := os.Stat(scratch + "/lower/removed"); err != nil {
		return noEffect("overlay", err)
	}
	return nil
}

func childProc() error {
	if err := private(); err != nil {
		return err
	}
	if err := unix.Mount("proc", "/proc", "proc", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, ""); err != nil {
		return verdict("mount proc", err)
	}
	if self, err := os.Readlink("/proc/self"); self != "1" {
		return noEffect("mount proc", err)
	}
	return nil
}
