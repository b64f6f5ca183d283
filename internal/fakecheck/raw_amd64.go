package main

import "golang.org/x/sys/unix"

// oldStats asks with the calls that older programs make.
func oldStats(path string, fd int) map[string]string {
	st := make([]unix.Stat_t, 3)
	_, err := raw(unix.SYS_STAT, path, &st[0])
	must("stat", err)
	_, err = raw(unix.SYS_LSTAT, path, &st[1])
	must("lstat", err)
	_, err = raw(unix.SYS_FSTAT, fd, &st[2])
	must("fstat", err)
	return map[string]string{"stat": show(st[0]), "lstat": show(st[1]), "fstat": show(st[2])}
}

// oldChanges are chown, lchown, chmod and mknod as older programs call them.
func oldChanges() {
	call := func(name string, nr uintptr, args ...any) {
		_, err := raw(nr, args...)
		must(name, err)
	}
	call("chown", unix.SYS_CHOWN, "f", 5, 6)
	is("f", "5:6 100644")
	call("lchown", unix.SYS_LCHOWN, "f", 7, 8)
	call("chmod", unix.SYS_CHMOD, "f", 0o4711)
	is("f", "7:8 104711")
	call("mknod", unix.SYS_MKNOD, "b", unix.S_IFBLK|0o660, 0x701)
	is("b", "0:0 060640")
	call("rename", unix.SYS_RENAME, "b", "c")
	is("c", "0:0 060640")
	call("unlink", unix.SYS_UNLINK, "c")
}
