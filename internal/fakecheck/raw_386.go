package main

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// kernelStat is struct stat of asm/stat.h, which has 16-bit ids.
type kernelStat struct {
	Dev, Ino                  uint32
	Mode, Nlink, Uid, Gid     uint16
	Rdev, Size, Blksize       uint32
	Blocks, Atime, AtimeNsec  uint32
	Mtime, MtimeNsec          uint32
	Ctime, CtimeNsec, _un, _d uint32
}

func (st kernelStat) String() string { return fmt.Sprintf("%d:%d %06o", st.Uid, st.Gid, st.Mode) }

// oldStats asks with the calls that older programs make.
func oldStats(path string, fd int) map[string]string {
	st := make([]kernelStat, 3)
	st64 := make([]unix.Stat_t, 3)
	for i, c := range []struct {
		name      string
		nr, nr64  uintptr
		pathOrNum any
	}{
		{"stat", unix.SYS_STAT, unix.SYS_STAT64, path},
		{"lstat", unix.SYS_LSTAT, unix.SYS_LSTAT64, path},
		{"fstat", unix.SYS_FSTAT, unix.SYS_FSTAT64, fd},
	} {
		_, err := raw(c.nr, c.pathOrNum, &st[i])
		must(c.name, err)
		_, err = raw(c.nr64, c.pathOrNum, &st64[i])
		must(c.name+"64", err)
	}
	return map[string]string{"stat": st[0].String(), "lstat": st[1].String(), "fstat": st[2].String(),
		"stat64": show(st64[0]), "lstat64": show(st64[1]), "fstat64": show(st64[2])}
}

// oldChanges are chown, lchown, chmod and mknod as older programs call them;
// ids have 16 bits, and 65535 is the -1 that keeps.
func oldChanges() {
	call := func(name string, nr uintptr, args ...any) {
		_, err := raw(nr, args...)
		must(name, err)
	}
	call("chown", unix.SYS_CHOWN, "f", 5, 6)
	call("chown", unix.SYS_CHOWN, "f", 0xffff, 7)
	is("f", "5:7 100644")
	call("lchown32", unix.SYS_LCHOWN32, "f", 70000, 8)
	call("chmod", unix.SYS_CHMOD, "f", 0o4711)
	is("f", "70000:8 104711")
	call("mknod", unix.SYS_MKNOD, "b", unix.S_IFBLK|0o660, 0x701)
	is("b", "0:0 060640")
	call("rename", unix.SYS_RENAME, "b", "c")
	is("c", "0:0 060640")
	call("unlink", unix.SYS_UNLINK, "c")
	uid, err := raw(unix.SYS_GETUID)
	must("getuid", err)
	same("getuid of 16 bits", uid, 0)
}
