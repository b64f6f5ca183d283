package supervisor

import (
	"strings"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/abi"
	"github.com/catbox-go/catbox/internal/sys"
	"github.com/catbox-go/catbox/internal/target"
)

// change is how a call of the class Write is done on what is pinned.
type change struct {
	// read copies what the call takes besides paths and descriptors, before any
	// path is looked at, as the kernel does: when more than one thing is wrong
	// with a call, the error is the kernel's. nothing tells that the call has
	// nothing to do. nil: there is nothing to read.
	read func(*pinned) (errno unix.Errno, nothing bool)
	do   func(*pinned) Answer
}

var changes = [abi.Changes]change{
	abi.Mkdir:       {nil, mkdir},
	abi.Mknod:       {readType, mknod},
	abi.Symlink:     {readTarget, symlink},
	abi.HardLink:    {nil, link},
	abi.Unlink:      {nil, unlink},
	abi.Rename:      {nil, rename},
	abi.Truncate:    {readLength, truncate},
	abi.Chmod:       {nil, chmod},
	abi.Chown:       {nil, chown},
	abi.Utime:       {readTimes, utime},
	abi.Setxattr:    {readAttribute, setxattr},
	abi.Removexattr: {readName, removexattr},
	abi.Setattr:     {readFileAttr, setattr},
}

// file is the pinned file: by path, or the call's own descriptor.
func (p *pinned) file() int {
	if p.fd >= 0 {
		return p.fd
	}
	return p.places[0].File
}

// entry is a pinned name. A slash behind it is left to the kernel to judge; it
// does not make it follow a link.
func entry(place target.Place) string {
	if place.Slash {
		return place.Name + "/"
	}
	return place.Name
}

func mkdir(p *pinned) Answer {
	return done(unix.Mkdirat(p.places[0].Dir, entry(p.places[0]), p.value(abi.Mode)))
}

func mknod(p *pinned) Answer {
	return done(unix.Mknodat(p.places[0].Dir, entry(p.places[0]), p.value(abi.Mode), int(p.value(abi.Dev))))
}

func symlink(p *pinned) Answer {
	return done(unix.Symlinkat(p.input.text, p.places[0].Dir, entry(p.places[0])))
}

func link(p *pinned) Answer {
	from, to := p.places[0], p.places[1]
	return done(unix.Linkat(unix.AT_FDCWD, sys.FDPath(from.File), to.Dir, entry(to), unix.AT_SYMLINK_FOLLOW))
}

func unlink(p *pinned) Answer {
	flags := int(p.value(abi.AtFlags))
	if p.name == "rmdir" {
		flags = unix.AT_REMOVEDIR
	}
	return done(unix.Unlinkat(p.places[0].Dir, entry(p.places[0]), flags))
}

func rename(p *pinned) Answer {
	from, to := p.places[0], p.places[1]
	flags := uint(0)
	if p.name == "renameat2" {
		flags = uint(p.flags(4))
	}
	return done(unix.Renameat2(from.Dir, entry(from), to.Dir, entry(to), flags))
}

func truncate(p *pinned) Answer {
	if p.exceedsLimit() {
		unix.Tgkill(p.process(), int(p.thread), unix.SIGXFSZ)
		return Refuse(unix.EFBIG)
	}
	return done(unix.Truncate(sys.FDPath(p.file()), p.input.length))
}

// exceedsLimit tells whether the file would grow beyond the target's
// RLIMIT_FSIZE (setrlimit(2)); the supervisor has its own.
func (p *pinned) exceedsLimit() bool {
	var limit unix.Rlimit
	var st unix.Stat_t
	if unix.Prlimit(int(p.thread), unix.RLIMIT_FSIZE, nil, &limit) != nil || unix.Fstat(p.file(), &st) != nil {
		return false
	}
	return p.input.length > st.Size && uint64(p.input.length) > limit.Cur && st.Mode&unix.S_IFMT == unix.S_IFREG
}

func chmod(p *pinned) Answer {
	if p.fd >= 0 {
		return done(unix.Fchmod(p.fd, p.value(abi.Mode)))
	}
	return done(unix.Chmod(sys.FDPath(p.file()), p.value(abi.Mode)))
}

func chown(p *pinned) Answer {
	uid, gid := p.owners()
	if p.fd >= 0 {
		return done(unix.Fchown(p.fd, int(uid), int(gid)))
	}
	return done(unix.Fchownat(p.file(), "", int(uid), int(gid), unix.AT_EMPTY_PATH))
}

func removexattr(p *pinned) Answer {
	if p.fd >= 0 {
		return done(unix.Fremovexattr(p.fd, p.input.text))
	}
	return done(unix.Removexattr(sys.FDPath(p.file()), p.input.text))
}

func setxattr(p *pinned) Answer {
	if strings.HasPrefix(p.input.text, "security.") {
		// The supervisor's file capabilities would count outside (capabilities(7)),
		// and so would the run's: its root is the one of the host.
		return Refuse(unix.EPERM)
	}
	if p.fd >= 0 {
		return done(unix.Fsetxattr(p.fd, p.input.text, p.input.data, p.input.flags))
	}
	return done(unix.Setxattr(sys.FDPath(p.file()), p.input.text, p.input.data, p.input.flags))
}

func setattr(p *pinned) Answer {
	return done(sys.FileSetattr(sys.FDPath(p.file()), p.input.data))
}
