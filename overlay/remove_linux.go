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

// writable does something in a directory, which gets the permission for it for
// the moment if its owner took it from himself.
func writable(dir *os.File, do func() error) error {
	err := do()
	if !errors.Is(err, unix.EACCES) {
		return err
	}
	var st unix.Stat_t
	if unix.Fstat(int(dir.Fd()), &st) != nil || int(st.Uid) != os.Geteuid() || st.Mode&0o300 == 0o300 {
		return err
	}
	path := sys.FDPath(int(dir.Fd()))
	if err := unix.Chmod(path, st.Mode&0o7777|0o700); err != nil {
		return named("chmod", err)
	}
	return errors.Join(do(), named("chmod", unix.Chmod(path, st.Mode&0o7777)))
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
