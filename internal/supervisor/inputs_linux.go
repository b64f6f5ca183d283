package supervisor

import (
	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/abi"
)

// input is what a call takes besides paths and descriptors, copied once.
type input struct {
	text   string // an attribute's name, a symbolic link's content
	data   []byte
	flags  int
	length int64
	times  [2]unix.Timespec
}

// Of linux/limits.h.
const (
	xattrNameMax = 255
	xattrSizeMax = 65536
)

// readType judges the type of what mknod is to make as may_mknod() does.
func readType(p *pinned) (errno unix.Errno, nothing bool) {
	switch p.value(abi.Mode) & unix.S_IFMT {
	case 0, unix.S_IFREG, unix.S_IFCHR, unix.S_IFBLK, unix.S_IFIFO, unix.S_IFSOCK:
		return 0, false
	case unix.S_IFDIR:
		return unix.EPERM, false
	}
	return unix.EINVAL, false
}

func readTarget(p *pinned) (errno unix.Errno, nothing bool) {
	p.input.text, errno = p.path(p.row.Arg(abi.Target))
	if errno == 0 && p.input.text == "" {
		errno = unix.ENOENT
	}
	return errno, false
}

func readLength(p *pinned) (unix.Errno, bool) {
	length := int64(p.args[1])
	if p.arch == abi.I386 {
		length = int64(int32(p.args[1]))
		if p.name == "truncate64" {
			length = int64(uint64(uint32(p.args[1])) | uint64(uint32(p.args[2]))<<32)
		}
	}
	p.input.length = length
	if length < 0 {
		return unix.EINVAL, false
	}
	return 0, false
}

func readTimes(p *pinned) (errno unix.Errno, nothing bool) {
	p.input.times, errno = p.times()
	t := p.input.times
	nothing = errno == 0 && p.takesOmit() && t[0].Nsec == unix.UTIME_OMIT && t[1].Nsec == unix.UTIME_OMIT
	if errno == 0 && !nothing && (p.flagsUnknown() || p.flagsWithoutPath()) {
		errno = unix.EINVAL
	}
	return errno, nothing
}

// takesOmit tells whether the call has UTIME_OMIT (utimensat(2)); with two of
// them the kernel does not even look at the path.
func (p *pinned) takesOmit() bool { return p.name == "utimensat" || p.name == "utimensat_time64" }

// flagsWithoutPath tells whether utimensat has flags and a descriptor only.
func (p *pinned) flagsWithoutPath() bool {
	return p.takesOmit() && p.namesDescriptor(p.row.Paths()[0]) && p.flags(p.row.Arg(abi.AtFlags)) != 0
}

func readName(p *pinned) (errno unix.Errno, nothing bool) {
	// One byte more than a name may have: the kernel's answer is ERANGE.
	p.input.text, errno = p.thread.ReadString(p.pointer(p.row.Arg(abi.Name)), xattrNameMax+1)
	if errno == unix.ENAMETOOLONG || errno == 0 && p.input.text == "" {
		errno = unix.ERANGE
	}
	return errno, false
}

func readAttribute(p *pinned) (unix.Errno, bool) {
	addr, size, flags, errno := p.attributeValue()
	if errno != 0 {
		return errno, false
	}
	p.input.flags = flags
	if flags&^(unix.XATTR_CREATE|unix.XATTR_REPLACE) != 0 {
		return unix.EINVAL, false
	}
	if errno, _ := readName(p); errno != 0 {
		return errno, false
	}
	if size > xattrSizeMax {
		return unix.E2BIG, false
	}
	p.input.data = make([]byte, size)
	return p.thread.Read(addr, p.input.data), false
}

// attributeValue says where the value is. setxattrat has it in a struct
// xattr_args: value, size, flags.
func (p *pinned) attributeValue() (addr, size uint64, flags int, errno unix.Errno) {
	i := p.row.Arg(abi.Buffer)
	if p.name != "setxattrat" {
		return p.pointer(i), p.pointer(i + 1), int(p.flags(i + 2)), 0
	}
	args, errno := p.structure(p.pointer(i), p.args[i+1], 16)
	if errno != 0 {
		return 0, 0, 0, errno
	}
	return native64(args), uint64(native32(args[8:])), int(native32(args[12:])), 0
}

// structure copies a structure of which newer kernels may know more members,
// as copy_struct_from_user() does: those must be 0.
func (h *held) structure(addr, size uint64, known int) ([]byte, unix.Errno) {
	switch {
	case size < uint64(known):
		return nil, unix.EINVAL
	case size > pageSize:
		return nil, unix.E2BIG
	}
	buf := make([]byte, size)
	if errno := h.thread.Read(addr, buf); errno != 0 {
		return nil, errno
	}
	for _, b := range buf[known:] {
		if b != 0 {
			return nil, unix.E2BIG
		}
	}
	return buf, 0
}

const pageSize = 4096

// readFileAttr copies a struct file_attr; the kernel judges what is in it.
func readFileAttr(p *pinned) (errno unix.Errno, nothing bool) {
	i := p.row.Arg(abi.Buffer)
	p.input.data, errno = p.structure(p.pointer(i), p.args[i+1], fileAttrSize)
	return errno, false
}

const fileAttrSize = 24 // FILE_ATTR_SIZE_VER0

// knownFlags are the AT_ and RENAME_ flags that a call takes.
var knownFlags = map[string]uint32{
	"fchmodat2": noFollowOrEmpty, "fchownat": noFollowOrEmpty, "utimensat": noFollowOrEmpty, "utimensat_time64": noFollowOrEmpty,
	"setxattrat": noFollowOrEmpty, "removexattrat": noFollowOrEmpty, "file_setattr": noFollowOrEmpty,
	"linkat":    unix.AT_SYMLINK_FOLLOW | unix.AT_EMPTY_PATH,
	"unlinkat":  unix.AT_REMOVEDIR,
	"renameat2": unix.RENAME_NOREPLACE | unix.RENAME_EXCHANGE | unix.RENAME_WHITEOUT,
}

const noFollowOrEmpty = unix.AT_SYMLINK_NOFOLLOW | unix.AT_EMPTY_PATH

// flagsUnknown tells whether the call has flags that it does not take: EINVAL
// before anything else is looked at.
func (h *held) flagsUnknown() bool {
	known, ok := knownFlags[h.name]
	i := h.row.Arg(abi.AtFlags)
	if h.name == "renameat2" {
		i = 4
	}
	if !ok {
		return false
	}
	flags := h.flags(i)
	exchange := h.name == "renameat2" && flags&unix.RENAME_EXCHANGE != 0 && flags != unix.RENAME_EXCHANGE
	return flags&^known != 0 || exchange
}

// namesDescriptor tells whether a path that is NULL stands for the descriptor
// before it (utimensat(2); setxattrat(2) and file_setattr(2) with AT_EMPTY_PATH).
func (h *held) namesDescriptor(arg abi.PathArg) bool {
	if h.args[arg.Path] != 0 || arg.Dir < 0 {
		return false
	}
	switch h.name {
	case "futimesat", "utimensat", "utimensat_time64":
		return h.fd(arg.Dir) != unix.AT_FDCWD
	}
	return h.emptyIsDescriptor(arg)
}

// emptyIsDescriptor tells whether an empty path or NULL is as if the call had
// only the descriptor, which must be none of O_PATH then.
func (h *held) emptyIsDescriptor(arg abi.PathArg) bool {
	switch h.name {
	case "setxattrat", "file_setattr":
		// Of the current directory it is the path.
		return h.fd(arg.Dir) != unix.AT_FDCWD && h.flags(h.row.Arg(abi.AtFlags))&unix.AT_EMPTY_PATH != 0
	case "removexattrat":
		return h.flags(h.row.Arg(abi.AtFlags))&unix.AT_EMPTY_PATH != 0
	}
	return false
}
