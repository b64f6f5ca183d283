//go:build linux

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// An owner is an inode's: it goes with it, to all its names, and ends with it.
var (
	inodeChecks = []check{
		{"inode-dies-with-file", inodeDiesWithFile},
		{"inode-dies-in-rename", inodeDiesInRename},
		{"inode-lives-while-open", inodeLivesWhileOpen},
		{outsideName, inodeReplacedOutside},
	}
	linkChecks = []check{
		{"link-one-owner", linkOneOwner},
		{"link-survives-first-name", linkSurvivesFirstName},
		{"link-descriptor", linkDescriptor},
		{"link-tmpfile", linkTmpfile},
		{"link-of-link", linkOfLink},
	}
	setgidChecks = []check{
		{"setgid-directory-files", setgidDirectoryFiles},
		{"setgid-directory-directories", setgidDirectoryDirectories},
		{"setgid-directory-dropped", setgidDirectoryDropped},
	}
)

// inodeDiesWithFile: ext4 gives the number to the next file at once.
func inodeDiesWithFile() {
	for i := range 20 {
		owned("f", 5, 6, 0o4755)
		must("unlink", unix.Unlink("f"))
		name := fmt.Sprintf("g%d", i)
		file(name)
		is(name, "0:0 100644")
	}
	must("mkdir", unix.Mkdir("d", 0o755))
	must("chown", unix.Chown("d", 5, 6))
	must("rmdir", unix.Rmdir("d"))
	must("mkdir", unix.Mkdir("e", 0o755))
	is("e", "0:0 040755")
}

func inodeDiesInRename() {
	for i := range 20 {
		owned("f", 5, 6, 0o4755)
		file("g")
		must("rename", unix.Rename("g", "f"))
		name := fmt.Sprintf("h%d", i)
		file(name)
		is(name, "0:0 100644")
		is("f", "0:0 100644")
		must("unlink", unix.Unlink("f"))
	}
}

func inodeLivesWhileOpen() {
	owned("f", 5, 6, 0o600)
	fd, err := unix.Open("f", unix.O_RDWR|unix.O_CLOEXEC, 0)
	must("open", err)
	must("unlink", unix.Unlink("f"))
	isFD(fd, "5:6 100600")
	must("fchown", unix.Fchown(fd, 7, 8))
	must("fchmod", unix.Fchmod(fd, 0o2711))
	isFD(fd, "7:8 102711")
	same("links", fstat(fd).Nlink, 0)
}

// The one outside waits in -dir for a file that names the file to replace, and
// removes the request when it is done.
const request, presence = "outside.request", "outside.there"

// outsideName is the check that needs it.
const outsideName = "inode-replaced-outside"

func somebodyOutside(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, presence))
	return err == nil
}

func inodeReplacedOutside() {
	cwd, err := os.Getwd()
	must("getwd", err)
	for i := range 20 {
		name := fmt.Sprintf("f%d", i)
		owned(name, 5, 6, 0o4711)
		askOutside(filepath.Dir(cwd), filepath.Join(cwd, name))
		is(name, "0:0 100644")
	}
}

func askOutside(dir, path string) {
	name := filepath.Join(dir, request)
	must("write", os.WriteFile(name+".new", []byte(path), 0o644))
	must("rename", os.Rename(name+".new", name))
	for range 1000 {
		if _, err := os.Lstat(name); err != nil {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	panic(failure("nobody outside did what was asked for"))
}

// serveOutside is that one, until its sign is taken away. It replaces files in
// the checks' directories only.
func serveOutside(dir string) {
	must("write", os.WriteFile(filepath.Join(dir, presence), nil, 0o644))
	for ; somebodyOutside(dir); time.Sleep(2 * time.Millisecond) {
		serveRequest(dir)
	}
}

func serveRequest(dir string) {
	name := filepath.Join(dir, request)
	path, err := os.ReadFile(name)
	if err != nil || !strings.HasPrefix(string(path), filepath.Join(dir, "fakecheck-")) {
		return
	}
	os.Remove(string(path))
	os.WriteFile(string(path), nil, 0o644) // the check sees whether it was done
	os.Remove(name)
}

func linkOneOwner() {
	owned("f", 5, 6, 0o600)
	must("link", unix.Link("f", "g"))
	is("g", "5:6 100600")
	must("chown", unix.Chown("g", 7, 8))
	must("chmod", unix.Chmod("g", 0o4711))
	is("f", "7:8 104711")
	must("mknod", unix.Mknod("b", unix.S_IFBLK|0o600, 0x701))
	must("link of a device", unix.Link("b", "c"))
	isDevice("c", "0:0 060600", 7, 1)
}

func linkSurvivesFirstName() {
	owned("f", 5, 6, 0o600)
	must("link", unix.Link("f", "g"))
	must("unlink", unix.Unlink("f"))
	is("g", "5:6 100600")
	file("f")
	is("f", "0:0 100644")
}

// linkDescriptor: AT_EMPTY_PATH needs CAP_DAC_READ_SEARCH, which root has.
func linkDescriptor() {
	fd := create("f", 0o600)
	must("fchown", unix.Fchown(fd, 5, 6))
	must("linkat", unix.Linkat(fd, "", unix.AT_FDCWD, "g", unix.AT_EMPTY_PATH))
	is("g", "5:6 100600")
}

func linkTmpfile() {
	fd, err := unix.Open(".", unix.O_TMPFILE|unix.O_RDWR|unix.O_CLOEXEC, 0o640)
	must("open", err)
	must("fchown", unix.Fchown(fd, 5, 6))
	must("fchmod", unix.Fchmod(fd, 0o4711))
	isFD(fd, "5:6 104711")
	proc := fmt.Sprintf("/proc/self/fd/%d", fd)
	must("linkat", unix.Linkat(unix.AT_FDCWD, proc, unix.AT_FDCWD, "f", unix.AT_SYMLINK_FOLLOW))
	is("f", "5:6 104711")
}

func linkOfLink() {
	file("f")
	must("symlink", unix.Symlink("f", "l"))
	must("lchown", unix.Lchown("l", 5, 6))
	must("linkat", unix.Linkat(unix.AT_FDCWD, "l", unix.AT_FDCWD, "m", 0))
	is("m", "5:6 120777")
	must("linkat", unix.Linkat(unix.AT_FDCWD, "l", unix.AT_FDCWD, "n", unix.AT_SYMLINK_FOLLOW))
	is("n", "0:0 100644")
}

// setgidDirectory gives its group to what is made in it (inode(7)).
func setgidDirectory() {
	directory("d", 0o755)
	must("chown", unix.Chown("d", 5, 50))
	must("chmod", unix.Chmod("d", 0o2777))
}

func setgidDirectoryFiles() {
	setgidDirectory()
	file("d/f")
	is("d/f", "0:50 100644")
	must("symlink", unix.Symlink("f", "d/l"))
	is("d/l", "0:50 120777")
	must("mknod", unix.Mknod("d/b", unix.S_IFBLK|0o600, 0x701))
	is("d/b", "0:50 060600")
	must("mkfifo", unix.Mkfifo("d/p", 0o600))
	is("d/p", "0:50 010600")
	file("f")
	must("rename", unix.Rename("f", "d/g"))
	is("d/g", "0:0 100644")
}

func setgidDirectoryDirectories() {
	setgidDirectory()
	must("mkdir", unix.Mkdir("d/e", 0o755))
	is("d/e", "0:50 042755")
	file("d/e/f")
	is("d/e/f", "0:50 100644")
}

func setgidDirectoryDropped() {
	setgidDirectory()
	drop(1000)
	file("d/f")
	is("d/f", "1000:50 100644")
	must("mkdir", unix.Mkdir("d/e", 0o755))
	is("d/e", "1000:50 042755")
}
