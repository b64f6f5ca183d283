package conform

import (
	"encoding/binary"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

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
