//go:build linux

package main

import (
	"encoding/binary"
	"fmt"

	"golang.org/x/sys/unix"
)

// acl(5), in the form of linux/posix_acl_xattr.h.
var aclChecks = []check{
	{"acl-access", aclAccessKept},
	{"acl-default", aclDefaultKept},
	{"acl-of-nobody", aclOfNobody},
	{"acl-minimal", aclMinimal},
}

const aclAccess, aclDefault = "system.posix_acl_access", "system.posix_acl_default"

// named is a named user and what it may do.
type named struct{ id, perm uint32 }

// acl is user::, user:NAMED:, group::, mask:: and other::.
func acl(user int, who named, group, mask, other int) []byte {
	b := []byte{2, 0, 0, 0}
	for _, e := range []struct{ tag, perm, id uint32 }{
		{0x01, uint32(user), 1<<32 - 1},
		{0x02, who.perm, who.id},
		{0x04, uint32(group), 1<<32 - 1},
		{0x10, uint32(mask), 1<<32 - 1},
		{0x20, uint32(other), 1<<32 - 1},
	} {
		b = binary.LittleEndian.AppendUint16(b, uint16(e.tag))
		b = binary.LittleEndian.AppendUint16(b, uint16(e.perm))
		b = binary.LittleEndian.AppendUint32(b, e.id)
	}
	return b
}

// aclOf is an ACL as the kernel hands it out.
func aclOf(path, name string) []byte { return []byte(value(path, name)) }

func aclAccessKept() {
	owned("f", 5, 6, 0o640)
	want := acl(6, named{1000, 7}, 4, 5, 0)
	must("setxattr", unix.Setxattr("f", aclAccess, want, 0))
	same("ACL", aclOf("f", aclAccess), want)
	same("names", names("f"), aclAccess)
	is("f", "5:6 100650")
	must("removexattr", unix.Removexattr("f", aclAccess))
	_, err := unix.Getxattr("f", aclAccess, make([]byte, 99))
	fails("getxattr", err, unix.ENODATA)
}

func aclDefaultKept() {
	directory("d", 0o755)
	want := acl(7, named{70000, 5}, 5, 7, 5)
	must("setxattr", unix.Setxattr("d", aclDefault, want, 0))
	same("ACL", aclOf("d", aclDefault), want)
	file("f")
	fails("default of a file", unix.Setxattr("f", aclDefault, want, 0), unix.EACCES)
	file("d/f")
	same("ACL of a file in it", aclOf("d/f", aclAccess), acl(6, named{70000, 5}, 5, 4, 4))
	is("d/f", "0:0 100644")
}

// aclOfNobody: an ACL that the kernel can't take.
func aclOfNobody() {
	file("f")
	fails("setxattr", unix.Setxattr("f", aclAccess, []byte{2, 0, 0, 0, 9, 9, 9, 9, 0, 0, 0, 0}, 0), unix.EINVAL)
	must("symlink", unix.Symlink("f", "l"))
	fails("lsetxattr", unix.Lsetxattr("l", aclAccess, acl(7, named{1000, 6}, 5, 7, 4), 0), unix.EOPNOTSUPP)
	is("f", "0:0 100644")
}

// aclMinimal: one that says no more than a mode becomes the mode.
func aclMinimal() {
	file("f")
	var minimal []byte
	full := acl(7, named{}, 5, 0, 1)
	minimal = append(append(append(minimal, full[:12]...), full[20:28]...), full[36:]...)
	must("setxattr", unix.Setxattr("f", aclAccess, minimal, 0))
	is("f", "0:0 100751")
	same("names", fmt.Sprintf("%q", names("f")), `""`)
}
