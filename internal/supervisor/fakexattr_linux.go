package supervisor

import (
	"encoding/binary"
	"maps"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/abi"
	"github.com/catbox-go/catbox/internal/fakeroot"
	"github.com/catbox-go/catbox/internal/sys"
)

// fakeReadXattr answers what reads extended attributes, if any are noted.
func (r *receiver) fakeReadXattr(h *held) Answer {
	l, errno := h.statLookup()
	if errno != 0 {
		return Refuse(errno)
	}
	if h.row.Fake == abi.FakeGetxattr && h.attributeName() == FakeRootAttribute {
		return h.giveAttribute([]byte("1"))
	}
	st, errno := r.s.view.Statx(l, statxMask)
	if errno != 0 {
		return Continue() // the kernel says what is wrong; wall: none is needed, it reads
	}
	a := r.s.Fake.attributes(&st)
	if len(a.entry.Xattrs) == 0 {
		return Continue() // likewise
	}
	if i := h.row.Arg(abi.FD); i >= 0 && h.pathOnly(h.fd(i)) {
		return Refuse(unix.EBADF)
	}
	if !r.creds(h).capable(unix.CAP_SYS_ADMIN) {
		a.entry.Xattrs = withoutTrusted(a.entry.Xattrs)
	}
	if h.row.Fake == abi.FakeListxattr {
		fd, errno := r.s.view.OpenPath(l)
		if errno != 0 {
			return Refuse(errno)
		}
		defer unix.Close(fd)
		return h.listxattr(fd, a.entry)
	}
	return h.getxattr(a.entry)
}

// pathOnly tells whether a descriptor of the target is of O_PATH.
func (h *held) pathOnly(fd int32) bool {
	own, errno := h.takeOver(fd)
	if errno != 0 {
		return false
	}
	defer unix.Close(own)
	flags, err := unix.FcntlInt(uintptr(own), unix.F_GETFL, 0)
	return err == nil && flags&unix.O_PATH != 0
}

func (h *held) getxattr(e fakeroot.Entry) Answer {
	value, noted := e.Xattrs[h.attributeName()]
	switch {
	case !noted:
		return Continue() // the file's own; wall: none is needed, it reads
	case value == nil:
		return Refuse(unix.ENODATA)
	}
	return h.giveAttribute(value)
}

// withoutTrusted are the attributes that others than root see; the ones that
// they do not see count as removed.
func withoutTrusted(all map[string][]byte) map[string][]byte {
	seen := maps.Clone(all)
	for name := range seen {
		if strings.HasPrefix(name, "trusted.") {
			seen[name] = nil
		}
	}
	return seen
}

// attributeName is "" if it cannot be read.
func (h *held) attributeName() string {
	name, _ := h.thread.ReadString(h.pointer(h.row.Arg(abi.Name)), xattrNameMax+1)
	return name
}

// giveAttribute writes a value or a list to the call's buffer.
func (h *held) giveAttribute(value []byte) Answer {
	i := h.row.Arg(abi.Buffer)
	addr, size := h.pointer(i), h.args[i+1]
	if h.name == "getxattrat" { // struct xattr_args: value, size, flags
		var args [16]byte
		if errno := h.thread.Read(addr, args[:]); errno != 0 {
			return Refuse(errno)
		}
		addr, size = binary.NativeEndian.Uint64(args[:]), uint64(binary.NativeEndian.Uint32(args[8:]))
	}
	switch {
	case size == 0:
		return Return(int64(len(value)))
	case size < uint64(len(value)):
		return Refuse(unix.ERANGE)
	}
	if errno := h.thread.Write(addr, value); errno != 0 {
		return Refuse(errno)
	}
	return Return(int64(len(value)))
}

// listxattr lists what is noted beside what the file has itself.
func (h *held) listxattr(fd int, e fakeroot.Entry) Answer {
	buf := make([]byte, xattrSizeMax)
	n, err := unix.Listxattr(sys.FDPath(fd), buf)
	if err != nil {
		n = 0 // a file system without attributes
	}
	names := map[string]bool{}
	for name := range strings.SplitSeq(string(buf[:n]), "\x00") {
		names[name] = name != ""
	}
	for name, value := range e.Xattrs {
		names[name] = value != nil
	}
	var list []byte
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if names[name] {
			list = append(append(list, name...), 0)
		}
	}
	return h.giveAttribute(list)
}

// notedAttribute tells whether an attribute is noted and not put on the file:
// it is root's, or means ids that are not those on disk.
func notedAttribute(name string) bool {
	return strings.HasPrefix(name, "trusted.") || strings.HasPrefix(name, "security.") || name == aclAccess || name == aclDefault
}

// mayChangeAttribute is the errno for one whom the kernel would not let
// (xattr(7), xattr_permission() of the kernel).
func mayChangeAttribute(c *creds, a attributes, name string) unix.Errno {
	kind := a.mode & unix.S_IFMT
	switch {
	case name == "trusted." || name == "security.":
		return unix.EINVAL // xattr_resolve_name() of the kernel
	case strings.HasPrefix(name, "user."):
		if kind != unix.S_IFREG && kind != unix.S_IFDIR || kind == unix.S_IFDIR && a.mode&unix.S_ISVTX != 0 && !c.owns(a) {
			return unix.EPERM
		}
		if !c.may(a, mayWrite) {
			return unix.EACCES
		}
	case strings.HasPrefix(name, "trusted."):
		if !c.capable(unix.CAP_SYS_ADMIN) {
			return unix.EPERM
		}
	case name == fakeroot.Capability:
		if !c.capable(unix.CAP_SETFCAP) {
			return unix.EPERM
		}
	case strings.HasPrefix(name, "security."):
		if !c.capable(unix.CAP_SYS_ADMIN) {
			return unix.EPERM
		}
	case name == aclAccess || name == aclDefault:
		if kind == unix.S_IFLNK {
			return unix.EOPNOTSUPP
		}
		if !c.owns(a) {
			return unix.EPERM
		}
	default:
		return unix.EOPNOTSUPP
	}
	return 0
}

func fakeSetxattr(r *receiver, p *pinned) Answer {
	f, name := r.s.Fake, p.input.text
	a, st, errno := f.attributesOf(p.file())
	if errno == 0 {
		errno = mayChangeAttribute(p.creds, a, name)
	}
	if errno != 0 {
		return Refuse(errno)
	}
	if !notedAttribute(name) && st.Uid == f.UID {
		if answer := setxattr(p); answer.succeeded() || answer.errno != unix.EOPNOTSUPP {
			return answer
		}
	}
	has := p.hasAttribute(a, name)
	switch {
	case has && p.input.flags&unix.XATTR_CREATE != 0:
		return Refuse(unix.EEXIST)
	case !has && p.input.flags&unix.XATTR_REPLACE != 0:
		return Refuse(unix.ENODATA)
	}
	switch name {
	case fakeroot.Capability:
		if !validCapability(p.input.data) {
			return Refuse(unix.EINVAL)
		}
		p.input.data = plainCapability(p.input.data)
	case aclAccess, aclDefault:
		return f.setACL(p, a, &st)
	}
	return f.noted(p, &st, func(e *fakeroot.Entry) { setAttribute(e, name, p.input.data) })
}

// hasAttribute tells whether the file is shown with the attribute.
func (p *pinned) hasAttribute(a attributes, name string) bool {
	if value, noted := a.entry.Xattrs[name]; noted {
		return value != nil
	}
	_, err := unix.Getxattr(sys.FDPath(p.file()), name, nil)
	return err == nil
}

// validCapability looks at a value as the kernel does (cap_convert_nscap()):
// struct vfs_cap_data of version 2, or of 3 with the id of a namespace's root.
func validCapability(value []byte) bool {
	if len(value) == 0 {
		return true // vfs_setxattr() looks at no empty one
	}
	if len(value) < 4 {
		return false
	}
	switch binary.LittleEndian.Uint32(value) &^ 1 { // VFS_CAP_FLAGS_EFFECTIVE
	case 0x02000000:
		return len(value) == 20
	case 0x03000000:
		return len(value) == 24
	}
	return false
}

// plainCapability has version 2 for what is of this namespace's root, as it is
// shown (cap_inode_getsecurity()).
func plainCapability(value []byte) []byte {
	if len(value) != 24 || binary.LittleEndian.Uint32(value[20:]) != 0 {
		return value
	}
	plain := slices.Clone(value[:20])
	plain[3] = 2
	return plain
}

// setACL notes a list, and the mode that goes with it.
func (f *FakeRoot) setACL(p *pinned, a attributes, st *unix.Statx_t) Answer {
	name := p.input.text
	list, ok := readACL(p.input.data)
	switch { // in the order of posix_acl_from_xattr() and set_posix_acl()
	case len(p.input.data) == 0:
		ok = true
	case len(p.input.data) >= 4 && binary.LittleEndian.Uint32(p.input.data) != aclVersion:
		return Refuse(unix.EOPNOTSUPP)
	}
	switch {
	case !ok:
		return Refuse(unix.EINVAL)
	case name == aclDefault && !a.isDir():
		if len(list) > 0 {
			return Refuse(unix.EACCES)
		}
		return Return(0)
	case len(list) > 0 && !list.valid():
		return Refuse(unix.EINVAL)
	}
	return f.noted(p, st, func(e *fakeroot.Entry) {
		if len(list) == 0 {
			delete(e.Xattrs, name)
			return
		}
		if name == aclDefault {
			setAttribute(e, name, list.encode())
			return
		}
		e.Mode = e.Mode&^0777 | list.mode()
		if !p.creds.inGroup(a.gid) && !p.creds.capable(unix.CAP_FSETID) {
			e.Mode &^= unix.S_ISGID
		}
		if list.minimal() {
			delete(e.Xattrs, name)
		} else {
			setAttribute(e, name, list.encode())
		}
	})
}

func fakeRemovexattr(r *receiver, p *pinned) Answer {
	f, name := r.s.Fake, p.input.text
	a, st, errno := f.attributesOf(p.file())
	if errno == 0 {
		errno = mayChangeAttribute(p.creds, a, name)
	}
	if errno != 0 {
		return Refuse(errno)
	}
	_, noted := a.entry.Xattrs[name]
	if !noted && !notedAttribute(name) && st.Uid == f.UID {
		return removexattr(p)
	}
	isACL := name == aclAccess || name == aclDefault
	if !p.hasAttribute(a, name) {
		if isACL {
			return Return(0) // none is as good as an empty one
		}
		return Refuse(unix.ENODATA)
	}
	_, err := unix.Getxattr(sys.FDPath(p.file()), name, nil)
	return f.noted(p, &st, func(e *fakeroot.Entry) {
		if err == nil {
			setAttribute(e, name, nil) // the file has one of its own, which counts as removed
		} else {
			delete(e.Xattrs, name)
		}
	})
}
