package supervisor

import (
	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/abi"
	"github.com/catbox-go/catbox/internal/sys"
	"github.com/catbox-go/catbox/internal/target"
)

// writeCalls do the calls of the class Write on what is pinned.
var writeCalls = map[string]func(*pinned) Answer{
	"mkdir": mkdir, "mkdirat": mkdir,
	"mknod": mknod, "mknodat": mknod,
	"symlink": symlink, "symlinkat": symlink,
	"link": link, "linkat": link,
	"unlink": unlink, "unlinkat": unlink, "rmdir": unlink,
	"rename": rename, "renameat": rename, "renameat2": rename,
	"truncate": truncate, "truncate64": truncate,
	"chmod": chmod, "fchmodat": chmod, "fchmodat2": chmod, "fchmod": chmod,
	"chown": chown, "chown32": chown, "lchown": chown, "lchown32": chown, "fchownat": chown,
	"fchown": chown, "fchown32": chown,
	"utime": utime, "utimes": utime, "futimesat": utime, "utimensat": utime, "utimensat_time64": utime,
	"setxattr": setxattr, "lsetxattr": setxattr, "fsetxattr": setxattr, "setxattrat": setxattr,
	"removexattr": removexattr, "lremovexattr": removexattr, "fremovexattr": removexattr, "removexattrat": removexattr,
	"file_setattr": setattr,
}

// value returns the argument with the role, as an int.
func (p *pinned) value(role abi.Role) uint32 {
	if i := p.row.Arg(role); i >= 0 {
		return p.flags(i)
	}
	return 0
}

// file is the pinned file: by path, or the call's own descriptor.
func (p *pinned) file() (int, unix.Errno) {
	if p.fd >= 0 {
		return p.fd, 0
	}
	place := p.places[0]
	if place.File < 0 {
		return -1, unix.ENOENT
	}
	return place.File, p.notDirectory(place)
}

// notDirectory gives ENOTDIR for "file/".
func (p *pinned) notDirectory(place target.Place) unix.Errno {
	if place.Slash && place.Exists && !p.s.view.IsDir(place) {
		return unix.ENOTDIR
	}
	return 0
}

func mkdir(p *pinned) Answer {
	return done(unix.Mkdirat(p.places[0].Dir, p.places[0].Name, p.value(abi.Mode)))
}

func mknod(p *pinned) Answer {
	if p.places[0].Slash {
		return Refuse(unix.ENOENT)
	}
	return done(unix.Mknodat(p.places[0].Dir, p.places[0].Name, p.value(abi.Mode), int(p.value(abi.Dev))))
}

func symlink(p *pinned) Answer {
	content, errno := p.path(p.row.Arg(abi.Target))
	if errno != 0 {
		return Refuse(errno)
	}
	if p.places[0].Slash {
		return Refuse(unix.ENOENT)
	}
	return done(unix.Symlinkat(content, p.places[0].Dir, p.places[0].Name))
}

func link(p *pinned) Answer {
	from, to := p.places[0], p.places[1]
	if from.File < 0 || to.Slash {
		return Refuse(unix.ENOENT)
	}
	if errno := p.notDirectory(from); errno != 0 {
		return Refuse(errno)
	}
	return done(unix.Linkat(unix.AT_FDCWD, procPath(from.File), to.Dir, to.Name, unix.AT_SYMLINK_FOLLOW))
}

func unlink(p *pinned) Answer {
	flags := int(p.value(abi.AtFlags))
	if p.name == "rmdir" {
		flags = unix.AT_REMOVEDIR
	}
	if errno := p.notDirectory(p.places[0]); errno != 0 {
		return Refuse(errno)
	}
	return done(unix.Unlinkat(p.places[0].Dir, p.places[0].Name, flags))
}

func rename(p *pinned) Answer {
	from, to := p.places[0], p.places[1]
	for _, place := range p.places {
		if errno := p.notDirectory(place); errno != 0 {
			return Refuse(errno)
		}
	}
	if to.Slash && !p.s.view.IsDir(from) {
		return Refuse(unix.ENOTDIR)
	}
	flags := uint(0)
	if p.name == "renameat2" {
		flags = uint(p.flags(4))
	}
	return done(unix.Renameat2(from.Dir, from.Name, to.Dir, to.Name, flags))
}

func truncate(p *pinned) Answer {
	fd, errno := p.file()
	if errno != 0 {
		return Refuse(errno)
	}
	length := int64(p.args[1])
	if p.arch == abi.I386 {
		length = int64(int32(p.args[1]))
		if p.name == "truncate64" {
			length = int64(uint64(uint32(p.args[1])) | uint64(uint32(p.args[2]))<<32)
		}
	}
	return done(unix.Truncate(procPath(fd), length))
}

func chmod(p *pinned) Answer {
	fd, errno := p.file()
	if errno != 0 {
		return Refuse(errno)
	}
	if p.fd >= 0 {
		return done(unix.Fchmod(fd, p.value(abi.Mode)))
	}
	return done(unix.Chmod(procPath(fd), p.value(abi.Mode)))
}

func chown(p *pinned) Answer {
	fd, errno := p.file()
	if errno != 0 {
		return Refuse(errno)
	}
	uid, gid := int(int32(p.value(abi.Owner))), int(int32(p.value(abi.Group)))
	if p.arch == abi.I386 && (p.name == "chown" || p.name == "lchown" || p.name == "fchown") {
		uid, gid = id16(uid), id16(gid)
	}
	if p.fd >= 0 {
		return done(unix.Fchown(fd, uid, gid))
	}
	return done(unix.Fchownat(fd, "", uid, gid, unix.AT_EMPTY_PATH))
}

// id16 widens an id of the 16-bit calls, of which 0xffff means "leave it".
func id16(id int) int {
	if id&0xffff == 0xffff {
		return -1
	}
	return id & 0xffff
}

func removexattr(p *pinned) Answer {
	fd, name, errno := p.attribute()
	if errno != 0 {
		return Refuse(errno)
	}
	if p.fd >= 0 {
		return done(unix.Fremovexattr(fd, name))
	}
	return done(unix.Removexattr(procPath(fd), name))
}

// attribute returns the file and the name of the extended attribute.
func (p *pinned) attribute() (int, string, unix.Errno) {
	fd, errno := p.file()
	if errno != 0 {
		return -1, "", errno
	}
	// One byte more than a name may have: the kernel's answer is ERANGE.
	name, errno := p.thread.ReadString(p.pointer(p.row.Arg(abi.Name)), xattrNameMax+1)
	if errno == unix.ENAMETOOLONG || errno == 0 && name == "" {
		errno = unix.ERANGE
	}
	return fd, name, errno
}

func setxattr(p *pinned) Answer {
	fd, name, errno := p.attribute()
	if errno != 0 {
		return Refuse(errno)
	}
	addr, size, flags, errno := p.attributeValue()
	if errno != 0 {
		return Refuse(errno)
	}
	if size > xattrSizeMax {
		return Refuse(unix.E2BIG)
	}
	value := make([]byte, size)
	if errno := p.thread.Read(addr, value); errno != 0 {
		return Refuse(errno)
	}
	if p.fd >= 0 {
		return done(unix.Fsetxattr(fd, name, value, flags))
	}
	return done(unix.Setxattr(procPath(fd), name, value, flags))
}

// attributeValue says where the value is. setxattrat has it in a struct
// xattr_args: value, size, flags.
func (p *pinned) attributeValue() (addr, size uint64, flags int, errno unix.Errno) {
	i := p.row.Arg(abi.Buffer)
	if p.name != "setxattrat" {
		return p.pointer(i), p.pointer(i + 1), int(p.flags(i + 2)), 0
	}
	var args [16]byte
	if p.args[i+1] < uint64(len(args)) {
		return 0, 0, 0, unix.EINVAL
	}
	if errno := p.thread.Read(p.pointer(i), args[:]); errno != 0 {
		return 0, 0, 0, errno
	}
	return native64(args[:]), uint64(native32(args[8:])), int(native32(args[12:])), 0
}

func setattr(p *pinned) Answer {
	fd, errno := p.file()
	if errno != 0 {
		return Refuse(errno)
	}
	i := p.row.Arg(abi.Buffer)
	size := p.args[i+1]
	if size > 4096 {
		return Refuse(unix.E2BIG)
	}
	attr := make([]byte, size)
	if errno := p.thread.Read(p.pointer(i), attr); errno != 0 {
		return Refuse(errno)
	}
	return done(sys.FileSetattr(fd, attr))
}

// Of linux/limits.h.
const (
	xattrNameMax = 255
	xattrSizeMax = 65536
)
