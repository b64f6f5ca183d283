package overlay

import (
	"errors"
	"io/fs"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/fakeroot"
	"github.com/catbox-go/catbox/internal/sys"
)

// Stat is a file's status, as the command saw it: what a fake root noted of it
// counts.
type Stat struct {
	Mode     uint32 // type and permissions (st_mode of stat(2))
	UID, GID uint32
	Size     int64 // bytes
	Mtime    time.Time
	Rdev     uint64 // dev_t as of stat(2), for devices
	Nlink    uint32
	Target   string // of a symbolic link
	// Xattrs are the extended attributes but for overlayfs' own and the label
	// of SELinux; nil is none.
	Xattrs map[string][]byte

	atime, ctime time.Time
	blocks       uint64 // of 512 bytes
	id           fakeroot.ID
	// implied is of an owner that nobody asked for: the file was made by a fake root.
	implied bool
}

// IsDir tells whether it is a directory's.
func (s *Stat) IsDir() bool { return s.kind() == unix.S_IFDIR }

func (s *Stat) kind() uint32    { return s.Mode & unix.S_IFMT }
func (s *Stat) isRegular() bool { return s.kind() == unix.S_IFREG }
func (s *Stat) isLink() bool    { return s.kind() == unix.S_IFLNK }

// statAt is the status of a name in an open directory, of the directory itself
// for ".". It has all attributes, overlayfs' own too.
func statAt(dir int, name string) (*Stat, error) {
	var st unix.Statx_t
	err := unix.Statx(dir, name, unix.AT_SYMLINK_NOFOLLOW, unix.STATX_BASIC_STATS|unix.STATX_BTIME, &st)
	if err != nil {
		return nil, &fs.PathError{Op: "statx", Path: name, Err: err}
	}
	s := &Stat{
		Mode: uint32(st.Mode), UID: st.Uid, GID: st.Gid, Size: int64(st.Size), Nlink: st.Nlink,
		Rdev: unix.Mkdev(st.Rdev_major, st.Rdev_minor), blocks: st.Blocks, id: fakeroot.IDOf(&st),
		Mtime: moment(st.Mtime), atime: moment(st.Atime), ctime: moment(st.Ctime),
	}
	path := sys.FDPath(dir) + "/" + name
	if s.isLink() {
		if s.Target, err = readlinkAt(dir, name, st.Size); err != nil {
			return nil, err
		}
	}
	s.Xattrs, err = readXattrs(path)
	return s, err
}

func moment(t unix.StatxTimestamp) time.Time { return time.Unix(t.Sec, int64(t.Nsec)) }

func readlinkAt(dir int, name string, size uint64) (string, error) {
	buf := make([]byte, max(size, unix.PathMax)+1) // size is 0 in some file systems
	n, err := unix.Readlinkat(dir, name, buf)
	if err != nil {
		return "", &fs.PathError{Op: "readlink", Path: name, Err: err}
	}
	return string(buf[:n]), nil
}

// readXattrs returns the attributes that can be read, nil if there are none.
func readXattrs(path string) (map[string][]byte, error) {
	names, err := listXattrs(path)
	if err != nil || len(names) == 0 {
		return nil, err
	}
	xattrs := map[string][]byte{}
	for _, name := range names {
		value, err := getXattr(path, name)
		switch {
		case err == nil:
			xattrs[name] = value
		case errors.Is(err, unix.ENODATA) || errors.Is(err, unix.EACCES) || errors.Is(err, unix.EPERM):
			// gone meanwhile, or for others to know
		default:
			return nil, err
		}
	}
	return xattrs, nil
}

func listXattrs(path string) ([]string, error) {
	buf, err := growing(func(buf []byte) (int, error) { return unix.Llistxattr(path, buf) })
	switch {
	case errors.Is(err, unix.ENOTSUP):
		return nil, nil
	case err != nil:
		return nil, &fs.PathError{Op: "llistxattr", Path: path, Err: err}
	}
	return strings.FieldsFunc(string(buf), func(r rune) bool { return r == 0 }), nil
}

func getXattr(path, name string) ([]byte, error) {
	value, err := growing(func(buf []byte) (int, error) { return unix.Lgetxattr(path, name, buf) })
	if err != nil {
		return nil, &fs.PathError{Op: "lgetxattr " + name, Path: path, Err: err}
	}
	return value, nil
}

// growing asks again with more room until what is asked for fits: at most 64
// KiB (xattr(7)).
func growing(read func([]byte) (int, error)) ([]byte, error) {
	for size := 256; ; size = 1 << 16 {
		buf := make([]byte, size)
		n, err := read(buf)
		if errors.Is(err, unix.ERANGE) && size < 1<<16 {
			continue
		}
		return buf[:max(n, 0)], err
	}
}

func (s *Stat) isDevice() bool { return fakeroot.IsDevice(s.Mode) }
