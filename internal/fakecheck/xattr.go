//go:build linux

package main

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// xattr(7): all name spaces in all forms.
var (
	xattrChecks = []check{
		{"xattr-user", xattrUser},
		{"xattr-flags", xattrFlags},
		{"xattr-sizes", xattrSizes},
		{"xattr-descriptor", xattrDescriptor},
		{"xattr-at-calls", xattrAtCalls},
		{"xattr-not-on-links", xattrNotOnLinks},
		{"xattr-capability", xattrCapability},
		{"xattr-capability-dropped", xattrCapabilityDropped},
	}
	trustedChecks = []check{
		{"trusted-file", trustedFile},
		{"trusted-link-and-device", trustedLinkAndDevice},
		{"trusted-dropped", trustedDropped},
		{"trusted-follows-inode", trustedFollowsInode},
	}
)

const capabilityName = "security.capability"

// rawCapability is struct vfs_cap_data, revision 2: cap_net_raw+ep.
var rawCapability = append([]byte{1, 0, 0, 2, 0, 0x20}, make([]byte, 14)...)

func value(path, name string) string {
	buf := make([]byte, 65536)
	n, err := unix.Lgetxattr(path, name, buf)
	must("lgetxattr "+name, err)
	return string(buf[:n])
}

// names of the extended attributes; security modules of the host add theirs.
func names(path string) string {
	buf := make([]byte, 65536)
	n, err := unix.Llistxattr(path, buf)
	must("llistxattr", err)
	list := strings.Split(strings.TrimSuffix(string(buf[:n]), "\x00"), "\x00")
	list = slices.DeleteFunc(list, func(s string) bool { return s == "" || s == "security.selinux" })
	slices.Sort(list)
	return strings.Join(list, " ")
}

func xattrUser() {
	owned("f", 5, 6, 0)
	must("setxattr", unix.Setxattr("f", "user.b", []byte("two"), 0))
	must("setxattr", unix.Setxattr("f", "user.a", nil, 0))
	same("value", value("f", "user.b"), "two")
	same("names", names("f"), "user.a user.b")
	must("removexattr", unix.Removexattr("f", "user.a"))
	same("names", names("f"), "user.b")
	_, err := unix.Getxattr("f", "user.a", nil)
	fails("getxattr", err, unix.ENODATA)
	must("symlink", unix.Symlink("f", "l"))
	n, err := unix.Getxattr("l", "user.b", make([]byte, 9))
	must("getxattr through a link", err)
	same("size", n, 3)
}

func xattrFlags() {
	for _, name := range []string{"user.a", "trusted.a"} {
		file(name)
		fails("replace", unix.Setxattr(name, name, []byte("x"), unix.XATTR_REPLACE), unix.ENODATA)
		must("create", unix.Setxattr(name, name, []byte("x"), unix.XATTR_CREATE))
		fails("create again", unix.Setxattr(name, name, []byte("y"), unix.XATTR_CREATE), unix.EEXIST)
		must("replace", unix.Setxattr(name, name, []byte("z"), unix.XATTR_REPLACE))
		same("value", value(name, name), "z")
		fails("remove", unix.Removexattr(name, "user.none"), unix.ENODATA)
		fails("unknown flag", unix.Setxattr(name, name, nil, 8), unix.EINVAL)
	}
}

// xattrSizes: the VFS's limits; a file system may have closer ones.
func xattrSizes() {
	for _, name := range []string{"user.a", "trusted.a"} {
		file(name)
		long := bytes.Repeat([]byte("x"), 2000)
		must("setxattr", unix.Setxattr(name, name, long, 0))
		n, err := unix.Getxattr(name, name, nil)
		must("getxattr of the size", err)
		same("size", n, len(long))
		_, err = unix.Getxattr(name, name, make([]byte, 10))
		fails("getxattr with little room", err, unix.ERANGE)
		_, err = unix.Listxattr(name, make([]byte, 3))
		fails("listxattr with little room", err, unix.ERANGE)
		fails("setxattr of too much", unix.Setxattr(name, name, make([]byte, 65537), 0), unix.E2BIG)
		fails("setxattr of a long name", unix.Setxattr(name, "trusted."+strings.Repeat("n", 250), nil, 0), unix.ERANGE)
		same("value", value(name, name), string(long))
	}
}

func xattrDescriptor() {
	fd := create("f", 0o600)
	must("fsetxattr", unix.Fsetxattr(fd, "trusted.a", []byte("x"), 0))
	must("unlink", unix.Unlink("f"))
	buf := make([]byte, 100)
	n, err := unix.Fgetxattr(fd, "trusted.a", buf)
	must("fgetxattr", err)
	same("value", string(buf[:n]), "x")
	n, err = unix.Flistxattr(fd, buf)
	must("flistxattr", err)
	same("listed", strings.Contains(string(buf[:n]), "trusted.a\x00"), true)
	must("fremovexattr", unix.Fremovexattr(fd, "trusted.a"))
	_, err = unix.Fgetxattr(fd, "trusted.a", buf)
	fails("fgetxattr", err, unix.ENODATA)
}

// xattrArgs is struct xattr_args.
type xattrArgs struct {
	Value       uint64
	Size, Flags uint32
}

// The numbers are the same on all architectures; Linux 6.13.
const setxattrat, getxattrat, listxattrat, removexattrat = 463, 464, 465, 466

// xattrAtCalls: a kernel that has not got them says ENOSYS, to anybody.
func xattrAtCalls() {
	fd := create("f", 0o600)
	buf := new([100]byte)
	buf[0] = 'x'
	args := &xattrArgs{Value: uint64(address(buf)), Size: 1}
	_, err := raw(setxattrat, unix.AT_FDCWD, "f", 0, "trusted.a", args, 16)
	if err == unix.ENOSYS {
		return
	}
	must("setxattrat", err)
	same("value", value("f", "trusted.a"), "x")
	args.Size, buf[0] = 100, 0
	n, err := raw(getxattrat, fd, "", unix.AT_EMPTY_PATH, "trusted.a", args, 16)
	must("getxattrat", err)
	same("value", string(buf[:n]), "x")
	n, err = raw(listxattrat, fd, "", unix.AT_EMPTY_PATH, buf, 100)
	must("listxattrat", err)
	same("listed", strings.Contains(string(buf[:n]), "trusted.a\x00"), true)
	_, err = raw(removexattrat, unix.AT_FDCWD, "f", 0, "trusted.a")
	must("removexattrat", err)
	same("names", names("f"), "")
}

// xattrNotOnLinks: user.* is for files and directories.
func xattrNotOnLinks() {
	must("symlink", unix.Symlink("none", "l"))
	must("mknod", unix.Mknod("c", unix.S_IFCHR|0o600, 0x501))
	fails("lsetxattr", unix.Lsetxattr("l", "user.a", []byte("x"), 0), unix.EPERM)
	fails("setxattr of a device", unix.Setxattr("c", "user.a", []byte("x"), 0), unix.EPERM)
	fails("setxattr through the link", unix.Setxattr("l", "user.a", []byte("x"), 0), unix.ENOENT)
	fails("another name space", unix.Lsetxattr("l", "other.a", []byte("x"), 0), unix.EOPNOTSUPP)
}

func xattrCapability() {
	file("f")
	must("setxattr", unix.Setxattr("f", capabilityName, rawCapability, 0))
	same("value", fmt.Sprintf("%x", value("f", capabilityName)), fmt.Sprintf("%x", rawCapability))
	same("names", names("f"), capabilityName)
	must("rename", unix.Rename("f", "g"))
	same("value", fmt.Sprintf("%x", value("g", capabilityName)), fmt.Sprintf("%x", rawCapability))
	fails("setxattr of nonsense", unix.Setxattr("g", capabilityName, []byte("x"), 0), unix.EINVAL)
	must("write", writeByte("g"))
	_, err := unix.Getxattr("g", capabilityName, make([]byte, 64))
	fails("getxattr after a write", err, unix.ENODATA)
}

func writeByte(path string) error {
	fd, err := unix.Open(path, unix.O_WRONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	_, err = unix.Write(fd, []byte("x"))
	return err
}

func xattrCapabilityDropped() {
	owned("f", 1000, 1000, 0o755)
	drop(1000)
	fails("setxattr", unix.Setxattr("f", capabilityName, rawCapability, 0), unix.EPERM)
	must("setxattr of user", unix.Setxattr("f", "user.a", []byte("x"), 0))
}

func trustedFile() {
	owned("f", 5, 6, 0)
	must("mkdir", unix.Mkdir("d", 0o755))
	for _, path := range []string{"f", "d"} {
		must("setxattr", unix.Setxattr(path, "trusted.a", []byte("x\x00y"), 0))
		same("value", value(path, "trusted.a"), "x\x00y")
		same("names", names(path), "trusted.a")
		must("removexattr", unix.Removexattr(path, "trusted.a"))
		same("names", names(path), "")
	}
}

func trustedLinkAndDevice() {
	file("f")
	must("symlink", unix.Symlink("f", "l"))
	must("mknod", unix.Mknod("b", unix.S_IFBLK|0o600, 0x701))
	for _, path := range []string{"l", "b"} {
		must("lsetxattr", unix.Lsetxattr(path, "trusted."+path, []byte(path), 0))
		same("value", value(path, "trusted."+path), path)
		same("names", names(path), "trusted."+path)
	}
	same("names of the file", names("f"), "")
}

func trustedDropped() {
	owned("f", 1000, 1000, 0o644)
	must("setxattr", unix.Setxattr("f", "trusted.a", []byte("x"), 0))
	drop(1000)
	fails("setxattr", unix.Setxattr("f", "trusted.a", []byte("y"), 0), unix.EPERM)
	_, err := unix.Getxattr("f", "trusted.a", make([]byte, 9))
	fails("getxattr", err, unix.ENODATA)
	same("names", names("f"), "")
}

func trustedFollowsInode() {
	file("f")
	must("setxattr", unix.Setxattr("f", "trusted.a", []byte("x"), 0))
	must("link", unix.Link("f", "g"))
	must("unlink", unix.Unlink("f"))
	same("value", value("g", "trusted.a"), "x")
	must("unlink", unix.Unlink("g"))
	file("h")
	same("names", names("h"), "")
}
