package overlay

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/sys"
)

// removeTree removes a name and all below it, and follows nothing. Directories
// whose owner may not look into them, as overlayfs makes them, are no
// hindrance. What is not there is removed.
func removeTree(dir int, name string) error {
	err := unix.Unlinkat(dir, name, 0)
	switch {
	case err == nil || errors.Is(err, unix.ENOENT):
		return nil
	case !errors.Is(err, unix.EISDIR) && !errors.Is(err, unix.EPERM):
		return named("remove "+name, err)
	}
	if err := emptyDir(dir, name); err != nil {
		return err
	}
	return named("remove "+name, unix.Unlinkat(dir, name, unix.AT_REMOVEDIR))
}

func emptyDir(dir int, name string) error {
	f, err := openToEmpty(dir, name)
	if err != nil {
		return named("open "+name, err)
	}
	defer f.Close()
	names, err := f.Readdirnames(-1)
	if err != nil {
		return err
	}
	for _, n := range names {
		if err := removeTree(int(f.Fd()), n); err != nil {
			return err
		}
	}
	return nil
}

// openToEmpty opens a directory, and lets its owner write in it.
func openToEmpty(dir int, name string) (*os.File, error) {
	fd, err := unix.Openat(dir, name, unix.O_PATH|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	defer unix.Close(fd)
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return nil, err
	}
	if st.Mode&0o700 != 0o700 && int(st.Uid) == os.Geteuid() {
		if err := unix.Chmod(sys.FDPath(fd), 0o700); err != nil {
			return nil, err
		}
	}
	open, err := unix.Openat(fd, ".", unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(open), name), nil
}
