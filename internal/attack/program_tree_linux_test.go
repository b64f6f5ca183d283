//go:build amd64

package attack

import (
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// treePrograms make and remove names, by every generation of the calls.
var treePrograms = map[string]program{
	"mkdir":   acts(func(t target) (uintptr, error) { return call(unix.SYS_MKDIR, t.in("new"), 0o755) }),
	"mkdirat": acts(func(t target) (uintptr, error) { return call(unix.SYS_MKDIRAT, unix.AT_FDCWD, t.in("new"), 0o755) }),
	"mknod":   acts(func(t target) (uintptr, error) { return call(unix.SYS_MKNOD, t.in("new"), unix.S_IFREG|0o644, 0) }),
	"mknodat": acts(func(t target) (uintptr, error) {
		return call(unix.SYS_MKNODAT, unix.AT_FDCWD, t.in("new"), unix.S_IFREG|0o644, 0)
	}),
	"mkfifo":    acts(func(t target) (uintptr, error) { return call(unix.SYS_MKNOD, t.in("new"), unix.S_IFIFO|0o644, 0) }),
	"symlink":   acts(func(t target) (uintptr, error) { return call(unix.SYS_SYMLINK, "f", t.in("new")) }),
	"symlinkat": acts(func(t target) (uintptr, error) { return call(unix.SYS_SYMLINKAT, "f", unix.AT_FDCWD, t.in("new")) }),
	"whiteout":  acts(func(t target) (uintptr, error) { return call(unix.SYS_MKNOD, t.in("new"), unix.S_IFCHR, 0) }),
	"unlink":    acts(func(t target) (uintptr, error) { return call(unix.SYS_UNLINK, t.f()) }),
	"unlinkat":  acts(func(t target) (uintptr, error) { return call(unix.SYS_UNLINKAT, unix.AT_FDCWD, t.f(), 0) }),
	"rmdir":     acts(func(t target) (uintptr, error) { return call(unix.SYS_RMDIR, t.in("empty")) }),
	"removedir": acts(func(t target) (uintptr, error) {
		return call(unix.SYS_UNLINKAT, unix.AT_FDCWD, t.in("empty"), unix.AT_REMOVEDIR)
	}),
	"rename": acts(func(t target) (uintptr, error) { return call(unix.SYS_RENAME, t.f(), t.in("new")) }),
	"renameat": acts(func(t target) (uintptr, error) {
		return call(unix.SYS_RENAMEAT, unix.AT_FDCWD, t.f(), unix.AT_FDCWD, t.in("new"))
	}),
	"renameat2": acts(func(t target) (uintptr, error) {
		return call(unix.SYS_RENAMEAT2, unix.AT_FDCWD, t.f(), unix.AT_FDCWD, t.in("new"), 0)
	}),
	"linkat": acts(func(t target) (uintptr, error) {
		return call(unix.SYS_LINKAT, unix.AT_FDCWD, t.f(), unix.AT_FDCWD, t.in("new"), 0)
	}),
	"bind": func(t target) error {
		fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM, 0)
		must(err)
		must(os.Chdir(t.Dir))
		return unix.Bind(fd, &unix.SockaddrUnix{Name: "new"})
	},
	// A device that the run could then open: the whole disk, as root.
	"mknod-device": func(t target) error { return unix.Mknod(t.in("new"), unix.S_IFBLK|0o666, int(unix.Mkdev(7, 0))) },
}

func timespecs() unsafe.Pointer { return unsafe.Pointer(&[2]unix.Timespec{{Sec: 1000}, {Sec: 2000}}) }
func timevals() unsafe.Pointer  { return unsafe.Pointer(&[2]unix.Timeval{{Sec: 1000}, {Sec: 2000}}) }

var value = []byte("2")

func valuePointer() unsafe.Pointer { return unsafe.Pointer(&value[0]) }

func byDescriptor(do func(fd int) (uintptr, error)) program {
	return func(t target) error {
		return readOnly(t.f(), func(fd int) error { _, err := do(fd); return err })
	}
}

// xattrArgs is struct xattr_args of linux/xattr.h.
type xattrArgs struct {
	value uint64
	size  uint32
	flags uint32
}

const (
	sysSetxattrat    = 463
	sysRemovexattrat = 466
	sysFileSetattr   = 469
)

// metadataPrograms change what is known of a file.
var metadataPrograms = map[string]program{
	"chmod":     acts(func(t target) (uintptr, error) { return call(unix.SYS_CHMOD, t.f(), 0o600) }),
	"fchmodat":  acts(func(t target) (uintptr, error) { return call(unix.SYS_FCHMODAT, unix.AT_FDCWD, t.f(), 0o600) }),
	"fchmodat2": acts(func(t target) (uintptr, error) { return call(unix.SYS_FCHMODAT2, unix.AT_FDCWD, t.f(), 0o600, 0) }),
	"fchmod":    byDescriptor(func(fd int) (uintptr, error) { return call(unix.SYS_FCHMOD, fd, 0o600) }),
	"fchmodat2-empty": byDescriptor(func(fd int) (uintptr, error) {
		return call(unix.SYS_FCHMODAT2, fd, "", 0o600, unix.AT_EMPTY_PATH)
	}),
	"chmod-proc": byDescriptor(func(fd int) (uintptr, error) { return 0, unix.Chmod("/proc/self/fd/"+itoa(fd), 0o600) }),

	"chown":  acts(func(t target) (uintptr, error) { return call(unix.SYS_CHOWN, t.f(), os.Getuid(), os.Getgid()) }),
	"lchown": acts(func(t target) (uintptr, error) { return call(unix.SYS_LCHOWN, t.f(), os.Getuid(), os.Getgid()) }),
	"fchown": byDescriptor(func(fd int) (uintptr, error) { return call(unix.SYS_FCHOWN, fd, os.Getuid(), os.Getgid()) }),
	"fchownat": acts(func(t target) (uintptr, error) {
		return call(unix.SYS_FCHOWNAT, unix.AT_FDCWD, t.f(), os.Getuid(), os.Getgid(), 0)
	}),

	"utime": acts(func(t target) (uintptr, error) {
		return call(unix.SYS_UTIME, t.f(), unsafe.Pointer(&[2]int64{1000, 2000}))
	}),
	"utimes":    acts(func(t target) (uintptr, error) { return call(unix.SYS_UTIMES, t.f(), timevals()) }),
	"futimesat": acts(func(t target) (uintptr, error) { return call(unix.SYS_FUTIMESAT, unix.AT_FDCWD, t.f(), timevals()) }),
	"utimensat": acts(func(t target) (uintptr, error) { return call(unix.SYS_UTIMENSAT, unix.AT_FDCWD, t.f(), timespecs(), 0) }),
	"futimens":  byDescriptor(func(fd int) (uintptr, error) { return call(unix.SYS_UTIMENSAT, fd, uintptr(0), timespecs(), 0) }),

	"setxattr": acts(func(t target) (uintptr, error) { return call(unix.SYS_SETXATTR, t.f(), "user.b", valuePointer(), 1, 0) }),
	"lsetxattr": acts(func(t target) (uintptr, error) {
		return call(unix.SYS_LSETXATTR, t.f(), "user.b", valuePointer(), 1, 0)
	}),
	"fsetxattr":    byDescriptor(func(fd int) (uintptr, error) { return call(unix.SYS_FSETXATTR, fd, "user.b", valuePointer(), 1, 0) }),
	"removexattr":  acts(func(t target) (uintptr, error) { return call(unix.SYS_REMOVEXATTR, t.f(), "user.a") }),
	"lremovexattr": acts(func(t target) (uintptr, error) { return call(unix.SYS_LREMOVEXATTR, t.f(), "user.a") }),
	"fremovexattr": byDescriptor(func(fd int) (uintptr, error) { return call(unix.SYS_FREMOVEXATTR, fd, "user.a") }),
	"setxattrat": acts(func(t target) (uintptr, error) {
		args := &xattrArgs{value: uint64(uintptr(valuePointer())), size: 1}
		return call(sysSetxattrat, unix.AT_FDCWD, t.f(), 0, "user.b", unsafe.Pointer(args), 16)
	}),
	"removexattrat": acts(func(t target) (uintptr, error) { return call(sysRemovexattrat, unix.AT_FDCWD, t.f(), 0, "user.a") }),

	"ioctl-setflags": byDescriptor(func(fd int) (uintptr, error) {
		return call(unix.SYS_IOCTL, fd, unix.FS_IOC_SETFLAGS, unsafe.Pointer(&[1]uint32{0x80 /* noatime */}))
	}),
	"ioctl-fssetxattr": byDescriptor(func(fd int) (uintptr, error) {
		return call(unix.SYS_IOCTL, fd, 0x401c5820, unsafe.Pointer(&[7]uint32{0x40 /* noatime */}))
	}),
	"file-setattr": acts(func(t target) (uintptr, error) {
		return call(sysFileSetattr, unix.AT_FDCWD, t.f(), unsafe.Pointer(&[3]uint64{0x40}), 24, 0)
	}),
	// Root's: an attribute for the security of others, and a file that nobody can remove.
	"setxattr-trusted": acts(func(t target) (uintptr, error) {
		return call(unix.SYS_SETXATTR, t.f(), "trusted.b", valuePointer(), 1, 0)
	}),
	// What would run with CAP_SYS_ADMIN, whoever starts it.
	"setxattr-capability": acts(func(t target) (uintptr, error) {
		capability := [5]uint32{0x02000001 /* VFS_CAP_REVISION_2, effective */, 1 << unix.CAP_SYS_ADMIN}
		return call(unix.SYS_SETXATTR, t.f(), "security.capability", unsafe.Pointer(&capability), 20, 0)
	}),
	"ioctl-immutable": byDescriptor(func(fd int) (uintptr, error) {
		return call(unix.SYS_IOCTL, fd, unix.FS_IOC_SETFLAGS, unsafe.Pointer(&[1]uint32{0x10}))
	}),
}
