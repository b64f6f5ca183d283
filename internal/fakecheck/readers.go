//go:build linux

package main

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// All ways to ask say the same.
var readerChecks = []check{
	{"readers-stat", readersStat},
	{"readers-empty-path", readersEmptyPath},
	{"readers-statx", readersStatx},
	{"readers-old-calls", readersOldCalls},
	{"readers-dirfd", readersDirFD},
	{"readers-proc-fd", readersProcFD},
	{"readers-getdents", readersGetdents},
	{"readers-device", readersDevice},
	{"readers-thread", readersThread},
	{"readers-process", readersProcess},
}

const faked = "123:456 100640"

// fakedFile is a file that shows as faked.
func fakedFile() int {
	owned("f", 123, 456, 0o640)
	fd, err := unix.Open("f", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	must("open", err)
	return fd
}

func fstatat(dirfd int, path string, flags int) string {
	var st unix.Stat_t
	must("fstatat "+path, unix.Fstatat(dirfd, path, &st, flags))
	return show(st)
}

func statx(dirfd int, path string, flags int) unix.Statx_t {
	var stx unix.Statx_t
	must("statx", unix.Statx(dirfd, path, flags, unix.STATX_BASIC_STATS, &stx))
	return stx
}

func showx(stx unix.Statx_t) string { return fmt.Sprintf("%d:%d %06o", stx.Uid, stx.Gid, stx.Mode) }

func readersStat() {
	isFD(fakedFile(), faked)
	is("f", faked)
	must("symlink", unix.Symlink("f", "l"))
	same("stat of a link", fstatat(unix.AT_FDCWD, "l", 0), faked)
	is("l", "0:0 120777")
}

func readersEmptyPath() {
	fd := fakedFile()
	same("fstatat", fstatat(fd, "", unix.AT_EMPTY_PATH), faked)
	path, err := unix.Open("f", unix.O_PATH|unix.O_CLOEXEC, 0)
	must("open", err)
	same("fstatat of O_PATH", fstatat(path, "", unix.AT_EMPTY_PATH), faked)
	isFD(path, faked)
}

func readersStatx() {
	fd := fakedFile()
	same("statx", showx(statx(unix.AT_FDCWD, "f", 0)), faked)
	same("statx of a descriptor", showx(statx(fd, "", unix.AT_EMPTY_PATH)), faked)
	cwd, err := os.Getwd()
	must("getwd", err)
	same("statx of an absolute path", showx(statx(-1, cwd+"/f", unix.AT_SYMLINK_NOFOLLOW)), faked)
}

// readersOldCalls: stat(2) and the like, which libraries have long left.
func readersOldCalls() {
	fd := fakedFile()
	for name, got := range oldStats("f", fd) {
		same(name, got, faked)
	}
}

func readersDirFD() {
	fakedFile()
	dir, err := unix.Open(".", unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	must("open", err)
	must("mkdir", unix.Mkdir("d", 0o755))
	must("chdir", unix.Chdir("d"))
	same("fstatat", fstatat(dir, "f", unix.AT_SYMLINK_NOFOLLOW), faked)
	is("../f", faked)
	is("../d/./..//f", faked)
}

func readersProcFD() {
	fd := fakedFile()
	same("stat", fstatat(unix.AT_FDCWD, fmt.Sprintf("/proc/self/fd/%d", fd), 0), faked)
	same("stat of a thread's", fstatat(unix.AT_FDCWD, fmt.Sprintf("/proc/thread-self/fd/%d", fd), 0), faked)
}

// readersGetdents: Go takes the type from d_type where there is one.
func readersGetdents() {
	must("mknod", unix.Mknod("b", unix.S_IFBLK|0o600, 0x701))
	must("mknod", unix.Mknod("c", unix.S_IFCHR|0o600, 0x501))
	must("mkfifo", unix.Mkfifo("p", 0o600))
	file("r")
	entries, err := os.ReadDir(".")
	must("getdents", err)
	var got []string
	for _, e := range entries {
		got = append(got, e.Name()+e.Type().String()[:2])
	}
	slices.Sort(got)
	same("d_type", strings.Join(got, " "), "bD- cDc pp- r--")
}

func readersDevice() {
	must("mknod", unix.Mknod("b", unix.S_IFBLK|0o600, int(unix.Mkdev(259, 70000))))
	st, stx := lstat("b"), statx(unix.AT_FDCWD, "b", 0)
	same("rdev", []uint32{unix.Major(uint64(st.Rdev)), unix.Minor(uint64(st.Rdev)), stx.Rdev_major, stx.Rdev_minor},
		[]int{259, 70000, 259, 70000})
	same("mode", []uint32{st.Mode, uint32(stx.Mode)}, []int{unix.S_IFBLK | 0o600, unix.S_IFBLK | 0o600})
}

// readersThread asks on another thread: this one is locked to the check.
func readersThread() {
	fakedFile()
	answer := make(chan string)
	go func() {
		runtime.LockOSThread()
		var st unix.Stat_t
		err := unix.Lstat("f", &st)
		answer <- show(st) + " " + errorName(err)
	}()
	same("another thread", <-answer, faked+" success")
}

func readersProcess() {
	fakedFile()
	same("another process", printed("/proc/self/exe", "-stat", "f"), faked)
}
