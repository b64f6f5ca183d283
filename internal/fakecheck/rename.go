//go:build linux

package main

import "golang.org/x/sys/unix"

// rename(2).
var renameChecks = []check{
	{"rename-over", renameOver},
	{"rename-onto-itself", renameOntoItself},
	{"rename-exchange", renameExchange},
	{"rename-noreplace", renameNoreplace},
	{"rename-whiteout", renameWhiteout},
	{"rename-directory", renameDirectory},
	{"rename-descriptor", renameDescriptor},
}

func rename2(from, to string, flags uint) error {
	return unix.Renameat2(unix.AT_FDCWD, from, unix.AT_FDCWD, to, flags)
}

func renameOver() {
	owned("f", 5, 6, 0o600)
	owned("g", 7, 8, 0o4755)
	must("rename", unix.Rename("f", "g"))
	is("g", "5:6 100600")
	file("f")
	is("f", "0:0 100644")
}

// renameOntoItself: two names of a file stay both.
func renameOntoItself() {
	owned("f", 5, 6, 0o600)
	must("link", unix.Link("f", "g"))
	must("rename", unix.Rename("f", "g"))
	must("rename to itself", unix.Rename("f", "f"))
	is("f", "5:6 100600")
	is("g", "5:6 100600")
}

func renameExchange() {
	owned("f", 5, 6, 0o600)
	must("mknod", unix.Mknod("b", unix.S_IFBLK|0o600, 0x701))
	must("renameat2", rename2("f", "b", unix.RENAME_EXCHANGE))
	is("b", "5:6 100600")
	isDevice("f", "0:0 060600", 7, 1)
}

func renameNoreplace() {
	owned("f", 5, 6, 0o600)
	owned("g", 7, 8, 0o600)
	fails("renameat2", rename2("f", "g", unix.RENAME_NOREPLACE), unix.EEXIST)
	is("g", "7:8 100600")
	must("renameat2", rename2("f", "h", unix.RENAME_NOREPLACE))
	is("h", "5:6 100600")
}

// renameWhiteout leaves the device 0:0 behind.
func renameWhiteout() {
	owned("f", 5, 6, 0o600)
	must("renameat2", rename2("f", "g", unix.RENAME_WHITEOUT))
	is("g", "5:6 100600")
	isDevice("f", "0:0 020000", 0, 0)
}

func renameDirectory() {
	must("mkdir", unix.Mkdir("d", 0o755))
	owned("d/f", 5, 6, 0o4711)
	must("chown", unix.Chown("d", 7, 8))
	must("rename", unix.Rename("d", "e"))
	is("e", "7:8 040755")
	is("e/f", "5:6 104711")
	must("mkdir", unix.Mkdir("d", 0o755))
	is("d", "0:0 040755")
}

func renameDescriptor() {
	owned("f", 5, 6, 0o600)
	fd, err := unix.Open("f", unix.O_RDWR|unix.O_CLOEXEC, 0)
	must("open", err)
	must("rename", unix.Rename("f", "g"))
	file("f")
	isFD(fd, "5:6 100600")
	must("fchown", unix.Fchown(fd, 7, 8))
	is("g", "7:8 100600")
	is("f", "0:0 100644")
}
