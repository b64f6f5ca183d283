package conform

import (
	"encoding/binary"
	"fmt"
	"os"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// ownersProgram changes owners and modes, of which one has to do with the other.
func ownersProgram(r *recorder) {
	for _, path := range fewPaths {
		r.do("chown", path, 1, 2)
		r.do("lchown", path, 1, -1)
		r.do("fchownat", here, path, -1, 70000, unix.AT_SYMLINK_NOFOLLOW)
		r.do("chmod", path, 0o7777)
	}
	for _, ids := range [][2]any{{-1, -1}, {0, 0}, {1<<32 - 2, 1<<32 - 2}, {1<<32 - 1, 5}, {5, 1<<32 - 1}, {65534, 65535}, {65536, 1 << 31}, {1<<32 | 7, 1<<32 | 8}} {
		for _, mode := range []int{0o6755, 0o6745, 0o2644, 0o1777} {
			for _, path := range []string{"file", "dir"} {
				r.enterCell()
				must(unix.Chmod(path, uint32(mode)))
				r.clean = state(".")
				r.do("chown", path, ids[0], ids[1])
				r.clean = nil
			}
		}
	}
	r.enterCell()
	must(unix.Chown("file", 5, 6))
	for _, mode := range []int{0, 0o4000, 0o2010, 0o7777, 0o1777, 0o177777, -1} {
		r.do("chmod", "file", mode)
	}
	r.withEach(func(fd int) { r.do("fchown", fd, 11, 12) })
	r.withEach(func(fd int) { r.do("fchownat", fd, "", 11, 12, unix.AT_EMPTY_PATH) })
	r.withEach(func(fd int) { r.do("chown", procFD(fd), 11, 12) })
	r.with("file", unix.O_RDWR, func(fd int) {
		must(unix.Unlink("file"))
		r.do("fchown", fd, 13, 14)
		r.status("fstat", number{"fd", fd})
		r.do("fchmod", fd, 0o4751)
		r.status("fstat", number{"fd", fd})
	})
}

func devicesProgram(r *recorder) {
	for _, kind := range []int{unix.S_IFCHR, unix.S_IFBLK} {
		for _, dev := range []int{0, 1, 0x103, 0xff, 0x100, 0xfff00, 0xfffff, 0x100000, 0xfff00000, 1<<32 - 1, 1 << 32} {
			r.do("mknod", "new", kind|0o640, dev)
			r.do("mknodat", here, "new", kind|0o7777, dev)
		}
		for _, path := range fewPaths {
			r.do("mknod", path, kind|0o600, 0x103)
		}
		for _, mask := range []int{0, 0o077, 0o777} {
			r.umask(mask)
			r.do("mknod", "new", kind|0o666, 0x103)
			r.umask(0o022)
		}
	}
	r.world()
	r.entries(".")
	for _, c := range []call{
		{"rename", []any{"block", "moved"}}, {"link", []any{"block", "second"}}, {"unlink", []any{"char"}}, {"chmod", []any{"block", 0o4711}},
		{"chown", []any{"char", 77, 88}}, {"rmdir", []any{"block"}}, {"truncate", []any{"block", 0}}, {"setxattr", []any{"block", "user.a", shown{"value", []byte("v")}, 1, 0}},
		{"renameat2", []any{here, "block", here, "char", unix.RENAME_EXCHANGE}}, {"rename", []any{"file", "block"}}, {"mkdir", []any{"block/x", 0o755}},
		{"utimensat", []any{here, "block", nil, 0}},
	} {
		r.world()
		r.do(c.name, c.args...)
		r.entries(".")
		r.clean = nil
	}
	r.world()
	for _, flags := range []int{unix.O_PATH, unix.O_PATH | unix.O_NOFOLLOW, unix.O_CREAT | unix.O_EXCL, unix.O_DIRECTORY | unix.O_RDONLY} {
		r.open("openat", here, "block", flags, 0o644)
	}
	_, errno := invoke("openat", here, "char", unix.O_RDWR|unix.O_NONBLOCK, 0)
	r.plain("open a device that is not there", errnoText(errno))
}

// entries reads a directory by each generation of the call.
func (r *recorder) entries(dir string) {
	for _, name := range []string{"getdents64", "getdents"} {
		fd, err := unix.Open(dir, unix.O_RDONLY|unix.O_DIRECTORY, 0)
		must(err)
		var seen []string
		for {
			buf := buffer(400) // several calls
			n, errno := invoke(name, fd, buf, 400)
			if errno != 0 || n == 0 {
				seen = append(seen, result(n, errno))
				break
			}
			for b := buf.data[:n]; len(b) > 0; {
				size := int(binary.NativeEndian.Uint16(b[16:]))
				entry, kind := b[19:size], b[18]
				if name == "getdents" {
					entry, kind = b[18:size-1], b[size-1]
				}
				seen = append(seen, fmt.Sprintf("%s=%d", strings.TrimRight(string(entry[:slices.Index(append(slices.Clone(entry), 0), 0)]), "\x00"), kind))
				b = b[size:]
			}
		}
		unix.Close(fd)
		slices.Sort(seen)
		r.plain(name, strings.Join(seen, " "))
	}
}

func capability(revision uint32, size int) shown {
	b := binary.LittleEndian.AppendUint32(nil, revision)
	return shown{fmt.Sprintf("capability %x of %d", revision, size), append(b, make([]byte, 64)...)[:size]}
}

// rootAttributesProgram has attributes that only root may set.
func rootAttributesProgram(r *recorder) {
	value := shown{"value", []byte("value")}
	for _, path := range fewPaths {
		r.do("setxattr", path, "trusted.a", value, 5, 0)
		r.do("lsetxattr", path, "trusted.a", value, 5, 0)
		r.do("lsetxattr", path, "security.a", value, 5, 0)
		r.do("setxattr", path, "security.capability", capability(0x02000000, 20), 20, 0)
	}
	for _, revision := range []uint32{0x01000000, 0x02000000, 0x02000001, 0x03000000, 0x04000000, 0x02000002, 0} {
		for _, size := range []int{0, 4, 12, 19, 20, 21, 24} {
			r.do("setxattr", "file", "security.capability", capability(revision, size), size, 0)
		}
	}
	for _, name := range []string{"trusted.", "trusted", "security.", "trusted." + strings.Repeat("n", 247), "trusted." + strings.Repeat("n", 248), "system.x", "security.selinux"} {
		r.do("setxattr", "file", name, value, 5, 0)
		r.do("removexattr", "file", name)
		r.value("getxattr", "file", name)
	}
	for _, name := range []string{"trusted.a", "security.b", "user.c"} {
		for _, flags := range []int{0, unix.XATTR_CREATE, unix.XATTR_REPLACE, 3, 4} {
			for _, there := range []bool{false, true} {
				r.enterCell()
				if there {
					must(unix.Setxattr("file", name, []byte("x"), 0))
				}
				r.clean = state(".")
				r.do("setxattr", "file", name, value, 5, flags)
				r.clean = nil
			}
		}
		r.world()
		r.do("removexattr", "file", name)
		r.world()
		r.do("fchmodat", here, "file", 0o600)
		r.world()
		r.do("removexattr", "dir", name)
		r.clean = nil
	}
	for _, size := range []int{0, 1, 3000} {
		r.do("setxattr", "file", "trusted.big", shown{"data", make([]byte, max(1, size))}, size, 0)
	}
	r.losses()
}

// losses: what takes capabilities and set-user-ID away.
func (r *recorder) losses() {
	for _, c := range []call{
		{"chown", []any{"file", -1, -1}}, {"chown", []any{"file", 0, 0}}, {"lchown", []any{"file", 3, -1}}, {"truncate", []any{"file", 3}},
		{"chmod", []any{"file", 0o755}}, {"rename", []any{"file", "new"}}, {"link", []any{"file", "new"}}, {"utimensat", []any{here, "file", nil, 0}},
	} {
		r.enterCell()
		must(unix.Chmod("file", 0o6755))
		must(unix.Setxattr("file", "security.capability", capability(0x02000000, 20).data, 0))
		r.clean = state(".")
		r.do(c.name, c.args...)
		r.clean = nil
	}
	r.enterCell()
	must(unix.Setxattr("file", "security.capability", capability(0x02000000, 20).data, 0))
	r.clean = state(".")
	must(os.WriteFile("file", []byte("anew"), 0o644))
	r.note("write", "")
	r.clean = nil
}
