//go:build linux

package main

import (
	"os"

	"golang.org/x/sys/unix"
)

// execve(2), and what a setuid file does.
var (
	execChecks = []check{
		{"exec-empty-environment", execEmptyEnvironment},
		{"exec-execveat", execExecveat},
		{"exec-script", execScript},
	}
	setuidChecks = []check{
		{"setuid-user", setuidUser},
		{"setuid-group", setuidGroup},
		{"setuid-to-root", setuidToRoot},
		{"setuid-not-by-script", setuidNotByScript},
		{"setuid-not-with-no-new-privs", setuidNotWithNoNewPrivs},
	}
)

func execEmptyEnvironment() {
	owned("f", 5, 6, 0o4711)
	same("ids", printed("/proc/self/exe", "-ids"), "0 0 0, 0 0 0")
	same("owner", printed("/proc/self/exe", "-stat", "f"), "5:6 104711")
}

func execExecveat() {
	program("p")
	owned("f", 5, 6, 0o4711)
	same("owner", printed("./p", "-execveat", "p"), "5:6 104711")
}

// playExecveat executes a descriptor, with AT_EMPTY_PATH.
func playExecveat(path string) {
	fd, err := unix.Open(path, unix.O_PATH|unix.O_CLOEXEC, 0)
	must("open", err)
	argv := new([4]*byte)
	for i, arg := range []string{path, "-stat", "f"} {
		argv[i], err = unix.BytePtrFromString(arg)
		must("argument", err)
	}
	_, err = raw(unix.SYS_EXECVEAT, fd, "", argv, new([1]*byte), unix.AT_EMPTY_PATH)
	must("execveat", err)
}

func execScript() {
	program("p")
	cwd, err := os.Getwd()
	must("getwd", err)
	must("write", os.WriteFile("s", []byte("#!"+cwd+"/p -ids\n"), 0o755))
	same("ids", printed("./s"), "0 0 0, 0 0 0")
}

func setuidUser() {
	program("p")
	must("chown", unix.Chown("p", 1000, 1001))
	must("chmod", unix.Chmod("p", 0o4755))
	same("ids", printed("./p", "-ids"), "0 1000 1000, 0 0 0")
}

func setuidGroup() {
	program("p")
	must("chown", unix.Chown("p", 1000, 1001))
	must("chmod", unix.Chmod("p", 0o2755))
	same("ids", printed("./p", "-ids"), "0 0 0, 0 1001 1001")
	must("chmod", unix.Chmod("p", 0o2745)) // setgid without group execute
	same("ids", printed("./p", "-ids"), "0 0 0, 0 0 0")
}

// setuidToRoot: what sudo does.
func setuidToRoot() {
	program("p")
	must("chmod", unix.Chmod("p", 0o6755))
	drop(1000)
	same("ids", printed("./p", "-ids"), "1000 0 0, 1000 0 0")
}

func setuidNotByScript() {
	program("p")
	cwd, err := os.Getwd()
	must("getwd", err)
	must("write", os.WriteFile("s", []byte("#!"+cwd+"/p -ids\n"), 0o755))
	must("chown", unix.Chown("s", 1000, 1000))
	must("chmod", unix.Chmod("s", 0o6755))
	same("ids", printed("./s"), "0 0 0, 0 0 0")
}

func setuidNotWithNoNewPrivs() {
	program("p")
	must("chown", unix.Chown("p", 1000, 1000))
	must("chmod", unix.Chmod("p", 0o4755))
	must("prctl", unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
	same("ids", printed("./p", "-ids"), "0 0 0, 0 0 0")
}
