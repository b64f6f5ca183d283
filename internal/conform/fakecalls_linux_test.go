package conform

import (
	"slices"

	"golang.org/x/sys/unix"
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
