//go:build linux

package main

import (
	"os"

	"golang.org/x/sys/unix"
)

// What root may whatever the mode says, and what it may not; utimensat(2).
var (
	mayChecks = []check{
		{"may-open-closed-file", mayOpenClosedFile},
		{"may-search-closed-directory", maySearchClosedDirectory},
		{"may-remove-closed-tree", mayRemoveClosedTree},
		{"may-access-agrees", mayAccessAgrees},
		{"may-not-execute", mayNotExecute},
		{"may-not-once-dropped", mayNotOnceDropped},
		{"may-others-file", mayOthersFile},
		{"may-sticky-directory", maySticky},
	}
	timeChecks = []check{
		{"time-of-others", timeOfOthers},
		{"time-forms", timeForms},
		{"time-dropped", timeDropped},
	}
)

func mayOpenClosedFile() {
	must("write", os.WriteFile("f", []byte("text"), 0o600))
	must("chmod", unix.Chmod("f", 0))
	data, err := os.ReadFile("f")
	must("read", err)
	same("content", string(data), "text")
	must("open to write", open("f", unix.O_RDWR|unix.O_TRUNC))
	must("truncate", unix.Truncate("f", 9))
	is("f", "0:0 100000")
}

func maySearchClosedDirectory() {
	directory("d", 0)
	file("d/f")
	is("d/f", "0:0 100644")
	entries, err := os.ReadDir("d")
	must("getdents", err)
	same("entries", len(entries), 1)
	must("chdir", unix.Chdir("d"))
	must("open", open("f", unix.O_RDONLY))
	is(".", "0:0 040000")
}

func mayRemoveClosedTree() {
	directory("d", 0o755)
	directory("d/e", 0o755)
	file("d/e/f")
	for _, path := range []string{"d/e/f", "d/e", "d"} {
		must("chmod", unix.Chmod(path, 0))
	}
	must("rename", unix.Rename("d/e/f", "d/e/g"))
	must("unlink", unix.Unlink("d/e/g"))
	must("rmdir", unix.Rmdir("d/e"))
	must("rmdir", unix.Rmdir("d"))
}

func mayAccessAgrees() {
	file("f")
	must("chmod", unix.Chmod("f", 0))
	directory("d", 0)
	must("access", unix.Access("f", unix.R_OK|unix.W_OK))
	fails("access X_OK of a file", unix.Access("f", unix.X_OK), unix.EACCES)
	must("access of a directory", unix.Access("d", unix.R_OK|unix.W_OK|unix.X_OK))
	must("faccessat2", unix.Faccessat(unix.AT_FDCWD, "f", unix.R_OK|unix.W_OK, unix.AT_EACCESS))
	must("chmod", unix.Chmod("f", 0o010))
	must("access X_OK with one bit", unix.Access("f", unix.X_OK))
}

func mayNotExecute() {
	program("p")
	must("chmod", unix.Chmod("p", 0o666))
	fails("exec", unix.Exec("./p", []string{"p", "-ids"}, nil), unix.EACCES)
	must("chmod", unix.Chmod("p", 0o001))
	same("with one bit", printed("./p", "-ids"), "0 0 0, 0 0 0")
}

// mayNotOnceDropped: what another user keeps to itself.
func mayNotOnceDropped() {
	owned("f", 1000, 1000, 0o600)
	directory("d", 0o700)
	file("d/f")
	drop(1001)
	fails("open", open("f", unix.O_RDONLY), unix.EACCES)
	fails("access", unix.Access("f", unix.R_OK), unix.EACCES)
	fails("search", open("d/f", unix.O_RDONLY), unix.EACCES)
	must("chmod", os.WriteFile("mine", nil, 0o600))
	is("mine", "1001:1001 100600")
}

func mayOthersFile() {
	owned("f", 1000, 1000, 0o400)
	must("open to write", open("f", unix.O_WRONLY))
	must("open with O_NOATIME", open("f", unix.O_RDONLY|unix.O_NOATIME))
	must("chmod", unix.Chmod("f", 0o4755))
	is("f", "1000:1000 104755")
	drop(1000)
	must("the owner's chmod", unix.Chmod("f", 0o600))
	must("the owner's open", open("f", unix.O_RDWR))
}

func maySticky() {
	directory("d", 0o1777)
	owned("d/f", 1000, 1000, 0o666)
	owned("d/g", 1001, 1001, 0o666)
	drop(1001)
	fails("unlink of others'", unix.Unlink("d/f"), unix.EPERM)
	fails("rename of others'", unix.Rename("d/f", "d/h"), unix.EPERM)
	must("unlink of its own", unix.Unlink("d/g"))
}

var moment = []unix.Timespec{{Sec: 1000000000, Nsec: 1}, {Sec: 1100000000, Nsec: 2}}

func times(path string) []int64 {
	st := lstat(path)
	return []int64{int64(st.Atim.Sec), int64(st.Mtim.Sec), int64(st.Mtim.Nsec)}
}

func timeOfOthers() {
	owned("f", 1000, 1000, 0)
	must("utimensat", unix.UtimesNanoAt(unix.AT_FDCWD, "f", moment, 0))
	same("times", times("f"), []int{1000000000, 1100000000, 2})
	must("utimensat now", unix.UtimesNanoAt(unix.AT_FDCWD, "f", nil, 0))
	is("f", "1000:1000 100000")
}

func timeForms() {
	file("f")
	must("symlink", unix.Symlink("f", "l"))
	must("chown", unix.Lchown("l", 1000, 1000))
	must("utimensat of a link", unix.UtimesNanoAt(unix.AT_FDCWD, "l", moment, unix.AT_SYMLINK_NOFOLLOW))
	same("times", times("l"), []int{1000000000, 1100000000, 2})
	must("mknod", unix.Mknod("b", unix.S_IFBLK|0o600, 0x701))
	must("utimensat of a device", unix.UtimesNanoAt(unix.AT_FDCWD, "b", moment, 0))
	same("times", times("b"), []int{1000000000, 1100000000, 2})
}

func timeDropped() {
	owned("f", 1001, 1001, 0o644)
	owned("g", 1001, 1001, 0o666)
	drop(1000)
	fails("utimensat", unix.UtimesNanoAt(unix.AT_FDCWD, "f", moment, 0), unix.EPERM)
	fails("utimensat now", unix.UtimesNanoAt(unix.AT_FDCWD, "f", nil, 0), unix.EACCES)
	must("utimensat now of what it may write", unix.UtimesNanoAt(unix.AT_FDCWD, "g", nil, 0))
}
