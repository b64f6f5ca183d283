package conform

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

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
