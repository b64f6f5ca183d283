package conform

import (
	"encoding/binary"
	"fmt"
	"os"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

func init() {
	programs["chmod"] = chmodProgram
	programs["chown"] = chownProgram
	programs["times"] = timesProgram
	programs["xattr"] = xattrProgram
	programs["attributes"] = attributesProgram
	programs["truncate"] = truncateProgram
	programs["inheritance"] = inheritanceProgram
}

// with does something with a descriptor that is open on path in a cell.
func (r *recorder) with(path string, flags int, do func(fd int)) {
	r.enterCell()
	fd, err := unix.Open(path, flags|unix.O_NONBLOCK|unix.O_CLOEXEC, 0o644)
	if err != nil {
		r.plain(text("open", path, flags), errText(err))
		return
	}
	do(fd)
	unix.Close(fd)
}

// withEach is with for the ways in which a file can be open.
func (r *recorder) withEach(do func(fd int)) {
	for _, path := range []string{"file", "dir", "fifo"} {
		for _, flags := range []int{unix.O_RDONLY, unix.O_RDWR, unix.O_PATH, unix.O_PATH | unix.O_NOFOLLOW} {
			if path == "dir" && flags == unix.O_RDWR {
				continue
			}
			r.with(path, flags, do)
		}
	}
	r.with("link", unix.O_PATH|unix.O_NOFOLLOW, do)
}

var atFlags = []int{0, unix.AT_SYMLINK_NOFOLLOW, unix.AT_EMPTY_PATH, unix.AT_EMPTY_PATH | unix.AT_SYMLINK_NOFOLLOW, unix.AT_SYMLINK_FOLLOW, 1, -1}

func chmodProgram(r *recorder) {
	for _, path := range somePaths {
		r.do("chmod", path, 0o7531)
		r.do("fchmodat", here, path, 0o711)
		for _, flags := range atFlags {
			r.do("fchmodat2", here, path, 0o2705, flags)
		}
	}
	for _, mode := range []int{0, 0o7777, 0o177777, -1} {
		r.do("chmod", "file", mode)
		r.with("file", unix.O_RDONLY, func(fd int) { r.do("fchmod", fd, mode) })
	}
	r.withEach(func(fd int) { r.do("fchmod", fd, 0o701) })
	r.withEach(func(fd int) { r.do("fchmodat2", fd, "", 0o701, unix.AT_EMPTY_PATH) })
	r.withEach(func(fd int) { r.do("fchmodat", fd, "", 0o701) })
	r.withEach(func(fd int) { r.do("chmod", procFD(fd), 0o703) })
}

func chownProgram(r *recorder) {
	uid, gid := number{"uid", os.Getuid()}, number{"gid", os.Getgid()}
	for _, path := range somePaths {
		r.do("chown", path, uid, gid)
		r.do("lchown", path, -1, gid)
		for _, flags := range atFlags {
			r.do("fchownat", here, path, uid, -1, flags)
		}
	}
	for _, ids := range [][2]any{{-1, -1}, {uid, -1}, {-1, gid}, {12345, -1}, {-1, 54321}, {0xffff, 0xffff}} {
		r.do("chown", "file", ids[0], ids[1])
		r.do("lchown", "link", ids[0], ids[1])
		r.do("fchownat", here, "link", ids[0], ids[1], unix.AT_SYMLINK_NOFOLLOW)
		r.with("file", unix.O_RDONLY, func(fd int) { r.do("fchown", fd, ids[0], ids[1]) })
	}
	r.withEach(func(fd int) { r.do("fchown", fd, uid, gid) })
	r.withEach(func(fd int) { r.do("fchownat", fd, "", uid, gid, unix.AT_EMPTY_PATH) })
	r.ownTemporary()
	// A change of owner takes the set-user-ID bit away.
	r.enterCell()
	must(os.Chmod("file", 0o755|os.ModeSetuid|os.ModeSetgid))
	r.do("chown", "file", uid, -1)
	r.clean = nil
}

// ownTemporary changes owners where the run may have a file system of its own.
func (r *recorder) ownTemporary() {
	f, err := os.CreateTemp("", "conform-")
	must(err)
	defer os.Remove(f.Name())
	defer f.Close()
	for _, ids := range [][2]int{{12345, -1}, {-1, 54321}, {os.Getuid(), os.Getgid()}} {
		_, errno := invoke("chown", f.Name(), ids[0], ids[1])
		r.plain(fmt.Sprint("chown of a temporary file to ", ids), errnoText(errno))
		_, errno = invoke("fchown", int(f.Fd()), ids[0], ids[1])
		r.plain(fmt.Sprint("fchown of a temporary file to ", ids), errnoText(errno))
	}
}

// longs is an array of C long.
func longs(name string, values ...int64) shown {
	var b []byte
	for _, v := range values {
		b = binary.NativeEndian.AppendUint64(b, uint64(v))
	}
	return shown{name, b}
}

// manyTimes are a struct timespec[2] each, or a timeval[2].
func manyTimes(name string) []any {
	var all []any
	for _, v := range [][4]int64{
		{1e9, 1, 1.1e9, 2}, {1e9, 999_999, 2, 999_999_999}, {1e9, 1_000_000, 2, 1_000_000_000}, {1, -1, 1, 1}, {1, 1, 1, -1},
		{-5, 0, -1 << 31, 5}, {1 << 33, 0, 1 << 40, 0}, {1e9, unix.UTIME_NOW, 1e9, 0}, {7, unix.UTIME_OMIT, 1e9, 3}, {1e9, 4, 0, unix.UTIME_OMIT},
		{0, unix.UTIME_NOW, 0, unix.UTIME_NOW}, {0, unix.UTIME_OMIT, 0, unix.UTIME_OMIT}, {9, unix.UTIME_NOW, 9, unix.UTIME_OMIT},
	} {
		all = append(all, longs(strings.TrimSuffix(text(name, int(v[0]), int(v[1]), int(v[2]), int(v[3])), ")")+")", v[:]...))
	}
	return append(all, nil)
}

func timesProgram(r *recorder) {
	some := longs("times(1e9, 1, 1.1e9, 2)", 1e9, 1, 11e8, 2)
	for _, path := range somePaths {
		r.do("utime", path, some)
		r.do("utimes", path, some)
		r.do("futimesat", here, path, some)
		for _, flags := range atFlags {
			r.do("utimensat", here, path, some, flags)
		}
		r.do("utimensat", here, path, longs("omit", 0, unix.UTIME_OMIT, 0, unix.UTIME_OMIT), 0)
	}
	for _, ts := range manyTimes("times") {
		r.do("utime", "file", ts)
		r.do("utimes", "file", ts)
		r.do("futimesat", here, "dir", ts)
		r.do("utimensat", here, "file", ts, 0)
		r.do("utimensat", here, "link", ts, unix.AT_SYMLINK_NOFOLLOW)
		r.do("utimensat", here, nil, ts, 0)
		r.do("futimesat", here, nil, ts)
		r.with("file", unix.O_RDONLY, func(fd int) { r.do("utimensat", fd, nil, ts, 0) })
		r.with("file", unix.O_RDONLY, func(fd int) { r.do("futimesat", fd, nil, ts) })
	}
	for _, flags := range atFlags {
		r.withEach(func(fd int) { r.do("utimensat", fd, nil, some, flags) })
		r.withEach(func(fd int) { r.do("utimensat", fd, "", some, flags) })
	}
	for _, p := range badPointers() {
		if p.addr == 0 || strings.HasPrefix(p.name, "before") || strings.HasPrefix(p.name, "after") {
			continue
		}
		r.do("utime", "file", p)
		r.do("utimes", "file", p)
		r.do("utimensat", here, "file", p, 0)
		r.do("utimensat", here, "missing", p, 0)
	}
}

func xattrProgram(r *recorder) {
	value := shown{"value", []byte("value")}
	args := func(data shown, size, flags int) shown {
		b := make([]byte, 16)
		at, keep := register(data)
		reached = append(reached, keep)
		binary.NativeEndian.PutUint64(b, uint64(at))
		binary.NativeEndian.PutUint32(b[8:], uint32(size))
		binary.NativeEndian.PutUint32(b[12:], uint32(flags))
		return shown{text("args", data, size, flags), b}
	}
	for _, path := range somePaths {
		r.do("setxattr", path, "user.a", value, 5, 0)
		r.do("lsetxattr", path, "user.a", value, 5, 0)
		r.do("removexattr", path, "user.a")
		r.do("lremovexattr", path, "user.a")
		for _, flags := range atFlags {
			r.do("setxattrat", here, path, flags, "user.a", args(value, 5, 0), 16)
			r.do("removexattrat", here, path, flags, "user.a")
		}
	}
	names := []any{
		"", "a", "user.", "user", "nosuch.a", "trusted.a", "security.a", "system.a", "user." + strings.Repeat("n", 250),
		"user." + strings.Repeat("n", 251), strings.Repeat("n", 5000), "user.\xff\n", nil,
	}
	for _, name := range names {
		r.do("setxattr", "file", name, value, 5, 0)
		r.do("removexattr", "file", name)
		r.with("file", unix.O_RDONLY, func(fd int) { r.do("fsetxattr", fd, name, value, 5, 0) })
		r.do("setxattrat", here, "file", 0, name, args(value, 5, 0), 16)
	}
	for _, size := range []int{0, 1, 100, 65536, 65537, 1 << 30, -1} {
		data := shown{"data", make([]byte, max(1, min(size, 65537)))}
		r.do("setxattr", "file", "user.a", data, size, 0)
		r.do("setxattrat", here, "file", 0, "user.a", args(data, size, 0), 16)
	}
	r.do("setxattr", "file", "user.a", nil, 5, 0)
	r.do("setxattr", "file", "user.a", nil, 0, 0)
	for _, flags := range []int{0, unix.XATTR_CREATE, unix.XATTR_REPLACE, 3, 4, -1} {
		for _, there := range []bool{false, true} {
			set := func() {
				r.enterCell()
				if there {
					must(unix.Setxattr("file", "user.a", []byte("x"), 0))
					r.clean = state(".")
				}
			}
			set()
			r.do("setxattr", "file", "user.a", value, 5, flags)
			r.clean = nil
			set()
			r.do("setxattrat", here, "file", 0, "user.a", args(value, 5, flags), 16)
			r.clean = nil
			set()
			r.do("removexattr", "file", "user.a")
			r.clean = nil
		}
	}
	for _, size := range []int{0, 8, 15, 16, 17, 24, 4096, 4097} {
		b := append(args(value, 5, 0).data, make([]byte, 5000)...)
		r.do("setxattrat", here, "file", 0, "user.a", shown{"args", b}, size)
		if size > 16 {
			b[size-1] = 1
			r.do("setxattrat", here, "file", 0, "user.a", shown{"args with more", b}, size)
		}
	}
	r.withEach(func(fd int) { r.do("fsetxattr", fd, "user.a", value, 5, 0) })
	r.withEach(func(fd int) { r.do("setxattrat", fd, "", unix.AT_EMPTY_PATH, "user.a", args(value, 5, 0), 16) })
	r.withEach(func(fd int) { r.do("fremovexattr", fd, "user.a") })
	r.withEach(func(fd int) { r.do("removexattrat", fd, "", unix.AT_EMPTY_PATH, "user.a") })
}

func attributesProgram(r *recorder) {
	// FS_NODUMP_FL, FS_NOATIME_FL and FS_SYNC_FL, FS_IMMUTABLE_FL, FS_APPEND_FL, none (linux/fs.h)
	for _, flags := range []int{0, 0x40, 0x88, 0x10, 0x20, 0x4000_0000} {
		r.withEach(func(fd int) {
			// Those that say how the file system stores the file stay as they are.
			old, _ := unix.IoctlGetInt(fd, unix.FS_IOC_GETFLAGS)
			set := uint64(old&^visibleFlags | flags)
			r.do("ioctl", fd, unix.FS_IOC_SETFLAGS, shown{text("flags", flags), binary.NativeEndian.AppendUint64(nil, set)})
		})
	}
	r.with("file", unix.O_RDONLY, func(fd int) {
		r.do("ioctl", fd, unix.FS_IOC_SETFLAGS, nil)
		var attr [28]byte
		attr[0] = 0x80 // FS_XFLAG_NODUMP
		r.do("ioctl", fd, 0x401c5820, shown{"fsxattr", attr[:]})
		r.do("ioctl", fd, 0x40087602, longs("version", 77))
	})
	attr := make([]byte, 4200)
	attr[0] = 0x80 // FS_XFLAG_NODUMP
	for _, size := range []int{0, 8, 16, 24, 32, 4096, 4097} {
		r.do("file_setattr", here, "file", shown{"attr", attr}, size, 0)
	}
	for _, path := range somePaths {
		for _, flags := range atFlags {
			r.do("file_setattr", here, path, shown{"attr", attr}, 24, flags)
		}
	}
	r.withEach(func(fd int) { r.do("file_setattr", fd, "", shown{"attr", attr}, 24, unix.AT_EMPTY_PATH) })
}

func truncateProgram(r *recorder) {
	for _, path := range somePaths {
		r.do("truncate", path, 3)
	}
	for _, size := range []int{0, 1, 1 << 20, 1 << 50, -1, 1<<63 - 1} {
		r.do("truncate", "file", size)
	}
	r.withEach(func(fd int) { r.do("truncate", procFD(fd), 2) })
}

// defaultACL is system.posix_acl_default (acl(5)): user rwx, group r-x, mask rwx, other ---.
func defaultACL() []byte {
	b := binary.LittleEndian.AppendUint32(nil, 2)
	for _, e := range [][3]uint32{{1, 7, ^uint32(0)}, {2, 6, 0}, {4, 5, ^uint32(0)}, {0x10, 7, ^uint32(0)}, {0x20, 0, ^uint32(0)}} {
		if e[0] == 2 {
			e[2] = uint32(os.Getuid())
		}
		b = binary.LittleEndian.AppendUint16(b, uint16(e[0]))
		b = binary.LittleEndian.AppendUint16(b, uint16(e[1]))
		b = binary.LittleEndian.AppendUint32(b, e[2])
	}
	return b
}

// inheritanceProgram makes files where the directory has a say in what they are.
func inheritanceProgram(r *recorder) {
	prepare := map[string]func(){
		"acl":    func() { must(unix.Setxattr("dir", "system.posix_acl_default", defaultACL(), 0)) },
		"setgid": func() { must(os.Chmod("dir", 0o775|os.ModeSetgid)) },
		"sticky": func() { must(os.Chmod("dir", 0o777|os.ModeSticky)) },
	}
	for _, name := range []string{"acl", "setgid", "sticky"} {
		for _, mask := range []int{0, 0o077} {
			fresh := func() {
				r.enterCell()
				prepare[name]()
				r.clean = state(".")
			}
			r.plain("prepare", name)
			r.umask(mask)
			for _, c := range []call{
				{"openat", []any{here, "dir/new", unix.O_CREAT | unix.O_WRONLY, 0o2777}}, {"creat", []any{"dir/new", 0o666}}, {"mkdir", []any{"dir/new", 0o777}},
				{"mknod", []any{"dir/new", unix.S_IFIFO | 0o666, 0}}, {"symlink", []any{"x", "dir/new"}}, {"rename", []any{"file", "dir/new"}},
				{"link", []any{"file", "dir/new"}}, {"chmod", []any{"dir", 0o2770}}, {"unlink", []any{"dir/inner"}},
			} {
				fresh()
				if c.name == "openat" || c.name == "creat" {
					r.open(c.name, c.args...)
				} else {
					r.do(c.name, c.args...)
				}
				r.clean = nil
			}
			r.umask(0o022)
		}
	}
}

// reached keeps what is reached by pointers in structures.
var reached []any

// pointerTo is the address of a buffer, for structures that hold it.
func pointerTo(b []byte) uint64 {
	reached = append(reached, b)
	return uint64(uintptr(unsafe.Pointer(&b[0])))
}
