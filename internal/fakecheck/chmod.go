//go:build linux

package main

import "golang.org/x/sys/unix"

// chmod(2), and modes that come of the umask.
var (
	chmodChecks = []check{
		{"chmod-all-bits", chmodAllBits},
		{"chmod-forms", chmodForms},
		{"chmod-fchmodat2", chmodFchmodat2},
		{"chmod-dropped", chmodDropped},
		{"chmod-setgid-of-others", chmodSetgidOfOthers},
		{"chmod-write-keeps-setuid", chmodWriteKeepsSetuid},
		{"chmod-write-clears-setuid", chmodWriteClearsSetuid},
		{"chmod-acl-mask", chmodACLMask},
	}
	umaskChecks = []check{
		{"umask-applies", umaskApplies},
		{"umask-of-owner", umaskOfOwner},
		{"umask-default-acl", umaskDefaultACL},
	}
)

func chmodAllBits() {
	file("f")
	directory("d", 0o7777)
	for mode, want := range map[uint32]string{0o7777: "0:0 107777", 0: "0:0 100000", 0o4000: "0:0 104000", 0o1755: "0:0 101755"} {
		must("chmod", unix.Chmod("f", mode))
		is("f", want)
	}
	is("d", "0:0 047777")
}

func chmodForms() {
	fd := create("f", 0o600)
	must("symlink", unix.Symlink("f", "l"))
	must("chmod of a link", unix.Chmod("l", 0o4711))
	is("f", "0:0 104711")
	is("l", "0:0 120777")
	must("fchmod", unix.Fchmod(fd, 0o2750))
	is("f", "0:0 102750")
	must("mknod", unix.Mknod("c", unix.S_IFCHR|0o600, 0x501))
	must("chmod of a device", unix.Chmod("c", 0o666))
	is("c", "0:0 020666")
}

func fchmodat2(dirfd int, path string, mode, flags int) error {
	_, err := raw(unix.SYS_FCHMODAT2, dirfd, path, mode, flags)
	return err
}

// chmodFchmodat2: Linux 6.6.
func chmodFchmodat2() {
	file("f")
	must("symlink", unix.Symlink("f", "l"))
	must("fchmodat2", fchmodat2(unix.AT_FDCWD, "f", 0o4700, unix.AT_SYMLINK_NOFOLLOW))
	is("f", "0:0 104700")
	fails("fchmodat2 of a link", fchmodat2(unix.AT_FDCWD, "l", 0o600, unix.AT_SYMLINK_NOFOLLOW), unix.EOPNOTSUPP)
	path, err := unix.Open("f", unix.O_PATH|unix.O_CLOEXEC, 0)
	must("open", err)
	must("fchmodat2 of O_PATH", fchmodat2(path, "", 0o2711, unix.AT_EMPTY_PATH))
	is("f", "0:0 102711")
}

func chmodDropped() {
	owned("f", 1000, 1000, 0o644)
	owned("g", 1001, 1000, 0o666)
	drop(1000)
	must("chmod", unix.Chmod("f", 0o4755))
	is("f", "1000:1000 104755")
	fails("chmod of others'", unix.Chmod("g", 0o600), unix.EPERM)
}

// chmodSetgidOfOthers: the bit goes if the caller is not in the group.
func chmodSetgidOfOthers() {
	owned("f", 1000, 50, 0o644)
	drop(1000)
	must("chmod", unix.Chmod("f", 0o2755))
	is("f", "1000:50 100755")
}

func chmodWriteKeepsSetuid() {
	fd := create("f", 0o600)
	must("chmod", unix.Chmod("f", 0o6755))
	_, err := unix.Write(fd, []byte("x"))
	must("write", err)
	is("f", "0:0 106755")
}

func chmodWriteClearsSetuid() {
	owned("f", 1000, 1000, 0o6777)
	drop(1001)
	fd, err := unix.Open("f", unix.O_WRONLY|unix.O_CLOEXEC, 0)
	must("open", err)
	_, err = unix.Write(fd, []byte("x"))
	must("write", err)
	is("f", "1000:1000 100777")
}

// chmodACLMask: the group bits are the ACL's mask, both ways (acl(5)).
func chmodACLMask() {
	file("f")
	must("setxattr", unix.Setxattr("f", aclAccess, acl(7, named{1000, 6}, 5, 7, 4), 0))
	is("f", "0:0 100774")
	must("chmod", unix.Chmod("f", 0o750))
	same("ACL", aclOf("f", aclAccess), acl(7, named{1000, 6}, 5, 5, 0))
}

func umaskApplies() {
	unix.Umask(0o027)
	must("close", unix.Close(create("f", 0o666)))
	is("f", "0:0 100640")
	must("mkdir", unix.Mkdir("d", 0o777))
	is("d", "0:0 040750")
	must("mknod", unix.Mknod("b", unix.S_IFBLK|0o666, 0x701))
	is("b", "0:0 060640")
	must("mkfifo", unix.Mkfifo("p", 0o666))
	is("p", "0:0 010640")
}

// umaskOfOwner: root goes on where the owner has no permission.
func umaskOfOwner() {
	unix.Umask(0o777)
	must("mkdir", unix.Mkdir("d", 0o777))
	must("close", unix.Close(create("d/f", 0o666)))
	must("chown", unix.Chown("d/f", 5, 6))
	is("d/f", "5:6 100000")
	must("open", open("d/f", unix.O_RDWR))
	must("mkdir", unix.Mkdir("d/d", 0o777))
	must("mkfifo", unix.Mkfifo("d/d/p", 0o666))
	is("d/d/p", "0:0 010000")
	is("d/d", "0:0 040000")
}

// umaskDefaultACL: a default ACL of the directory takes the umask's place.
func umaskDefaultACL() {
	directory("d", 0o755)
	must("setxattr", unix.Setxattr("d", aclDefault, acl(7, named{1000, 7}, 5, 7, 5), 0))
	unix.Umask(0o077)
	must("close", unix.Close(create("d/f", 0o666)))
	is("d/f", "0:0 100664")
	must("mknod", unix.Mknod("d/b", unix.S_IFBLK|0o666, 0x701))
	is("d/b", "0:0 060664")
	must("mkdir", unix.Mkdir("d/d", 0o777))
	is("d/d", "0:0 040775")
	same("the default goes on", aclOf("d/d", aclDefault), acl(7, named{1000, 7}, 5, 7, 5))
}
