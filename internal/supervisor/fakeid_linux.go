package supervisor

import (
	"encoding/binary"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/abi"
)

const unchanged = ^uint32(0) // an id of -1: leave it

// getID answers the calls that ask for ids.
func (r *receiver) getID(h *held) Answer {
	c := r.creds(h)
	name, short := h.idCall()
	switch name {
	case "getuid":
		return returnID(c.uid.real, short)
	case "geteuid":
		return returnID(c.uid.effective, short)
	case "getgid":
		return returnID(c.gid.real, short)
	case "getegid":
		return returnID(c.gid.effective, short)
	case "getresuid":
		return h.writeIDs(c.uid, short)
	case "getresgid":
		return h.writeIDs(c.gid, short)
	}
	return h.getGroups(c, short)
}

// idCall is the call's name as amd64 has it; short tells that its ids have 16
// bits, which on 386 are those without "32" in their names.
func (h *held) idCall() (name string, short bool) {
	name, long := strings.CutSuffix(h.name, "32")
	return name, h.arch == abi.I386 && !long
}

// returnID is an id as a call returns it: 65534 stands for what has no 16 bits
// (high2lowuid() of linux/highuid.h).
func returnID(id uint32, short bool) Answer { return Return(int64(shortID(id, short))) }

func shortID(id uint32, short bool) uint32 {
	if short && id > 0xffff {
		return 0xfffe
	}
	return id
}

func appendID(buf []byte, id uint32, short bool) []byte {
	if short {
		return binary.NativeEndian.AppendUint16(buf, uint16(shortID(id, true)))
	}
	return binary.NativeEndian.AppendUint32(buf, id)
}

func (h *held) writeIDs(i ids, short bool) Answer {
	for arg, id := range []uint32{i.real, i.effective, i.saved} {
		if errno := h.thread.Write(h.pointer(arg), appendID(nil, id, short)); errno != 0 {
			return Refuse(errno)
		}
	}
	return Return(0)
}

func (h *held) getGroups(c *creds, short bool) Answer {
	size := int(int32(h.args[0]))
	switch {
	case size < 0 || size > 0 && size < len(c.groups):
		return Refuse(unix.EINVAL)
	case size > 0:
		var buf []byte
		for _, g := range c.groups {
			buf = appendID(buf, g, short)
		}
		if errno := h.thread.Write(h.pointer(1), buf); errno != 0 {
			return Refuse(errno)
		}
	}
	return Return(int64(len(c.groups)))
}

// setID answers the calls that change ids, by the rules of credentials(7).
func (r *receiver) setID(h *held) Answer {
	old := r.creds(h)
	c := *old
	name, short := h.idCall()
	var errno unix.Errno
	value := int64(0)
	switch name {
	case "setuid":
		errno = setOne(&c.uid, h.id32(0, short), c.capable(unix.CAP_SETUID))
	case "setgid":
		errno = setOne(&c.gid, h.id32(0, short), c.capable(unix.CAP_SETGID))
	case "setreuid":
		errno = setTwo(&c.uid, h.id32(0, short), h.id32(1, short), c.capable(unix.CAP_SETUID))
	case "setregid":
		errno = setTwo(&c.gid, h.id32(0, short), h.id32(1, short), c.capable(unix.CAP_SETGID))
	case "setresuid":
		errno = setThree(&c.uid, h.threeIDs(short), c.capable(unix.CAP_SETUID))
	case "setresgid":
		errno = setThree(&c.gid, h.threeIDs(short), c.capable(unix.CAP_SETGID))
	case "setfsuid":
		value = int64(setFS(&c.uid, h.id32(0, short), c.capable(unix.CAP_SETUID)))
	case "setfsgid":
		value = int64(setFS(&c.gid, h.id32(0, short), c.capable(unix.CAP_SETGID)))
	default:
		errno = h.setGroups(&c, short)
	}
	if errno != 0 {
		return Refuse(errno)
	}
	if name == "setfsuid" {
		c.capsAfterFS(old.uid)
	} else {
		c.capsAfter(old.uid)
	}
	return r.becomes(h, old, &c, value)
}

// becomes gives the process its new credentials, and answers the call.
func (r *receiver) becomes(h *held, old, c *creds, value int64) Answer {
	if !c.equal(old) {
		if errno := r.s.Fake.creds.set(h.thread, c); errno != 0 {
			return Refuse(errno)
		}
	}
	return Return(value)
}

// id32 is an argument that is an id, of which the 16-bit -1 is -1 too.
func (h *held) id32(i int, short bool) uint32 {
	id := h.flags(i)
	if short {
		if id &= 0xffff; id == 0xffff {
			return unchanged
		}
	}
	return id
}

func (h *held) threeIDs(short bool) [3]uint32 {
	return [3]uint32{h.id32(0, short), h.id32(1, short), h.id32(2, short)}
}

// setOne is setuid(2) and setgid(2).
func setOne(i *ids, id uint32, capable bool) unix.Errno {
	switch {
	case id == unchanged:
		return unix.EINVAL
	case capable:
		*i = ids{id, id, id, id}
	case id == i.real || id == i.saved:
		i.effective, i.fs = id, id
	default:
		return unix.EPERM
	}
	return 0
}

// setTwo is setreuid(2) and setregid(2).
func setTwo(i *ids, re, eff uint32, capable bool) unix.Errno {
	old := *i
	if re != unchanged {
		if !capable && re != old.real && re != old.effective {
			return unix.EPERM
		}
		i.real = re
	}
	if eff != unchanged {
		if !capable && !old.has(eff) {
			return unix.EPERM
		}
		i.effective = eff
	}
	if re != unchanged || eff != unchanged && eff != old.real {
		i.saved = i.effective
	}
	i.fs = i.effective
	return 0
}

// setThree is setresuid(2) and setresgid(2).
func setThree(i *ids, to [3]uint32, capable bool) unix.Errno {
	old := *i
	same := func(id, is uint32) bool { return id == unchanged || id == is }
	if same(to[0], old.real) && same(to[1], old.effective) && same(to[1], old.fs) && same(to[2], old.saved) {
		return 0 // nothing, not even to the file system's
	}
	for n, p := range []*uint32{&i.real, &i.effective, &i.saved} {
		if to[n] == unchanged {
			continue
		}
		if !capable && !old.has(to[n]) {
			return unix.EPERM
		}
		*p = to[n]
	}
	i.fs = i.effective
	return 0
}

// setFS is setfsuid(2) and setfsgid(2), which return the old id and never fail.
func setFS(i *ids, id uint32, capable bool) (old uint32) {
	old = i.fs
	if id != unchanged && (capable || i.has(id) || id == i.fs) {
		i.fs = id
	}
	return old
}

// maxGroups is NGROUPS_MAX of linux/limits.h.
const maxGroups = 65536

func (h *held) setGroups(c *creds, short bool) unix.Errno {
	n := h.flags(0)
	if !c.capable(unix.CAP_SETGID) {
		return unix.EPERM
	}
	if n > maxGroups {
		return unix.EINVAL
	}
	width := 4
	if short {
		width = 2
	}
	buf := make([]byte, int(n)*width)
	if errno := h.thread.Read(h.pointer(1), buf); errno != 0 {
		return errno
	}
	c.groups = make([]uint32, n)
	for i := range c.groups {
		if short {
			c.groups[i] = uint32(binary.NativeEndian.Uint16(buf[2*i:]))
		} else {
			c.groups[i] = binary.NativeEndian.Uint32(buf[4*i:])
		}
	}
	slices.Sort(c.groups) // as the kernel does, and so getgroups returns them
	return 0
}

// fsCaps are the capabilities that go with the file system's user id (CAP_FS_SET).
const fsCaps = 1<<unix.CAP_CHOWN | 1<<unix.CAP_MKNOD | 1<<unix.CAP_DAC_OVERRIDE | 1<<unix.CAP_DAC_READ_SEARCH |
	1<<unix.CAP_FOWNER | 1<<unix.CAP_FSETID | 1<<unix.CAP_MAC_OVERRIDE | 1<<unix.CAP_LINUX_IMMUTABLE

// capsAfter takes and gives capabilities as user ids change from and to 0
// (capabilities(7), Effect of user ID changes on capabilities).
func (c *creds) capsAfter(old ids) {
	if c.secure&secureNoSetuidFixup != 0 {
		return
	}
	if old.hasRoot() && !c.uid.hasRoot() {
		if c.secure&secureKeepCaps == 0 {
			c.permitted, c.effective = 0, 0
		}
		c.ambient = 0
	}
	if old.effective == 0 && c.uid.effective != 0 {
		c.effective = 0
	}
	if old.effective != 0 && c.uid.effective == 0 {
		c.effective = c.permitted
	}
}

// capsAfterFS is capsAfter for setfsuid(2), the only call to which it matters that
// the file system's id changes.
func (c *creds) capsAfterFS(old ids) {
	switch {
	case c.secure&secureNoSetuidFixup != 0:
	case old.fs == 0 && c.uid.fs != 0:
		c.effective &^= fsCaps
	case old.fs != 0 && c.uid.fs == 0:
		c.effective |= c.permitted & fsCaps
	}
}

// Versions of struct __user_cap_header_struct (linux/capability.h).
const (
	capsVersion1 = 0x19980330
	capsVersion2 = 0x20071026
	capsVersion3 = 0x20080522
)

// caps answers capget, capset and what prctl has about capabilities.
func (r *receiver) caps(h *held) Answer {
	if h.name == "prctl" {
		return r.privileges(h)
	}
	var head [8]byte
	if errno := h.thread.Read(h.pointer(0), head[:]); errno != 0 {
		return Refuse(errno)
	}
	words := 2
	switch binary.NativeEndian.Uint32(head[:]) {
	case capsVersion1:
		words = 1
	case capsVersion2, capsVersion3:
	default:
		return Continue() // the kernel says which it has; wall: it changes nothing
	}
	if h.name == "capget" {
		return r.capget(h, words, int(int32(binary.NativeEndian.Uint32(head[4:]))))
	}
	return r.capset(h, words)
}

// capget is of the caller, or of another process by its number in its pid
// namespace: that one is root in all likelihood.
func (r *receiver) capget(h *held, words, pid int) Answer {
	if h.args[1] == 0 {
		return Return(0) // it asks for the version
	}
	if pid < 0 {
		return Refuse(unix.EINVAL)
	}
	c := r.creds(h)
	if status, errno := h.thread.Status(); pid != 0 && errno == 0 && pid != status.NSPid && pid != status.NSTgid {
		c = rootCreds
	}
	var buf []byte
	for w := range words {
		for _, set := range []uint64{c.effective, c.permitted, c.inherited} {
			buf = binary.NativeEndian.AppendUint32(buf, uint32(set>>(32*w)))
		}
	}
	if errno := h.thread.Write(h.pointer(1), buf); errno != 0 {
		return Refuse(errno)
	}
	return Return(0)
}

// capset changes the caller's; permitted ones can only be given up.
func (r *receiver) capset(h *held, words int) Answer {
	buf := make([]byte, 12*words)
	if errno := h.thread.Read(h.pointer(1), buf); errno != 0 {
		return Refuse(errno)
	}
	old := r.creds(h)
	c := *old
	c.effective, c.permitted, c.inherited = 0, 0, 0
	for w := range words {
		for i, set := range []*uint64{&c.effective, &c.permitted, &c.inherited} {
			*set |= uint64(binary.NativeEndian.Uint32(buf[12*w+4*i:])) << (32 * w)
		}
	}
	c.effective, c.permitted, c.inherited = c.effective&allCaps, c.permitted&allCaps, c.inherited&allCaps
	mayInherit := old.inherited | old.permitted
	if old.capable(unix.CAP_SETPCAP) {
		mayInherit = old.inherited | old.bounding
	}
	c.ambient &= c.permitted & c.inherited
	if c.permitted&^old.permitted != 0 || c.effective&^c.permitted != 0 || c.inherited&^mayInherit != 0 {
		return Refuse(unix.EPERM)
	}
	return r.becomes(h, old, &c, 0)
}

// priority answers getpriority and setpriority: root may raise its own where
// the caller may not. What the kernel allows it does.
func (r *receiver) priority(h *held) Answer {
	c := r.keptCreds(h)
	own := h.flags(0) == unix.PRIO_PROCESS && h.flags(1) == 0
	if h.name == "getpriority" {
		if own && c.nice != 0 {
			return Return(20 - int64(c.nice)) // as the system call returns it (getpriority(2))
		}
		return Continue() // wall: none is needed, it reads
	}
	to := *c
	if to.nice = 0; int32(h.args[2]) < 0 && r.creds(h).capable(unix.CAP_SYS_NICE) {
		to.nice = int8(max(int32(h.args[2]), -20))
	}
	if own && to.nice != c.nice {
		if errno := r.s.Fake.creds.set(h.thread, &to); errno != 0 {
			return Refuse(errno)
		}
	}
	if !own && !r.s.Mounts { // no pid namespace keeps the numbers of others out of reach
		if a := r.process(h); a.kind != answerContinue {
			return a
		}
	}
	if to.nice != 0 {
		return Return(0)
	}
	return Continue() // wall: the pid namespace, and the kernel's own rules for the run's user
}
