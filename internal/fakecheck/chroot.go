//go:build linux

package main

import (
	"os"

	"golang.org/x/sys/unix"
)

// chroot(2).
var chrootChecks = []check{
	{"chroot-paths", chrootPaths},
	{"chroot-faked-inside", chrootFakedInside},
	{"chroot-twice", chrootTwice},
	{"chroot-exec", chrootExec},
	{"chroot-errors", chrootErrors},
}

// enter makes the directory "root" and goes into it.
func enter() {
	must("mkdir", unix.Mkdir("root", 0o755))
	must("mkdir", unix.Mkdir("root/d", 0o755))
	owned("root/f", 5, 6, 0o600)
	must("symlink", unix.Symlink("/f", "root/d/l"))
	file("outside")
	must("chroot", unix.Chroot("root"))
	must("chdir", unix.Chdir("/"))
}

func chrootPaths() {
	enter()
	is("/f", "5:6 100600")
	is("/../../f", "5:6 100600")
	is("f", "5:6 100600")
	same("stat of an absolute link", fstatat(unix.AT_FDCWD, "d/l", 0), "5:6 100600")
	fails("the file outside", unix.Access("/../outside", unix.F_OK), unix.ENOENT)
	must("chdir", unix.Chdir("d"))
	cwd, err := os.Getwd()
	must("getcwd", err)
	same("getcwd", cwd, "/d")
}

func chrootFakedInside() {
	enter()
	must("chown", unix.Chown("/d", 7, 8))
	must("mknod", unix.Mknod("/d/b", unix.S_IFBLK|0o600, 0x701))
	isDevice("/d/b", "0:0 060600", 7, 1)
	must("chmod", unix.Chmod("/d/l", 0o4711))
	is("/f", "5:6 104711")
	is("/d/../d", "7:8 040755")
}

func chrootTwice() {
	enter()
	owned("/d/f", 9, 9, 0o644)
	must("chroot", unix.Chroot("/d"))
	must("chdir", unix.Chdir("/"))
	is("/f", "9:9 100644")
	is("../f", "9:9 100644")
}

// chrootExec: this program is static, and needs nothing in there.
func chrootExec() {
	must("mkdir", unix.Mkdir("root", 0o755))
	program("root/p")
	owned("root/f", 5, 6, 0o600)
	must("chroot", unix.Chroot("root"))
	must("chdir", unix.Chdir("/"))
	r, w, err := os.Pipe()
	must("pipe", err)
	p, err := os.StartProcess("/p", []string{"p", "-stat", "/f"}, &os.ProcAttr{Files: []*os.File{os.Stdin, w, w}})
	must("exec", err)
	w.Close()
	buf := make([]byte, 100)
	n, _ := r.Read(buf)
	p.Wait()
	same("a program in there", string(buf[:n]), "5:6 100600\n")
}

func chrootErrors() {
	file("f")
	directory("d", 0)
	must("chroot to a closed directory", unix.Chroot("d"))
	fails("chroot to a file", unix.Chroot("f"), unix.ENOTDIR)
	fails("chroot to nothing", unix.Chroot("none"), unix.ENOENT)
	drop(1000)
	fails("chroot", unix.Chroot("."), unix.EPERM)
}
