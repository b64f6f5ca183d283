//go:build linux

package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"

	"golang.org/x/sys/unix"
)

// failure is what a check panics with.
type failure string

// must wants a call to succeed.
func must(call string, err error) {
	if err != nil {
		panic(failure(fmt.Sprintf("%s: got %s, want success", call, errorName(err))))
	}
}

// fails wants a call to fail with errno.
func fails(call string, err error, errno unix.Errno) {
	if !errors.Is(err, errno) {
		panic(failure(fmt.Sprintf("%s: got %s, want %s", call, errorName(err), errorName(errno))))
	}
}

// same wants two values to print alike.
func same(what string, got, want any) {
	if g, w := fmt.Sprint(got), fmt.Sprint(want); g != w {
		panic(failure(fmt.Sprintf("%s: got %s, want %s", what, g, w)))
	}
}

func errorName(err error) string {
	var errno unix.Errno
	switch {
	case err == nil:
		return "success"
	case errors.As(err, &errno) && unix.ErrnoName(errno) != "":
		return unix.ErrnoName(errno)
	}
	return err.Error()
}

// show is owner, group and mode: "5:6 100644".
func show(st unix.Stat_t) string { return fmt.Sprintf("%d:%d %06o", st.Uid, st.Gid, st.Mode) }

func lstat(path string) unix.Stat_t {
	var st unix.Stat_t
	must("lstat "+path, unix.Lstat(path, &st))
	return st
}

func fstat(fd int) unix.Stat_t {
	var st unix.Stat_t
	must("fstat", unix.Fstat(fd, &st))
	return st
}

// is wants lstat to show this.
func is(path, want string) { same(path, show(lstat(path)), want) }

// isFD wants fstat to show this.
func isFD(fd int, want string) { same("fstat", show(fstat(fd)), want) }

// create makes an empty file, and leaves it open.
func create(path string, mode uint32) int {
	fd, err := unix.Open(path, unix.O_CREAT|unix.O_EXCL|unix.O_RDWR|unix.O_CLOEXEC, mode)
	must("open "+path, err)
	return fd
}

// file makes an empty file of 0644.
func file(path string) { must("close", unix.Close(create(path, 0o644))) }

// owned makes a file with this owner, group and mode.
func owned(path string, uid, gid int, mode uint32) {
	file(path)
	must("chown", unix.Chown(path, uid, gid))
	must("chmod", unix.Chmod(path, mode))
}

// directory makes a directory, and gives it this mode whatever the umask is.
func directory(path string, mode uint32) {
	must("mkdir "+path, unix.Mkdir(path, mode))
	must("chmod "+path, unix.Chmod(path, mode))
}

// open opens and closes.
func open(path string, flags int) error {
	fd, err := unix.Open(path, flags|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	return unix.Close(fd)
}

// drop gives up root for good.
func drop(id int) {
	must("setgroups", unix.Setgroups(nil))
	must("setresgid", unix.Setresgid(id, id, id))
	must("setresuid", unix.Setresuid(id, id, id))
}

// ids are the real, effective and saved user and group.
func ids() string {
	r, e, s := unix.Getresuid()
	rg, eg, sg := unix.Getresgid()
	return fmt.Sprintf("%d %d %d, %d %d %d", r, e, s, rg, eg, sg)
}

// printed runs a program with an empty environment and returns what it printed.
func printed(argv ...string) string {
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Env = []string{}
	out, err := cmd.CombinedOutput()
	if err != nil {
		return strings.TrimSpace(string(out) + " " + err.Error())
	}
	return strings.TrimSpace(string(out))
}

// program copies this program: an executable file of the check's own.
func program(path string) {
	data, err := os.ReadFile("/proc/self/exe")
	must("read /proc/self/exe", err)
	must("write "+path, os.WriteFile(path, data, 0o755))
}
