//go:build linux && !amd64 && !386

package main

import "golang.org/x/sys/unix"

// oldStats asks with fstat: newer architectures never had stat and lstat.
func oldStats(_ string, fd int) map[string]string {
	st := new(unix.Stat_t)
	_, err := raw(unix.SYS_FSTAT, fd, st)
	must("fstat", err)
	return map[string]string{"fstat": show(*st)}
}

// oldChanges is fchmodat: newer architectures never had the others.
func oldChanges() {
	_, err := raw(unix.SYS_FCHMODAT, unix.AT_FDCWD, "f", 0o4711)
	must("fchmodat", err)
	is("f", "0:0 104711")
}
