//go:build linux

package main

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// open(2).
var openChecks = []check{
	{"open-exclusive", openExclusive},
	{"open-through-link", openThroughLink},
	{"open-created-closed", openCreatedClosed},
	{"open-proc-fd", openProcFD},
	{"open-nofollow", openNofollow},
	{"open-openat2", openOpenat2},
	{"open-setuid-mode", openSetuidMode},
}

func openExclusive() {
	must("symlink", unix.Symlink("none", "l"))
	_, err := unix.Open("l", unix.O_CREAT|unix.O_EXCL|unix.O_WRONLY|unix.O_CLOEXEC, 0o644)
	fails("open", err, unix.EEXIST)
	fails("lstat", unix.Access("none", unix.F_OK), unix.ENOENT)
}

func openThroughLink() {
	must("symlink", unix.Symlink("f", "l"))
	must("open", open("l", unix.O_CREAT|unix.O_WRONLY))
	is("f", "0:0 100000")
}

// openCreatedClosed: the descriptor that creat gives is good whatever the mode.
func openCreatedClosed() {
	fd := create("f", 0)
	_, err := unix.Write(fd, []byte("text"))
	must("write", err)
	is("f", "0:0 100000")
	must("open again", open("f", unix.O_RDWR))
	must("creat again", open("f", unix.O_CREAT|unix.O_TRUNC|unix.O_WRONLY))
	is("f", "0:0 100000")
}

func openProcFD() {
	owned("f", 5, 6, 0)
	fd, err := unix.Open("f", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	must("open", err)
	must("unlink", unix.Unlink("f"))
	proc := fmt.Sprintf("/proc/self/fd/%d", fd)
	again, err := unix.Open(proc, unix.O_RDWR|unix.O_CLOEXEC, 0)
	must("open "+proc, err)
	isFD(again, "5:6 100000")
	must("chmod "+proc, unix.Chmod(proc, 0o4755))
	must("chown "+proc, unix.Chown(proc, 7, 8))
	isFD(fd, "7:8 100755")
}

func openNofollow() {
	owned("f", 5, 6, 0o600)
	must("symlink", unix.Symlink("f", "l"))
	must("lchown", unix.Lchown("l", 7, 8))
	fails("open", open("l", unix.O_RDONLY|unix.O_NOFOLLOW), unix.ELOOP)
	fd, err := unix.Open("l", unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	must("open with O_PATH", err)
	isFD(fd, "7:8 120777")
}

func openOpenat2() {
	directory("d", 0)
	dir, err := unix.Open("d", unix.O_PATH|unix.O_CLOEXEC, 0)
	must("open", err)
	how := &unix.OpenHow{Flags: unix.O_CREAT | unix.O_RDWR | unix.O_CLOEXEC, Mode: 0o4600, Resolve: unix.RESOLVE_BENEATH}
	fd, err := unix.Openat2(dir, "f", how)
	must("openat2", err)
	isFD(fd, "0:0 104600")
	_, err = unix.Openat2(dir, "../f", how)
	fails("openat2 of ..", err, unix.EXDEV)
}

func openSetuidMode() {
	must("close", unix.Close(create("f", 0o6755)))
	is("f", "0:0 106755")
	must("mkdir", unix.Mkdir("d", 0o1777))
	is("d", "0:0 041755")
}
