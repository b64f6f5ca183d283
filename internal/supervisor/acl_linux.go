package supervisor

import (
	"encoding/binary"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/fakeroot"
)

// The attributes that hold access control lists (acl(5)).
const (
	aclAccess  = fakeroot.ACLAccess
	aclDefault = fakeroot.ACLDefault
)

// Tags of linux/posix_acl.h.
const (
	aclUserObj  = 1
	aclUser     = 2
	aclGroupObj = 4
	aclGroup    = 8
	aclMask     = 0x10
	aclOther    = 0x20
)

// aclEntry is one entry of a list (linux/posix_acl_xattr.h).
type aclEntry struct {
	tag, perm uint16
	id        uint32
}

type acl []aclEntry

const aclVersion = 2

// aclNoID is the id of an entry for nobody in particular (ACL_UNDEFINED_ID).
const aclNoID = ^uint32(0)

// parseACL reads the form that the attributes have. What the kernel would not
// take (posix_acl_valid()) is not ok.
func parseACL(data []byte) (list acl, ok bool) {
	list, ok = readACL(data)
	return list, ok && (len(list) == 0 || list.valid())
}

// readACL is parseACL for what need not make sense (posix_acl_from_xattr()).
func readACL(data []byte) (list acl, ok bool) {
	if len(data) < 4 || (len(data)-4)%8 != 0 || binary.LittleEndian.Uint32(data) != aclVersion {
		return nil, false
	}
	for b := data[4:]; len(b) > 0; b = b[8:] {
		e := aclEntry{binary.LittleEndian.Uint16(b), binary.LittleEndian.Uint16(b[2:]), binary.LittleEndian.Uint32(b[4:])}
		switch e.tag {
		case aclUser, aclGroup:
			if e.id == aclNoID {
				return nil, false
			}
		case aclUserObj, aclGroupObj, aclMask, aclOther:
			e.id = aclNoID // whatever it was, as the kernel gives it back
		default:
			return nil, false
		}
		list = append(list, e)
	}
	return list, true
}

// valid: the tags in order, each of the three once, and a mask if anybody is named.
func (l acl) valid() bool {
	last, named, count := uint16(0), false, map[uint16]int{}
	for _, e := range l {
		if e.tag < last || e.perm > 7 {
			return false
		}
		last = e.tag
		count[e.tag]++
		named = named || e.tag == aclUser || e.tag == aclGroup
	}
	return count[aclUserObj] == 1 && count[aclGroupObj] == 1 && count[aclOther] == 1 && count[aclMask] <= 1 && (!named || count[aclMask] == 1)
}

func (l acl) encode() []byte {
	data := binary.LittleEndian.AppendUint32(nil, aclVersion)
	for _, e := range l {
		data = binary.LittleEndian.AppendUint16(data, e.tag)
		data = binary.LittleEndian.AppendUint16(data, e.perm)
		data = binary.LittleEndian.AppendUint32(data, e.id)
	}
	return data
}

// perm is that of the entry with the tag.
func (l acl) perm(tag uint16) (*uint16, bool) {
	for i := range l {
		if l[i].tag == tag {
			return &l[i].perm, true
		}
	}
	return nil, false
}

// groupClass is the entry that the group bits of the mode stand for.
func (l acl) groupClass() *uint16 {
	if p, ok := l.perm(aclMask); ok {
		return p
	}
	p, _ := l.perm(aclGroupObj)
	return p
}

// mode are the permission bits that go with the list.
func (l acl) mode() uint32 {
	user, _ := l.perm(aclUserObj)
	other, _ := l.perm(aclOther)
	return uint32(*user)<<6 | uint32(*l.groupClass())<<3 | uint32(*other)
}

// minimal tells that the list says no more than the mode.
func (l acl) minimal() bool { return len(l) == 3 }

// setMode gives the list the bits of a mode (posix_acl_chmod()).
func (l acl) setMode(mode uint32) {
	user, _ := l.perm(aclUserObj)
	other, _ := l.perm(aclOther)
	*user, *l.groupClass(), *other = uint16(mode>>6&7), uint16(mode>>3&7), uint16(mode&7)
}

// restrict takes what a mode does not have (posix_acl_create()).
func (l acl) restrict(mode uint32) {
	user, _ := l.perm(aclUserObj)
	other, _ := l.perm(aclOther)
	*user &= uint16(mode >> 6 & 7)
	*l.groupClass() &= uint16(mode >> 3 & 7)
	*other &= uint16(mode & 7)
}

// bits are the permissions of a process that does not own the file (acl(5)).
func (l acl) bits(c *creds, a attributes) uint32 {
	mask := uint32(7)
	if p, ok := l.perm(aclMask); ok {
		mask = uint32(*p)
	}
	group, found := uint32(0), false
	for _, e := range l {
		switch {
		case e.tag == aclUser && e.id == c.uid.fs:
			return uint32(e.perm) & mask
		case e.tag == aclGroupObj && c.inGroup(a.gid), e.tag == aclGroup && c.inGroup(e.id):
			group, found = group|uint32(e.perm)&mask, true
		}
	}
	if found {
		return group
	}
	other, _ := l.perm(aclOther)
	return uint32(*other)
}

// acl is the noted list of a file.
func (a attributes) acl() (acl, bool) {
	if !a.known || a.entry.Xattrs[aclAccess] == nil {
		return nil, false
	}
	l, ok := parseACL(a.entry.Xattrs[aclAccess])
	return l, ok && len(l) > 0
}

// chmodACL has a noted list follow the mode.
func chmodACL(e *fakeroot.Entry, mode uint32) {
	if data := e.Xattrs[aclAccess]; data != nil {
		if l, ok := parseACL(data); ok && len(l) > 0 {
			l.setMode(mode)
			e.Xattrs[aclAccess] = l.encode()
		}
	}
}

// inheritACL gives a file what the default list of its directory says, in place
// of the umask.
func inheritACL(e *fakeroot.Entry, dir attributes, asked uint32) {
	kind := e.Mode & unix.S_IFMT
	data := dir.entry.Xattrs[aclDefault]
	if !dir.known || data == nil || kind == unix.S_IFLNK {
		return
	}
	l, ok := parseACL(data)
	if !ok || len(l) == 0 {
		return
	}
	if kind == unix.S_IFDIR {
		setAttribute(e, aclDefault, data)
	}
	l.restrict(asked)
	e.Mode = e.Mode&^0777 | l.mode()
	if !l.minimal() {
		setAttribute(e, aclAccess, l.encode())
	}
}

func setAttribute(e *fakeroot.Entry, name string, value []byte) {
	if e.Xattrs == nil {
		e.Xattrs = map[string][]byte{}
	}
	e.Xattrs[name] = value
}
