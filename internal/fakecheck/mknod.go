//go:build linux

package main

import (
	"os"

	"golang.org/x/sys/unix"
)

// mknod(2).
var mknodChecks = []check{
	{"mknod-devices", mknodDevices},
	{"mknod-large-numbers", mknodLargeNumbers},
	{"mknod-exists", mknodExists},
	{"mknod-fifo", mknodFIFO},
	{"mknod-regular", mknodRegular},
	{"mknod-open", mknodOpen},
	{"mknod-null", mknodNull},
	{"mknod-zero", mknodZero},
	{"mknod-dropped", mknodDropped},
	{"mknod-sticky", mknodSticky},
	{"mknod-removed", mknodRemoved},
	{"mknod-errors", mknodErrors},
}

func isDevice(path, want string, major, minor uint32) {
	is(path, want)
	rdev := uint64(lstat(path).Rdev)
	same(path, []uint32{unix.Major(rdev), unix.Minor(rdev)}, []uint32{major, minor})
}

func mknodDevices() {
	must("mkdir", unix.Mkdir("d", 0o755))
	dir, err := unix.Open("d", unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	must("open", err)
	must("mknod", unix.Mknod("b", unix.S_IFBLK|0o660, int(unix.Mkdev(8, 17))))
	isDevice("b", "0:0 060640", 8, 17)
	must("mknodat", unix.Mknodat(dir, "c", unix.S_IFCHR|0o666, int(unix.Mkdev(5, 1))))
	isDevice("d/c", "0:0 020644", 5, 1)
	must("chown", unix.Chown("b", 5, 6))
	isDevice("b", "5:6 060640", 8, 17)
}

// mknodLargeNumbers: 12 bits and 20 bits.
func mknodLargeNumbers() {
	var number uint32 = uint32(unix.Mkdev(4095, 1<<20-1))
	must("mknod", unix.Mknod("b", unix.S_IFBLK|0o600, int(number)))
	isDevice("b", "0:0 060600", 4095, 1<<20-1)
}

func mknodExists() {
	must("write", os.WriteFile("f", []byte("precious"), 0o644))
	fails("mknod", unix.Mknod("f", unix.S_IFBLK|0o600, 0x701), unix.EEXIST)
	data, err := os.ReadFile("f")
	must("read", err)
	same("content", string(data), "precious")
	is("f", "0:0 100644")
	must("symlink", unix.Symlink("none", "l"))
	fails("mknod through a link", unix.Mknod("l", unix.S_IFCHR|0o600, 0x501), unix.EEXIST)
}

func mknodFIFO() {
	must("mknod", unix.Mknod("p", unix.S_IFIFO|0o600, 0))
	is("p", "0:0 010600")
	fd, err := unix.Open("p", unix.O_RDWR|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	must("open", err)
	_, err = unix.Write(fd, []byte("x"))
	must("write", err)
	n, err := unix.Read(fd, make([]byte, 9))
	must("read", err)
	same("read", n, 1)
}

func mknodRegular() {
	must("mknod", unix.Mknod("f", unix.S_IFREG|0o4755, 0))
	is("f", "0:0 104755")
	must("mknod without a type", unix.Mknod("g", 0o600, 0))
	is("g", "0:0 100600")
}

// mknodOpen: nothing drives these numbers.
func mknodOpen() {
	must("mknod", unix.Mknod("b", unix.S_IFBLK|0o600, int(unix.Mkdev(4000, 1))))
	must("mknod", unix.Mknod("c", unix.S_IFCHR|0o600, int(unix.Mkdev(4000, 1))))
	fails("open a block device", open("b", unix.O_RDONLY), unix.ENXIO)
	fails("open a character device", open("c", unix.O_RDWR), unix.ENXIO)
	fd, err := unix.Open("b", unix.O_PATH|unix.O_CLOEXEC, 0)
	must("open with O_PATH", err)
	isFD(fd, "0:0 060600")
}

// mknodNull: what debootstrap does, and every program in what it makes.
func mknodNull() {
	must("mknod", unix.Mknod("null", unix.S_IFCHR|0o666, int(unix.Mkdev(1, 3))))
	must("write", os.WriteFile("null", []byte("lost"), 0o644))
	data, err := os.ReadFile("null")
	must("read", err)
	same("read", len(data), 0)
	must("open to read and write", open("null", unix.O_RDWR|unix.O_APPEND))
	fails("open exclusively", open("null", unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL), unix.EEXIST)
	fails("truncate", unix.Truncate("null", 5), unix.EINVAL)
	isDevice("null", "0:0 020644", 1, 3)
	same("size", lstat("null").Size, 0)
}

func mknodZero() {
	must("mknod", unix.Mknod("zero", unix.S_IFCHR|0o600, int(unix.Mkdev(1, 5))))
	fd, err := unix.Open("zero", unix.O_RDWR|unix.O_CLOEXEC, 0)
	must("open", err)
	n, err := unix.Read(fd, make([]byte, 9))
	must("read", err)
	same("read", n, 9)
}

// mknodDropped: a whiteout, character device 0:0, is anybody's since Linux 5.8.
func mknodDropped() {
	drop(1000)
	fails("mknod", unix.Mknod("b", unix.S_IFBLK|0o600, 0x701), unix.EPERM)
	must("mkfifo", unix.Mkfifo("p", 0o600))
	is("p", "1000:1000 010600")
	must("mknod of a whiteout", unix.Mknod("w", unix.S_IFCHR|0o600, 0))
	isDevice("w", "1000:1000 020600", 0, 0)
}

// mknodSticky: whose a device is decides who may rename it.
func mknodSticky() {
	must("mkdir", unix.Mkdir("d", 0o755))
	must("chmod", unix.Chmod("d", 0o1777))
	for _, name := range []string{"d/mine", "d/theirs"} {
		must("mknod", unix.Mknod(name, unix.S_IFBLK|0o600, 0x701))
	}
	must("chown", unix.Chown("d/mine", 1000, 1000))
	must("chmod", unix.Chmod("d/mine", 0o1040))
	drop(1000)
	must("rename", unix.Rename("d/mine", "d/moved"))
	isDevice("d/moved", "1000:1000 061040", 7, 1)
	fails("rename of another's", unix.Rename("d/theirs", "d/moved"), unix.EPERM)
	isDevice("d/theirs", "0:0 060600", 7, 1)
	must("unlink", unix.Unlink("d/moved"))
}

// mknodRemoved: the device goes with its name, whatever comes there next.
func mknodRemoved() {
	must("mknod", unix.Mknod("b", unix.S_IFBLK|0o600, 0x701))
	must("unlink", unix.Unlink("b"))
	file("b")
	is("b", "0:0 100644")
	must("unlink", unix.Unlink("b"))
	must("mkdir", unix.Mkdir("b", 0o755))
	is("b", "0:0 040755")
}

func mknodErrors() {
	file("f")
	fails("mknod of a directory", unix.Mknod("d", unix.S_IFDIR|0o755, 0), unix.EPERM)
	fails("mknod of a link", unix.Mknod("l", unix.S_IFLNK|0o755, 0), unix.EINVAL)
	fails("mknod in nothing", unix.Mknod("none/b", unix.S_IFBLK|0o600, 0x701), unix.ENOENT)
	fails("mknod below a file", unix.Mknod("f/b", unix.S_IFBLK|0o600, 0x701), unix.ENOTDIR)
}
