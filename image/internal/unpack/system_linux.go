package unpack

import (
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// The calls that os.Root lacks. Each takes a directory's descriptor and a name
// with no slash in it, and follows no link.

func makeNode(dirfd int, name string, a attributes) error {
	// Lower bits only: the rest comes with chmod, after the umask.
	err := unix.Mknodat(dirfd, name, a.mode&0o170000|0o600, int(unix.Mkdev(a.major, a.minor)))
	return wrap("mknodat", name, err)
}

func setLinkTimes(dirfd int, name string, atime, mtime time.Time) error {
	ts, err := timespecs(atime, mtime)
	if err != nil {
		return err
	}
	return wrap("utimensat", name, unix.UtimesNanoAt(dirfd, name, ts, unix.AT_SYMLINK_NOFOLLOW))
}

func setXattr(f *os.File, key string, value []byte) error {
	return wrap("fsetxattr "+key, f.Name(), unix.Fsetxattr(int(f.Fd()), key, value, 0))
}

// setLinkXattr goes through /proc, as there is no setxattrat(2) before
// Linux 6.13.
func setLinkXattr(dirfd int, name, key string, value []byte) error {
	return wrap("lsetxattr "+key, name, unix.Lsetxattr(fmt.Sprintf("/proc/self/fd/%d/%s", dirfd, name), key, value, 0))
}
