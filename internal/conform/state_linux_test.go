package conform

import (
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// state describes what is in and below a directory, and the directory, a line each.
func state(dir string) []string {
	var lines []string
	filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
		if err != nil {
			lines = append(lines, path+": "+errText(err))
			return nil
		}
		lines = append(lines, strings.TrimPrefix(path, dir+"/")+": "+line(path))
		return nil
	})
	return lines
}

func line(path string) string {
	var st unix.Stat_t
	if err := unix.Lstat(path, &st); err != nil {
		return errText(err)
	}
	s := fmt.Sprintf("%o nlink %d ids %d:%d size %d dev %x times %s %s", st.Mode, st.Nlink, st.Uid, st.Gid, size(&st),
		st.Rdev, stamp(st.Atim), stamp(st.Mtim))
	return s + content(path, &st) + attributes(path) + attrFlags(path, &st)
}

// size is 0 for a directory, where it depends on what was there.
func size(st *unix.Stat_t) int64 {
	if st.Mode&unix.S_IFMT == unix.S_IFDIR {
		return 0
	}
	return st.Size
}

// started is when the tests began, or shortly before.
var started = time.Now().Add(-time.Hour)

// stamp is a time that was set, or "now".
func stamp(ts unix.Timespec) string {
	t := time.Unix(ts.Unix())
	if t.After(started) && t.Before(started.Add(48*time.Hour)) {
		return "now"
	}
	return fmt.Sprintf("%d.%09d", ts.Sec, ts.Nsec)
}

func content(path string, st *unix.Stat_t) string {
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFLNK:
		target, _ := os.Readlink(path)
		return " -> " + fmt.Sprintf("%.60q", target)
	case unix.S_IFREG:
		if st.Size > 1<<24 {
			return " large"
		}
		if data, err := os.ReadFile(path); err == nil {
			return fmt.Sprintf(" crc %08x", crc32.ChecksumIEEE(data))
		}
	}
	return ""
}

// attributes are the extended ones.
func attributes(path string) string {
	names := make([]byte, 4096)
	n, err := unix.Llistxattr(path, names)
	if err != nil || n == 0 {
		return ""
	}
	s := ""
	list := strings.Split(strings.TrimRight(string(names[:n]), "\x00"), "\x00")
	slices.Sort(list) // listxattr(2): "unordered"
	for _, name := range list {
		value := make([]byte, 65536)
		n, err := unix.Lgetxattr(path, name, value)
		if err != nil {
			n = 0
		}
		s += fmt.Sprintf(" %s=%08x", name, crc32.ChecksumIEEE(value[:n]))
	}
	return s
}

// visibleFlags are the attribute flags that chattr(1) sets; the others say how
// the file system stores the file.
const visibleFlags = 0x3fff &^ 0x1000 // without FS_INDEX_FL

func attrFlags(path string, st *unix.Stat_t) string {
	if t := st.Mode & unix.S_IFMT; t != unix.S_IFREG && t != unix.S_IFDIR {
		return ""
	}
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return ""
	}
	defer unix.Close(fd)
	flags, err := unix.IoctlGetInt(fd, unix.FS_IOC_GETFLAGS)
	if err != nil || flags&visibleFlags == 0 {
		return ""
	}
	return fmt.Sprintf(" flags %#x", flags&visibleFlags)
}
