//go:build amd64

package attack

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// snapshot is a tree as it is seen from outside: a line for each file.
type snapshot map[string]string

func takeSnapshot(root string) (snapshot, error) {
	s := snapshot{}
	err := filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		s[path], err = describe(path)
		return err
	})
	return s, err
}

// describe tells everything about a file that an attack could change; not the
// time of access, which reading changes.
func describe(path string) (string, error) {
	var st unix.Stat_t
	if err := unix.Lstat(path, &st); err != nil {
		return "", err
	}
	content := ""
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFREG:
		data, err := os.ReadFile(path)
		if err != nil {
			return "", err
		}
		content = fmt.Sprintf("%x", sha256.Sum256(data))
	case unix.S_IFLNK:
		content, _ = os.Readlink(path)
	}
	return fmt.Sprintf("mode=%o owner=%d:%d size=%d nlink=%d dev=%d mtime=%d ctime=%d flags=%#x xattrs=%s content=%s",
		st.Mode, st.Uid, st.Gid, st.Size, st.Nlink, st.Rdev, st.Mtim.Nano(), st.Ctim.Nano(), fileFlags(path), xattrs(path), content), nil
}

// fileFlags are those of FS_IOC_SETFLAGS.
func fileFlags(path string) uint32 {
	var st unix.Statx_t
	if unix.Statx(unix.AT_FDCWD, path, unix.AT_SYMLINK_NOFOLLOW, unix.STATX_BASIC_STATS, &st) != nil {
		return 0
	}
	return uint32(st.Attributes)
}

func xattrs(path string) string {
	names := make([]byte, 4096)
	n, err := unix.Llistxattr(path, names)
	if err != nil || n == 0 {
		return ""
	}
	list := strings.Split(strings.TrimRight(string(names[:n]), "\x00"), "\x00")
	slices.Sort(list)
	var b strings.Builder
	for _, name := range list {
		value := make([]byte, 4096)
		n, err := unix.Lgetxattr(path, name, value)
		if err == nil {
			fmt.Fprintf(&b, "%s=%x,", name, value[:n])
		}
	}
	return b.String()
}

// changes lists the files that differ, at most a few of them.
func (s snapshot) changes(after snapshot) []string {
	var list []string
	for path, was := range s {
		if is, ok := after[path]; !ok {
			list = append(list, "removed "+path)
		} else if is != was {
			list = append(list, fmt.Sprintf("changed %s\n  from %s\n  to   %s", path, was, is))
		}
	}
	for path := range after {
		if _, ok := s[path]; !ok {
			list = append(list, "created "+path)
		}
	}
	slices.Sort(list)
	return list[:min(len(list), 5)]
}
