package conform

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/abi"
	"github.com/catbox-go/catbox/internal/testenv"
)

func init() {
	fakePrograms["noted"] = notedProgram
	fakePrograms["stat"] = statProgram
	fakePrograms["owners"] = ownersProgram
	fakePrograms["devices"] = devicesProgram
	fakePrograms["attributes of root"] = rootAttributesProgram
	fakePrograms["access lists"] = accessListsProgram
	fakePrograms["given down"] = givenDownProgram
	fakePrograms["identity"] = identityProgram
	fakePrograms["recycled"] = recycledProgram
	fakePrograms["temporary"] = temporaryProgram
	fakePrograms["far"] = farProgram
	fakePrograms["unreadable"] = func(r *recorder) { r.unreadable(0o022) }
	fakePrograms["masked"] = func(r *recorder) { r.unreadable(0o777) }
	fakePrograms["32 bits"] = shortProgram
	fakePrograms["capabilities"] = capabilitiesProgram
	fakePrograms["ids"] = idsProgram
	fakePrograms["may"] = mayProgram
}

// world is a cell in which nothing is as it was made.
func (r *recorder) world() {
	r.clean = nil
	r.enterCell()
	must(unix.Mknod("block", unix.S_IFBLK|0o640, int(unix.Mkdev(8, 1))))
	must(unix.Mknod("char", unix.S_IFCHR|0o622, int(unix.Mkdev(259, 70000))))
	must(unix.Chown("file", 1, 2))
	must(unix.Chmod("file", 0o6755))
	must(unix.Lchown("link", 3, 70000))
	must(unix.Chown("dir", 5, 6))
	must(unix.Chmod("dir", 0o3771))
	must(unix.Chown("dir/inner", 1<<32-2, 1<<31))
	must(unix.Lchown("dangling", 7, 8))
	must(unix.Chown("fifo", 9, 10))
	must(unix.Setxattr("file", "trusted.a", []byte("1"), 0))
	must(unix.Setxattr("dir", "security.b", []byte("22"), 0))
	must(unix.Setxattr("file", "user.c", []byte("333"), 0))
	r.clean = state(".")
}

// say notes the result of a call that changes nothing.
func (r *recorder) say(name string, args ...any) int {
	value, errno := invoke(name, args...)
	r.plain(text(name, args...), result(value, errno))
	return value
}

func buffer(n int) shown { return shown{"buffer", slices.Repeat([]byte{0xa5}, n)} }

// notedProgram reads what is noted, by every path and every call.
func notedProgram(r *recorder) {
	r.world()
	all := slices.Concat(somePaths, []string{"block", "char", "block/", "dir/../char", "dirlink/../block", "/proc/self/cwd/file", "//proc/self/cwd/dir"})
	for _, path := range all {
		r.status("stat", path)
		r.status("lstat", path)
		for _, flags := range append(atFlags, unix.AT_NO_AUTOMOUNT, unix.AT_EMPTY_PATH|unix.AT_STATX_DONT_SYNC) {
			r.status("newfstatat", here, path, flags)
			r.statx(here, path, flags, unix.STATX_BASIC_STATS)
		}
		for _, name := range []string{"trusted.a", "security.b", "user.c", "user.none", "system.posix_acl_access"} {
			r.value("getxattr", path, name)
			r.value("lgetxattr", path, name)
			r.value("getxattrat", here, path, 0, name)
			r.value("getxattrat", here, path, unix.AT_SYMLINK_NOFOLLOW|unix.AT_EMPTY_PATH, name)
		}
		r.list("listxattr", path)
		r.list("llistxattr", path)
		r.list("listxattrat", here, path, 0)
		r.say("access", path, unix.R_OK|unix.W_OK)
		r.say("access", path, unix.X_OK)
	}
}

// status makes a call of the stat family, whose last pointer is the buffer.
func (r *recorder) status(name string, args ...any) {
	st := buffer(144)
	full := append(slices.Clone(args), st)
	if name == "newfstatat" {
		full = []any{args[0], args[1], st, args[2]}
	}
	value, errno := invoke(name, full...)
	got := result(value, errno)
	if errno == 0 {
		got += " " + fields(st.data)
	}
	r.plain(text(name, full...), got)
}

// fields are those of a struct stat that do not depend on the file system.
func fields(data []byte) string {
	st := (*unix.Stat_t)(unsafe.Pointer(&data[0]))
	zero := !slices.ContainsFunc(data[120:], func(b byte) bool { return b != 0 })
	return fmt.Sprintf("%o %d:%d nlink %d rdev %x size %d blocks %v %s %s unused %v", st.Mode, st.Uid, st.Gid, st.Nlink, st.Rdev, size(st),
		st.Mode&unix.S_IFMT == unix.S_IFREG && st.Blocks > 0, stamp(st.Atim), stamp(st.Mtim), zero)
}

func (r *recorder) statx(dir int, path any, flags, mask int) {
	buf := buffer(256)
	args := []any{dir, path, flags, mask, buf}
	value, errno := invoke("statx", args...)
	got := result(value, errno)
	if errno == 0 {
		stx := (*unix.Statx_t)(unsafe.Pointer(&buf.data[0]))
		got += fmt.Sprintf(" mask %x mode %o %d:%d nlink %d rdev %d,%d attributes %x/%x dio %d mount %v", stx.Mask&0xfff, stx.Mode, stx.Uid, stx.Gid, stx.Nlink,
			stx.Rdev_major, stx.Rdev_minor, stx.Attributes&0x74, stx.Attributes_mask&0x74, stx.Dio_mem_align, stx.Mask&unix.STATX_MNT_ID != 0)
	}
	r.plain(text("statx", args...), got)
}

// value reads an attribute into buffers of several sizes.
func (r *recorder) value(name string, args ...any) {
	for _, n := range []int{0, 1, 64} {
		data := buffer(64)
		full := append(slices.Clone(args), data, n)
		if name == "getxattrat" {
			at, keep := register(data)
			reached = append(reached, keep)
			b := binary.NativeEndian.AppendUint64(nil, uint64(at))
			b = binary.NativeEndian.AppendUint32(b, uint32(n))
			full = append(slices.Clone(args), shown{"args", append(b, 0, 0, 0, 0)}, 16)
		}
		value, errno := invoke(name, full...)
		got := result(value, errno)
		if errno == 0 && n > 0 {
			got += fmt.Sprintf(" %q", data.data[:value])
		}
		r.plain(text(name, append(slices.Clone(args), n)...), got)
	}
}

func (r *recorder) list(name string, args ...any) {
	for _, n := range []int{0, 1, 256} {
		data := buffer(256)
		value, errno := invoke(name, append(slices.Clone(args), data, n)...)
		got := result(value, errno)
		if errno == 0 && n > 0 {
			names := strings.Split(strings.TrimRight(string(data.data[:value]), "\x00"), "\x00")
			slices.Sort(names)
			got += fmt.Sprintf(" %q", names)
		}
		r.plain(text(name, append(slices.Clone(args), n)...), got)
	}
}

// statProgram asks by descriptors, with odd flags, masks and pointers.
func statProgram(r *recorder) {
	r.world()
	for _, path := range []string{"file", "dir", "block", "char", "fifo", "link"} {
		fd, err := unix.Open(path, unix.O_PATH|unix.O_NOFOLLOW, 0)
		must(err)
		d := number{"fd of " + path, fd}
		r.status("fstat", d)
		r.status("newfstatat", d, "", unix.AT_EMPTY_PATH)
		r.status("newfstatat", d, nil, unix.AT_EMPTY_PATH)
		r.status("newfstatat", d, "", 0)
		r.status("newfstatat", d, "x", 0)
		r.status("lstat", procFD(fd))
		r.status("stat", procFD(fd))
		r.value("fgetxattr", d, "trusted.a")
		r.list("flistxattr", d)
		for _, mask := range []int{0, unix.STATX_TYPE, unix.STATX_MODE, unix.STATX_UID, unix.STATX_GID, unix.STATX_NLINK, unix.STATX_SIZE, unix.STATX_BTIME,
			unix.STATX_MNT_ID, unix.STATX_DIOALIGN, unix.STATX_ALL, 0x7fffffff, -1, 1 << 31} {
			r.statx(here, path, unix.AT_SYMLINK_NOFOLLOW, mask)
		}
		unix.Close(fd)
	}
	for _, flags := range []int{unix.AT_STATX_FORCE_SYNC, unix.AT_STATX_DONT_SYNC, unix.AT_STATX_FORCE_SYNC | unix.AT_STATX_DONT_SYNC, 0x8000, 1, -1} {
		r.statx(here, "file", flags, unix.STATX_BASIC_STATS)
		r.status("newfstatat", here, "file", flags)
	}
	for _, p := range badPointers() {
		r.say("stat", p, buffer(144))
		r.say("newfstatat", here, p, buffer(144), 0)
		r.say("statx", here, p, 0, unix.STATX_BASIC_STATS, buffer(256))
		r.say("getxattr", p, "trusted.a", buffer(64), 64)
		r.say("getxattr", "file", p, buffer(64), 64)
		r.say("listxattr", p, buffer(64), 64)
		if p.addr == 0 || strings.HasPrefix(p.name, "before") || strings.HasPrefix(p.name, "after") {
			continue
		}
		r.say("stat", "file", p)
		r.say("stat", "other", p)
		r.say("statx", here, "file", 0, unix.STATX_BASIC_STATS, p)
		r.say("getxattr", "file", "trusted.a", p, 64)
		r.say("listxattr", "file", p, 64)
		r.say("getresuid", p, p, p)
		r.say("getgroups", 64, p)
	}
	for _, d := range []number{{"-1", -1}, {"closed", 900}, {"AT_FDCWD", here}, {"INT_MIN", -1 << 31}} {
		r.status("fstat", d)
		r.status("newfstatat", d, "file", 0)
		r.status("newfstatat", d, "", unix.AT_EMPTY_PATH)
		r.value("fgetxattr", d, "trusted.a")
	}
}

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

// aclOf is a list in the form of the attributes: tag, permissions, id each.
func aclOf(entries ...[3]uint32) []byte {
	b := binary.LittleEndian.AppendUint32(nil, 2)
	for _, e := range entries {
		b = binary.LittleEndian.AppendUint16(b, uint16(e[0]))
		b = binary.LittleEndian.AppendUint16(b, uint16(e[1]))
		b = binary.LittleEndian.AppendUint32(b, e[2])
	}
	return b
}

const noACLID = ^uint32(0)

// lists are access control lists, good and bad.
func lists() []shown {
	user, group, other := [3]uint32{1, 6, noACLID}, [3]uint32{4, 4, noACLID}, [3]uint32{0x20, 1, noACLID}
	mask, named, namedGroup := [3]uint32{0x10, 5, noACLID}, [3]uint32{2, 7, 12}, [3]uint32{8, 3, 34}
	list := func(name string, entries ...[3]uint32) shown { return shown{name, aclOf(entries...)} }
	return []shown{
		list("empty"), list("minimal", user, group, other), list("mask alone", user, group, mask, other), list("named", user, named, group, mask, other),
		list("named group", user, group, namedGroup, mask, other), list("all", user, named, [3]uint32{2, 0, 13}, group, namedGroup, mask, other),
		list("twice", user, named, named, group, mask, other), list("unsorted ids", user, [3]uint32{2, 0, 13}, named, group, mask, other),
		list("no mask", user, named, group, other), list("no other", user, group), list("no user", group, other), list("order", group, user, other),
		list("permissions", [3]uint32{1, 8, noACLID}, group, other), list("tag", user, group, [3]uint32{0x40, 1, 0}, other), list("id of user", [3]uint32{1, 6, 9}, group, other),
		list("named without id", user, [3]uint32{2, 7, noACLID}, group, mask, other),
		{"version", append([]byte{1, 0, 0, 0}, aclOf(user, group, other)[4:]...)}, {"short", aclOf(user, group, other)[:25]}, {"header", aclOf()[:3]}, {"nothing", nil},
	}
}

func accessListsProgram(r *recorder) {
	for _, l := range lists() {
		for _, path := range []string{"file", "dir", "link", "fifo"} {
			for _, name := range []string{"system.posix_acl_access", "system.posix_acl_default"} {
				r.do("setxattr", path, name, l, len(l.data), 0)
				r.do("lsetxattr", path, name, l, len(l.data), 0)
				r.with(path, unix.O_RDONLY, func(fd int) { r.do("fsetxattr", fd, name, l, len(l.data), 0) })
				r.do("removexattr", path, name)
			}
		}
		r.couple(l)
	}
}

// couple changes the mode of a file that has the list, and reads both.
func (r *recorder) couple(l shown) {
	for _, mode := range []int{0, 0o777, 0o6750, 0o070, 0o605} {
		r.enterCell()
		if unix.Setxattr("file", "system.posix_acl_access", l.data, 0) != nil {
			r.clean = nil
			return
		}
		r.clean = state(".")
		r.do("chmod", "file", mode)
		r.clean = nil
		r.value("getxattr", "file", "system.posix_acl_access")
		r.list("listxattr", "file")
		r.say("removexattr", "file", "system.posix_acl_access")
		r.status("stat", "file")
	}
}

// givenDownProgram makes files below directories that hand something down.
func givenDownProgram(r *recorder) {
	prepare := []func(){
		func() { must(unix.Chown("dir", 5, 6)); must(unix.Chmod("dir", 0o2775)) },
		func() { must(unix.Chmod("dir", 0o2775)); must(unix.Chown("dir", 5, 6)) },
		func() { must(unix.Chown("dir", 5, 6)) },
		func() {
			must(unix.Chown("dir", 5, 6))
			must(unix.Chmod("dir", 0o2775))
			must(unix.Setxattr("dir", "system.posix_acl_default", lists()[5].data, 0))
		},
		func() { must(unix.Setxattr("dir", "system.posix_acl_default", lists()[1].data, 0)) },
	}
	for i, p := range prepare {
		for _, mask := range []int{0, 0o027, 0o077} {
			r.plain("prepare", i)
			r.umask(mask)
			for _, c := range []call{
				{"openat", []any{here, "dir/new", unix.O_CREAT | unix.O_WRONLY, 0o6777}}, {"openat", []any{here, "dir/new", unix.O_CREAT | unix.O_WRONLY, 0o640}},
				{"openat2", []any{here, "dir/new", shown{"how", how(unix.O_CREAT|unix.O_WRONLY, 0o644, 0, 24)}, 24}},
				{"creat", []any{"dir/new", 0}}, {"mkdir", []any{"dir/new", 0o1777}}, {"mkdir", []any{"dir/new", 0}}, {"mknod", []any{"dir/new", unix.S_IFIFO | 0o6666, 0}},
				{"mknod", []any{"dir/new", unix.S_IFBLK | 0o666, 0x101}}, {"symlink", []any{"x", "dir/new"}}, {"rename", []any{"file", "dir/new"}},
				{"rename", []any{"empty", "dir/new"}}, {"link", []any{"file", "dir/new"}}, {"unlink", []any{"dir/inner"}},
			} {
				r.umask(0o022)
				r.enterCell()
				p()
				r.clean = state(".")
				r.umask(mask)
				if strings.HasPrefix(c.name, "open") || c.name == "creat" {
					r.open(c.name, c.args...)
				} else {
					r.do(c.name, c.args...)
				}
				r.clean = nil
			}
			r.umask(0o022)
			r.enterCell()
			p()
			must(unix.Mkdir("dir/a", 0o777))
			must(unix.Mkdir("dir/a/b", 0o777))
			must(os.WriteFile("dir/a/b/c", nil, 0o666))
			fd, err := unix.Open("dir/a", unix.O_TMPFILE|unix.O_RDWR, 0o666)
			must(err)
			must(unix.Linkat(here, procFD(fd), here, "dir/a/linked", unix.AT_SYMLINK_FOLLOW))
			unix.Close(fd)
			r.note("tree", "")
			r.clean = state(".")
			sock, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
			must(err)
			must(os.Chdir("dir/a"))
			must(unix.Bind(sock, &unix.SockaddrUnix{Name: "socket"}))
			must(os.Chdir("../.."))
			unix.Close(sock)
			r.note("bind", "")
			r.clean = nil
		}
	}
}

// identityProgram: what is noted goes with the file, not with its name.
func identityProgram(r *recorder) {
	for _, c := range []call{
		{"rename", []any{"file", "other"}}, {"rename", []any{"other", "file"}}, {"rename", []any{"file", "file"}}, {"rename", []any{"file", "new"}}, {"rename", []any{"dir", "new"}},
		{"rename", []any{"dir", "empty"}}, {"rename", []any{"dirlink", "new"}}, {"rename", []any{"link", "other"}}, {"rename", []any{"block", "file"}},
		{"renameat2", []any{here, "file", here, "dir", unix.RENAME_EXCHANGE}}, {"renameat2", []any{here, "file", here, "other", unix.RENAME_EXCHANGE}},
		{"renameat2", []any{here, "link", here, "block", unix.RENAME_EXCHANGE}}, {"renameat2", []any{here, "file", here, "other", unix.RENAME_NOREPLACE}},
		{"renameat2", []any{here, "file", here, "new", unix.RENAME_NOREPLACE}}, {"renameat2", []any{here, "file", here, "new", unix.RENAME_WHITEOUT}},
		{"link", []any{"file", "new"}}, {"link", []any{"block", "new"}}, {"link", []any{"link", "new"}}, {"linkat", []any{here, "link", here, "new", unix.AT_SYMLINK_FOLLOW}},
		{"unlink", []any{"file"}}, {"unlink", []any{"link"}}, {"rmdir", []any{"dir"}}, {"unlinkat", []any{here, "dir/inner", 0}},
	} {
		r.world()
		fd, err := unix.Open("file", unix.O_RDONLY, 0)
		must(err)
		r.do(c.name, c.args...)
		r.status("fstat", number{"fd of file", fd})
		r.value("fgetxattr", number{"fd of file", fd}, "trusted.a")
		unix.Close(fd)
		r.clean = nil
	}
	r.world()
	must(unix.Link("file", "second"))
	must(unix.Link("file", "dir/third"))
	must(unix.Unlink("file"))
	must(unix.Chown("second", 100, 200))
	must(unix.Unlink("second"))
	r.note("links", "")
	r.clean = nil
}

// recycledProgram removes files and makes others, which get their inode numbers:
// nothing of the old ones may be seen.
func recycledProgram(r *recorder) {
	must(os.Mkdir("storm", 0o755))
	must(os.Chdir("storm"))
	make := map[string]func(){
		"file":      func() { must(os.WriteFile("x", nil, 0o644)) },
		"directory": func() { must(os.Mkdir("x", 0o755)) },
		"link":      func() { must(os.Symlink("y", "x")) },
		"device":    func() { must(unix.Mknod("x", unix.S_IFCHR|0o600, 0x103)) },
		"fifo":      func() { must(unix.Mkfifo("x", 0o600)) },
		"temporary": func() {
			fd, err := unix.Open(".", unix.O_TMPFILE|unix.O_RDWR, 0o6711)
			must(err)
			must(unix.Fchown(fd, 8, 9))
			unix.Close(fd)
			must(os.WriteFile("x", nil, 0o644))
		},
	}
	kinds := []string{"file", "directory", "link", "device", "fifo", "temporary"}
	remove := func() {
		if unix.Unlink("x") != nil {
			must(unix.Rmdir("x"))
		}
	}
	for _, first := range kinds {
		for _, second := range kinds {
			wrong := map[string]int{}
			for i := range 60 {
				make[first]()
				must(unix.Lchown("x", 1000+i, 2000+i))
				if first != "link" {
					must(unix.Chmod("x", 0o4700))
					must(unix.Setxattr("x", "trusted.a", []byte("1"), 0))
				}
				if i%3 == 2 && first != "directory" { // replaced and not removed
					must(os.WriteFile("over", nil, 0o600))
					must(os.Rename("over", "x"))
				}
				remove()
				make[second]()
				wrong[line("x")]++
				remove()
			}
			r.plain(first+" then "+second, fmt.Sprint(wrong))
		}
	}
	must(os.Chdir(r.top))
}

// temporaryProgram: files without a name that are noted, and get one.
func temporaryProgram(r *recorder) {
	for _, mode := range []int{0o644, 0o4755, 0o2600} {
		for _, name := range []string{"new", "dir/new"} {
			r.world()
			fd, err := unix.Open(".", unix.O_TMPFILE|unix.O_RDWR, uint32(mode))
			must(err)
			d := number{"fd", fd}
			r.status("fstat", d)
			r.say("fchown", d, 21, 22)
			r.say("fchmod", d, 0o4711)
			r.say("fsetxattr", d, "trusted.t", shown{"value", []byte("t")}, 1, 0)
			r.status("fstat", d)
			r.do("linkat", here, procFD(fd), here, name, unix.AT_SYMLINK_FOLLOW)
			r.clean = nil
			r.say("linkat", d, "", here, "second", unix.AT_EMPTY_PATH)
			r.say("unlink", name)
			r.status("stat", "second")
			unix.Close(fd)
		}
	}
}

// farProgram works on noted files behind long paths, many links and deep trees.
func farProgram(r *recorder) {
	must(os.Mkdir("far", 0o755))
	must(os.Chdir("far"))
	must(os.WriteFile("file", nil, 0o644))
	must(unix.Chown("file", 31, 32))
	previous := "file"
	for i := range 42 {
		name := "l" + strconv.Itoa(i+1)
		must(os.Symlink(previous, name))
		previous = name
	}
	for _, i := range []int{1, 15, 42, 40} {
		name := "l" + strconv.Itoa(i)
		r.status("stat", name)
		r.status("lstat", name)
		if i == 40 {
			break // the kernel goes on counting when it begins a lookup again
		}
		r.say("chown", name, 33, -1)
		r.say("chmod", name, 0o4700)
		r.value("getxattr", name, "user.none")
		r.say("truncate", name, 5)
		r.status("stat", "file")
		r.say("chown", "file", 31, 32)
	}
	long := strings.Repeat("d", 250)
	for range 20 {
		must(unix.Mkdir(long, 0o755))
		must(unix.Chown(long, 41, 42))
		must(unix.Chdir(long))
	}
	must(os.WriteFile("file", nil, 0o644))
	r.say("chown", "file", 43, 44)
	r.say("fchmodat", here, "file", 0o6711)
	r.say("mknod", "block", unix.S_IFBLK|0o600, 0x801)
	r.say("mkdir", "sub", 0o2755)
	r.say("chmod", "sub", 0o2755)
	r.say("chown", "sub", -1, 45)
	r.say("mkdir", "sub/sub", 0o755)
	r.say("symlink", "file", "link")
	r.say("lchown", "link", 46, 47)
	r.say("setxattr", "file", "trusted.a", shown{"value", []byte("v")}, 1, 0)
	for _, path := range []string{"file", "block", "sub", "sub/sub", "link", ".", "..", "../.."} {
		r.status("stat", path)
		r.status("lstat", path)
		r.list("listxattr", path)
	}
	for _, name := range []string{"link", "block", "file"} {
		r.say("rename", name, "moved")
		r.status("lstat", "moved")
		r.say("link", "moved", "again")
		r.status("lstat", "again")
		r.say("unlink", "moved")
		r.say("unlink", "again")
	}
	for _, n := range []int{4094, 4095, 4096} {
		path := strings.Repeat("./", n/2) + strings.Repeat("/", n%2)
		r.status("stat", path)
		r.say("chown", path, 1, 1)
		r.say("chmod", path, 0o2700)
	}
	r.status("stat", ".")
	must(os.Chdir(r.top))
}

// unreadable: root needs no permission, and no moment without one.
func (r *recorder) unreadable(masks ...int) {
	for _, mask := range masks {
		r.umask(mask)
		for _, mode := range []int{0, 0o111, 0o444, 0o222} {
			r.enterCell()
			must(unix.Mkdir("shut", uint32(mode)))
			r.note("shut", text("mkdir", mode))
			for _, c := range []call{
				{"mkdir", []any{"shut/d", mode}}, {"mknod", []any{"shut/f", unix.S_IFREG | mode, 0}}, {"creat", []any{"shut/c", mode}}, {"symlink", []any{"x", "shut/l"}},
				{"chown", []any{"shut/f", 1, 2}}, {"chmod", []any{"shut/f", 0}}, {"open", []any{"shut/f", unix.O_RDWR, 0}}, {"open", []any{"shut/c", unix.O_RDONLY, 0}},
				{"open", []any{"shut/f", unix.O_WRONLY | unix.O_TRUNC, 0}}, {"truncate", []any{"shut/f", 3}}, {"mknod", []any{"shut/dev", unix.S_IFCHR, 0x103}},
				{"link", []any{"shut/f", "shut/g"}}, {"rename", []any{"shut/g", "shut/d/g"}}, {"setxattr", []any{"shut/f", "user.a", shown{"value", []byte("v")}, 1, 0}},
				{"chmod", []any{"shut", 0}}, {"access", []any{"shut/f", unix.R_OK | unix.W_OK}}, {"access", []any{"shut/f", unix.X_OK}}, {"access", []any{"shut/d", unix.X_OK}},
				{"utimensat", []any{here, "shut/f", nil, 0}}, {"open", []any{"shut/d/g", unix.O_RDWR, 0}}, {"open", []any{"shut/d", unix.O_RDONLY | unix.O_DIRECTORY, 0}},
				{"chdir", []any{"shut/d"}}, {"unlink", []any{"g"}}, {"chdir", []any{"../.."}}, {"rmdir", []any{"shut/d"}},
			} {
				value, errno := invoke(c.name, c.args...)
				if strings.HasPrefix(c.name, "open") || c.name == "creat" {
					unix.Close(value)
					value = 0
				}
				r.plain(text(c.name, c.args...), result(value, errno))
			}
			r.clean = []string{}
			r.note("afterwards", "")
			r.clean = nil
		}
		r.umask(0o022)
	}
}

const map32bit = 0x40 // MAP_32BIT, which only amd64 has

// low is memory that a 32-bit call can reach.
var low = sync.OnceValue(func() []byte {
	b, err := unix.Mmap(-1, 0, 1<<16, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS|map32bit)
	must(err)
	return b
})

// short makes a 32-bit call. Strings and buffers go into low memory.
func (r *recorder) short(name string, args ...any) (int, []byte) {
	nr, ok := abi.Number(abi.I386, name)
	if !ok {
		panic("no 32-bit call " + name)
	}
	mem := low()
	clear(mem)
	var regs [5]uintptr
	var out []byte
	at := 0
	for i, a := range args {
		data := []byte(nil)
		switch v := a.(type) {
		case int:
			regs[i] = uintptr(uint32(v))
			continue
		case number:
			regs[i] = uintptr(uint32(v.value))
			continue
		case nil:
			continue
		case string:
			data = append([]byte(v), 0)
		case shown:
			data = v.data
			out = mem[at : at+len(data)]
		}
		regs[i] = uintptr(unsafe.Pointer(&mem[at]))
		copy(mem[at:], data)
		at += len(data)
	}
	value := int80(uintptr(nr), regs[0], regs[1], regs[2], regs[3], regs[4])
	got := strconv.Itoa(value)
	if value < 0 && value > -4096 {
		got = errnoText(unix.Errno(-value))
	}
	r.plain("386 "+text(name, args...), got)
	return value, slices.Clone(out)
}

// shortStat prints the ids, modes and devices of the 32-bit layouts.
func (r *recorder) shortStat(name string, args ...any) {
	value, b := r.short(name, args...)
	if value != 0 {
		return
	}
	u16 := func(at int) uint16 { return binary.NativeEndian.Uint16(b[at:]) }
	u32 := func(at int) uint32 { return binary.NativeEndian.Uint32(b[at:]) }
	switch {
	case strings.HasPrefix(name, "old"):
		r.plain("layout", fmt.Sprintf("%o nlink %d %d:%d rdev %x size %d", u16(4), u16(6), u16(8), u16(10), u16(12), u32(16)))
	case strings.HasSuffix(name, "64"):
		r.plain("layout", fmt.Sprintf("%o nlink %d %d:%d rdev %x size %d, inode twice %v", u32(16), u32(20), u32(24), u32(28), binary.NativeEndian.Uint64(b[32:]),
			u32(44)*b2(u32(16)&unix.S_IFMT != unix.S_IFDIR), u32(12) == u32(88)))
	default:
		r.plain("layout", fmt.Sprintf("%o nlink %d %d:%d rdev %x size %d", u16(8), u16(10), u16(12), u16(14), u32(16), u32(20)*b2(u16(8)&unix.S_IFMT != unix.S_IFDIR)))
	}
}

func b2(b bool) uint32 {
	if b {
		return 1
	}
	return 0
}

// shortProgram makes the calls of 32-bit programs.
func shortProgram(r *recorder) {
	if _, errno := invoke("getpid"); errno != 0 || int80(20, 0, 0, 0, 0, 0) < 0 {
		r.plain("32-bit calls", "none")
		return
	}
	r.world()
	for _, path := range []string{"file", "dir", "link", "dangling", "block", "char", "dir/inner", "other", "missing", "file/"} {
		for _, name := range []string{"stat", "lstat", "stat64", "lstat64"} {
			r.shortStat(name, path, buffer(96))
		}
		value, _ := r.short("oldstat", path, buffer(96)) // EOVERFLOW where inode numbers are large
		_ = value
		r.shortStat("fstatat64", here, path, buffer(96), unix.AT_SYMLINK_NOFOLLOW)
		r.short("access", path, unix.W_OK)
		r.short("getxattr", path, "trusted.a", buffer(64), 64)
		r.short("lgetxattr", path, "trusted.a", nil, 0)
	}
	for _, ids := range [][2]int{{5, 6}, {0xffff, 7}, {8, 0xffff}, {-1, 9}, {70000, 70001}, {0x1ffff, 0x2ffff}, {65534, 65534}} {
		for _, name := range []string{"chown", "lchown", "chown32", "lchown32"} {
			r.short(name, "file", ids[0], ids[1])
			r.status("stat", "file")
			r.shortStat("stat", "file", buffer(96))
		}
		fd, err := unix.Open("file", unix.O_RDONLY, 0)
		must(err)
		for _, name := range []string{"fchown", "fchown32"} {
			r.short(name, number{"fd", fd}, ids[0], ids[1])
			r.status("stat", "file")
			r.shortStat("fstat64", number{"fd", fd}, buffer(96))
			r.shortStat("fstat", number{"fd", fd}, buffer(96))
		}
		unix.Close(fd)
		r.short("fchownat", here, "file", ids[0], ids[1], 0)
		r.status("stat", "file")
	}
	for _, c := range []call{
		{"chmod", []any{"file", 0o4711}}, {"fchmodat", []any{here, "file", 0o2710}}, {"mknod", []any{"b2", unix.S_IFBLK | 0o600, 0x801}}, {"mkdir", []any{"d2", 0}},
		{"mknodat", []any{here, "c2", unix.S_IFCHR | 0o600, -1}}, {"symlink", []any{"x", "s2"}}, {"link", []any{"b2", "b3"}}, {"rename", []any{"b2", "b4"}},
		{"setxattr", []any{"file", "trusted.z", shown{"value", []byte("v")}, 1, 0}}, {"truncate64", []any{"file", 3, 0}}, {"unlink", []any{"c2"}}, {"open", []any{"n2", unix.O_CREAT, 0o6711}},
	} {
		r.short(c.name, c.args...)
	}
	r.clean = []string{}
	r.note("afterwards", "")
	r.clean = nil
	for _, name := range []string{"getuid", "geteuid", "getgid", "getegid", "getuid32", "geteuid32", "getgid32", "getegid32"} {
		r.short(name)
	}
	r.short("getgroups", 0, nil)
	_, groups := r.short("getgroups32", 16, buffer(64))
	r.plain("groups", fmt.Sprintf("%x", groups[:4]))
	for _, name := range []string{"stat", "stat64", "chown", "getxattr"} {
		r.short(name, 8, buffer(96))
		r.short(name, -1, buffer(96))
	}
}

// capabilitiesProgram asks by every version of the structures.
func capabilitiesProgram(r *recorder) {
	for _, version := range []uint32{0x19980330, 0x20071026, 0x20080522, 0, 0x12345678} {
		for _, pid := range []int{0, -1, 1, os.Getpid(), 999999} {
			head := shown{fmt.Sprintf("%x %d", version, min(pid, 2)), uint32s(version, uint32(pid))}
			data := buffer(24)
			value, errno := invoke("capget", head, data)
			sets := ""
			if errno == 0 && version != 0 && pid != 1 { // the first process is not the same one
				sets = capSets(data.data, version)
			}
			r.plain(text("capget", head), fmt.Sprint(result(value, errno), " ", sets))
			_, errno = invoke("capget", head, nil)
			r.plain(text("capget", head, nil), errnoText(errno)+fmt.Sprintf(" %x", head.data[:4]))
		}
	}
	for _, p := range []any{nil, address{"8", 8}} {
		r.say("capget", p, buffer(24))
		r.say("capset", p, buffer(24))
		r.say("capget", shown{"head", uint32s(0x20080522, 0)}, address{"8", 8})
	}
}

// deniedToOracle are the capabilities that the tests' own root has not got, of
// the first 32: a container is often without CAP_SYS_RESOURCE.
func deniedToOracle() uint32 {
	n, _ := strconv.ParseUint(os.Getenv(deniedVariable), 16, 32)
	return uint32(n)
}

// capSets leaves out what only the oracle was denied.
func capSets(b []byte, version uint32) string {
	words := 6
	if version == 0x19980330 {
		words = 3
	}
	var s []string
	for i := range words {
		v := binary.NativeEndian.Uint32(b[4*i:])
		if i < 3 {
			v &^= deniedToOracle()
		}
		s = append(s, fmt.Sprintf("%x", v))
	}
	return strings.Join(s, " ")
}

// apart runs a helper in a process of its own and notes its lines.
func (r *recorder) apart(helper string, args ...string) {
	self, err := os.Executable()
	must(err)
	c := exec.Command(self)
	c.Args, c.Stderr = testenv.HelperArgs(helper, args...), os.Stderr
	out, err := c.Output()
	r.plain(helper+" "+strings.Join(args, " "), err)
	for i, l := range strings.Split(strings.TrimSpace(string(out)), "\n") {
		do, got, _ := strings.Cut(l, ": ")
		r.plain(fmt.Sprint(helper, args, i, " ", do), got)
	}
}

func idsProgram(r *recorder) {
	for seed := range 60 {
		r.apart("ids", strconv.Itoa(seed))
	}
}

// someIDs are tried as arguments of the calls that change ids.
var someIDs = []int{0, 0, 1, 2, 3, -1, 65534, 65535, 70000, 1 << 31, -2}

// runIDs is the helper "ids": random changes of ids, and who it is then.
func runIDs(args []string) int {
	runtime.LockOSThread()
	seed, err := strconv.Atoi(args[0])
	must(err)
	rnd := rand.New(rand.NewPCG(uint64(seed), 7))
	id := func() int { return someIDs[rnd.IntN(len(someIDs))] }
	tell := func(name string, args ...any) {
		value, errno := invoke(name, args...)
		fmt.Printf("%s: %s\n", text(name, args...), result(value, errno))
		fmt.Printf("then: %s\n", whoami())
	}
	for range 12 {
		switch rnd.IntN(10) {
		case 0:
			tell("setuid", id())
		case 1:
			tell("setgid", id())
		case 2:
			tell("setreuid", id(), id())
		case 3:
			tell("setregid", id(), id())
		case 4:
			tell("setresuid", id(), id(), id())
		case 5:
			tell("setresgid", id(), id(), id())
		case 6:
			tell("setfsuid", id())
		case 7:
			tell("setfsgid", id())
		case 8:
			groups := make([]uint32, rnd.IntN(5))
			for i := range groups {
				groups[i] = uint32(max(0, id()))
			}
			tell("setgroups", len(groups), shown{fmt.Sprint(groups), uint32s(groups...)})
		case 9:
			keep := rnd.Uint64() & (1<<(unix.CAP_LAST_CAP+1) - 1)
			if rnd.IntN(2) == 0 {
				keep |= 1<<unix.CAP_SETUID | 1<<unix.CAP_SETGID | 1<<unix.CAP_SETPCAP
			}
			keep &^= uint64(deniedToOracle())
			sets := []uint64{keep & rnd.Uint64(), keep, keep & rnd.Uint64()}
			var data []uint32
			for word := range 2 {
				for _, s := range sets {
					data = append(data, uint32(s>>(32*word)))
				}
			}
			tell("capset", shown{"head", uint32s(0x20080522, 0)}, shown{fmt.Sprintf("%x", sets), uint32s(data...)})
		}
	}
	return 0
}

// whoami asks for all ids, groups and capabilities.
func whoami() string {
	var ids [6]uint32
	invoke("getresuid", address{"", uintptr(unsafe.Pointer(&ids[0]))}, address{"", uintptr(unsafe.Pointer(&ids[1]))}, address{"", uintptr(unsafe.Pointer(&ids[2]))})
	invoke("getresgid", address{"", uintptr(unsafe.Pointer(&ids[3]))}, address{"", uintptr(unsafe.Pointer(&ids[4]))}, address{"", uintptr(unsafe.Pointer(&ids[5]))})
	uid, _ := invoke("getuid")
	euid, _ := invoke("geteuid")
	gid, _ := invoke("getgid")
	egid, _ := invoke("getegid")
	fsuid, _ := invoke("setfsuid", -1)
	fsgid, _ := invoke("setfsgid", -1)
	groups := shown{"", make([]byte, 64)}
	n, errno := invoke("getgroups", 16, groups)
	caps := shown{"", make([]byte, 24)}
	invoke("capget", shown{"", uint32s(0x20080522, 0)}, caps)
	return fmt.Sprint(ids, uid, euid, gid, egid, fsuid, fsgid, n, errno, fmt.Sprintf(" %x ", groups.data[:4*max(n, 0)]), capSets(caps.data, 0x20080522))
}

// mayProgram is about what is allowed to one who is not root any more.
func mayProgram(r *recorder) {
	must(os.Mkdir("may", 0o777))
	must(unix.Chmod("may", 0o777))
	must(os.Chdir("may"))
	for _, who := range []string{"5 6 0", "5 6 7", "0 6 0", "0 0 fs5", "5 0 0", "1000 1000 0"} {
		for _, sticky := range []int{0o777, 0o1777, 0o755, 0o2775} {
			dir := fmt.Sprintf("%s-%o", strings.ReplaceAll(who, " ", "-"), sticky)
			mayWorld(dir, sticky)
			r.apart("may", dir, who)
			r.clean = []string{}
			r.note("after "+dir, "")
			r.clean = nil
		}
	}
	must(os.Chdir(r.top))
}

func mayWorld(dir string, mode int) {
	must(os.Mkdir(dir, 0o755))
	for _, owner := range []int{0, 5, 8} {
		for _, group := range []int{0, 6, 7} {
			for _, bits := range []uint32{0o600, 0o060, 0o006, 0o000, 0o777} {
				name := fmt.Sprintf("%s/%d-%d-%03o", dir, owner, group, bits)
				must(os.WriteFile(name, []byte("x"), 0o600))
				must(unix.Chown(name, owner, group))
				must(unix.Chmod(name, bits))
			}
		}
	}
	for _, bits := range []uint32{0o700, 0o070, 0o007, 0o711} {
		name := fmt.Sprintf("%s/d%03o", dir, bits)
		must(os.Mkdir(name, 0o755))
		must(os.WriteFile(name+"/f", nil, 0o666))
		must(unix.Chown(name, 5, 6))
		must(unix.Chmod(name, bits))
	}
	must(unix.Chmod(dir, uint32(mode)))
	must(unix.Chown(dir, 0, 6))
	must(unix.Chmod(dir, uint32(mode)))
}

// runMay is the helper "may": it becomes somebody and tries what it may.
func runMay(args []string) int {
	runtime.LockOSThread()
	must(os.Chdir(args[0]))
	var uid, gid int
	var other string
	fmt.Sscan(args[1], &uid, &gid, &other)
	group, err := strconv.Atoi(other)
	must(unix.Setgroups([]int{group}))
	_, e := invoke("setresgid", gid, gid, gid)
	fmt.Println("setresgid:", e)
	if err != nil { // fs5
		invoke("setfsuid", 5)
	} else if uid != 0 {
		_, e := invoke("setresuid", uid, uid, uid)
		fmt.Println("setresuid:", e)
	}
	entries, err := os.ReadDir(".")
	fmt.Println("ReadDir:", errText2(err))
	for _, d := range entries {
		tryAll(d.Name())
	}
	for _, path := range []string{"new", "d700/new", "d070/new", "d007/new", "d711/new"} {
		for _, c := range []call{
			{"mkdir", []any{path, 0o2777}}, {"rmdir", []any{path}}, {"mknod", []any{path, unix.S_IFREG | 0o6755, 0}}, {"unlink", []any{path}}, {"symlink", []any{"x", path}},
			{"unlink", []any{path}}, {"creat", []any{path, 0o4777}}, {"mknod", []any{path + "b", unix.S_IFBLK, 0x801}}, {"chown", []any{path, uid, 7}}, {"chmod", []any{path, 0o6755}},
			{"rename", []any{path, path + "2"}},
		} {
			value, errno := invoke(c.name, c.args...)
			if c.name == "creat" && errno == 0 {
				unix.Close(value)
				value = 0
			}
			fmt.Printf("%s: %s\n", text(c.name, c.args...), result(value, errno))
		}
	}
	return 0
}

func errText2(err error) string {
	if err == nil {
		return "ok"
	}
	return errText(err)
}

func tryAll(path string) {
	for _, c := range []call{
		{"access", []any{path, unix.R_OK}}, {"access", []any{path, unix.W_OK}}, {"access", []any{path, unix.X_OK}}, {"faccessat2", []any{here, path, unix.W_OK, unix.AT_EACCESS}},
		{"open", []any{path, unix.O_WRONLY, 0}}, {"open", []any{path, unix.O_RDWR, 0}}, {"open", []any{path, unix.O_WRONLY | unix.O_CREAT, 0o644}}, {"truncate", []any{path, 1}},
		{"chmod", []any{path, 0o6777}}, {"chown", []any{path, -1, -1}}, {"chown", []any{path, 8, -1}}, {"chown", []any{path, -1, 6}}, {"chown", []any{path, -1, 7}}, {"utimensat", []any{here, path, nil, 0}},
		{"utimensat", []any{here, path, longs("times", 1, 2, 3, 4), 0}}, {"setxattr", []any{path, "user.a", shown{"value", []byte("v")}, 1, 0}}, {"setxattr", []any{path, "trusted.a", shown{"value", []byte("v")}, 1, 0}},
		{"setxattr", []any{path, "security.capability", capability(0x02000000, 20), 20, 0}}, {"removexattr", []any{path, "user.a"}}, {"link", []any{path, path + "-l"}}, {"unlink", []any{path + "-l"}},
		{"rename", []any{path, path + "-r"}}, {"rename", []any{path + "-r", path}}, {"stat", []any{path + "/f", buffer(144)}}, {"unlink", []any{path + "/f"}}, {"unlink", []any{path}}, {"chroot", []any{path}},
	} {
		value, errno := invoke(c.name, c.args...)
		if c.name == "open" && errno == 0 {
			unix.Close(value)
			value = 0
		}
		fmt.Printf("%s: %s\n", text(c.name, c.args...), result(value, errno))
	}
}
