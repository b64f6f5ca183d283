//go:build linux

package main

import "golang.org/x/sys/unix"

// chown(2).
var chownChecks = []check{
	{"chown-keeps", chownKeeps},
	{"chown-large-ids", chownLargeIDs},
	{"chown-forms", chownForms},
	{"chown-descriptors", chownDescriptors},
	{"chown-old-calls", chownOldCalls},
	{"chown-large-after-small", chownLargeAfterSmall},
	{"chown-clears-setuid", chownClearsSetuid},
	{"chown-clears-unchanged", chownClearsUnchanged},
	{"chown-keeps-locking-bit", chownKeepsLockingBit},
	{"chown-directory-keeps-bits", chownDirectoryKeepsBits},
	{"chown-clears-capability", chownClearsCapability},
	{"chown-dropped", chownDropped},
	{"chown-own-group", chownOwnGroup},
	{"chown-errors", chownErrors},
}

func chownKeeps() {
	owned("f", 5, 6, 0o644)
	must("chown", unix.Chown("f", -1, 7))
	is("f", "5:7 100644")
	must("chown", unix.Chown("f", 8, -1))
	is("f", "8:7 100644")
}

// chownLargeIDs: all but 2^32-1, which is the -1 that keeps.
func chownLargeIDs() {
	file("f")
	var largest uint32 = 1<<32 - 2
	must("chown", unix.Chown("f", int(largest), 1<<31-1))
	is("f", "4294967294:2147483647 100644")
}

func chownForms() {
	file("f")
	must("symlink", unix.Symlink("f", "l"))
	must("lchown", unix.Lchown("l", 5, 6))
	must("chown", unix.Chown("l", 7, 8))
	is("l", "5:6 120777")
	is("f", "7:8 100644")
	must("fchownat", unix.Fchownat(unix.AT_FDCWD, "l", 9, 10, unix.AT_SYMLINK_NOFOLLOW))
	is("l", "9:10 120777")
	is("f", "7:8 100644")
}

func chownDescriptors() {
	fd := create("f", 0o644)
	must("fchown", unix.Fchown(fd, 5, 6))
	is("f", "5:6 100644")
	path, err := unix.Open("f", unix.O_PATH|unix.O_CLOEXEC, 0)
	must("open", err)
	must("fchownat", unix.Fchownat(path, "", 7, 8, unix.AT_EMPTY_PATH))
	is("f", "7:8 100644")
	fails("fchown of O_PATH", unix.Fchown(path, 9, 9), unix.EBADF)
}

func chownOldCalls() {
	file("f")
	oldChanges()
}

// chownLargeAfterSmall: to ids that a range may have, to others, and back.
func chownLargeAfterSmall() {
	file("f")
	must("chown", unix.Chown("f", 5, 6))
	must("setxattr", unix.Setxattr("f", "trusted.catbox", []byte("kept"), 0))
	must("chmod", unix.Chmod("f", 0o4711))
	must("chown", unix.Chown("f", 70000, 8))
	is("f", "70000:8 100711")
	must("chown", unix.Chown("f", 7, 8))
	must("chmod", unix.Chmod("f", 0o2755))
	is("f", "7:8 102755")
	must("chown", unix.Chown("f", 0, 0))
	value := make([]byte, 8)
	n, err := unix.Getxattr("f", "trusted.catbox", value)
	must("getxattr", err)
	same("trusted.catbox", string(value[:n]), "kept")
}

func chownClearsSetuid() {
	file("f")
	must("chmod", unix.Chmod("f", 0o6755))
	must("chown", unix.Chown("f", 5, 6))
	is("f", "5:6 100755")
}

// chownClearsUnchanged: also if the owner stays, and if nothing is given.
func chownClearsUnchanged() {
	file("f")
	must("chmod", unix.Chmod("f", 0o4755))
	must("chown", unix.Chown("f", 0, 0))
	is("f", "0:0 100755")
	must("chmod", unix.Chmod("f", 0o4755))
	must("chown", unix.Chown("f", -1, -1))
	is("f", "0:0 100755")
}

// chownKeepsLockingBit: setgid without group execute is no privilege (inode(7)).
func chownKeepsLockingBit() {
	file("f")
	must("chmod", unix.Chmod("f", 0o6745))
	must("chown", unix.Chown("f", 5, 6))
	is("f", "5:6 102745")
}

func chownDirectoryKeepsBits() {
	directory("d", 0o7755)
	must("chown", unix.Chown("d", 5, 6))
	is("d", "5:6 047755")
}

func chownClearsCapability() {
	file("f")
	must("setxattr", unix.Setxattr("f", capabilityName, rawCapability, 0))
	must("chown", unix.Chown("f", 0, 0))
	_, err := unix.Getxattr("f", capabilityName, make([]byte, 64))
	fails("getxattr", err, unix.ENODATA)
}

func chownDropped() {
	owned("f", 1000, 1000, 0o644)
	file("g")
	drop(1000)
	fails("chown to root", unix.Chown("f", 0, -1), unix.EPERM)
	fails("chown to others' group", unix.Chown("f", -1, 5), unix.EPERM)
	fails("chown of others'", unix.Chown("g", 1000, 1000), unix.EPERM)
	must("chown to itself", unix.Chown("f", 1000, 1000))
	is("f", "1000:1000 100644")
}

// chownOwnGroup: an owner may give a file to a group of its own.
func chownOwnGroup() {
	owned("f", 1000, 1000, 0o2755)
	must("setgroups", unix.Setgroups([]int{50}))
	must("setresuid", unix.Setresuid(1000, 1000, 1000))
	must("chown", unix.Chown("f", -1, 50))
	is("f", "1000:50 100755")
	fails("chown", unix.Chown("f", -1, 51), unix.EPERM)
}

func chownErrors() {
	file("f")
	fails("chown of nothing", unix.Chown("none", 5, 6), unix.ENOENT)
	fails("chown below a file", unix.Chown("f/x", 5, 6), unix.ENOTDIR)
	fails("fchown of no descriptor", unix.Fchown(99, 5, 6), unix.EBADF)
	fails("fchownat with an unknown flag", unix.Fchownat(unix.AT_FDCWD, "f", 5, 6, 0x8000), unix.EINVAL)
	is("f", "0:0 100644")
}
