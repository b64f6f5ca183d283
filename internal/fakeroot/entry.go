package fakeroot

import (
	"bytes"
	"cmp"
	"maps"
	"slices"
	"strings"
)

// ID identifies an inode as long as it lives.
type ID struct {
	Dev, Ino uint64
	// Birth is its birth time (statx(2), stx_btime) in nanoseconds since the
	// epoch, 0 where the file system has none or it is not known: 0 matches
	// any, and is replaced by the first that is known.
	Birth int64
}

// Entry is what was noted of an inode.
type Entry struct {
	ID
	Mode     uint32 // type and permissions as the command sees them (st_mode)
	UID, GID uint32
	Rdev     uint64 // dev_t as of stat(2), for devices
	Nlink    uint32 // as last seen; for the format of fakeroot(1)
	// Xattrs are noted, not on the file; nil is none. A nil value says that the
	// file's own attribute of that name counts as removed; an attribute without
	// content is an empty value that is not nil. What Get and Entries return is
	// shared and must not be changed.
	Xattrs map[string][]byte
	Path   string // under which it was last seen, for people; "" if not known
	// Links are its other paths that were seen, of a file with hard links;
	// sorted, and none if Path is "". Shared as Xattrs are.
	Links []string
}

// The attributes that only root may set, or that name ids (capabilities(7), acl(5)).
const (
	Capability = "security.capability"
	ACLAccess  = "system.posix_acl_access"
	ACLDefault = "system.posix_acl_default"
)

// OwnerBits are the permissions that the owner has on disk of a file of that
// mode's type, whatever is noted: a build needs them to go on.
func OwnerBits(mode uint32) uint32 {
	switch mode & typeMask {
	case typeLink:
		return 0
	case typeDir:
		return 0700
	}
	return 0600
}

// inode is the key of an entry. The birth time is no part of it, so that an
// entry is found, and dropped, when its number has a new inode.
type inode struct{ dev, ino uint64 }

func (id ID) inode() inode { return inode{id.Dev, id.Ino} }

// same tells whether both may be the same inode.
func (id ID) same(other ID) bool {
	return id.Birth == other.Birth || id.Birth == 0 || other.Birth == 0
}

// known is id, with the birth time of the other if only that one has it.
func (id ID) known(other ID) ID {
	if id.Birth == 0 {
		id.Birth = other.Birth
	}
	return id
}

func compare(a, b Entry) int {
	return cmp.Or(cmp.Compare(a.Dev, b.Dev), cmp.Compare(a.Ino, b.Ino))
}

// equal tells whether both say the same. An attribute that is removed is not
// one that is empty.
func (e Entry) equal(other Entry) bool {
	return e.scalars() == other.scalars() && slices.Equal(e.Links, other.Links) && maps.EqualFunc(e.Xattrs, other.Xattrs, func(v, w []byte) bool {
		return bytes.Equal(v, w) && (v == nil) == (w == nil)
	})
}

// scalars is all of an entry that can be compared with ==.
type scalars struct {
	ID
	mode, uid, gid, nlink uint32
	rdev                  uint64
	path                  string
}

func (e Entry) scalars() scalars {
	return scalars{e.ID, e.Mode, e.UID, e.GID, e.Nlink, e.Rdev, e.Path}
}

// clone is an entry whose attributes may be changed without others seeing it.
// Values are not copied: who changes one sets another.
func (e Entry) clone() Entry {
	e.Xattrs = maps.Clone(e.Xattrs)
	return e
}

// Trusted are the attributes that only root has, "trusted." ones; nil if there are none.
func (e Entry) Trusted() map[string][]byte {
	var trusted map[string][]byte
	for name, value := range e.Xattrs {
		if strings.HasPrefix(name, "trusted.") {
			if trusted == nil {
				trusted = map[string][]byte{}
			}
			trusted[name] = value
		}
	}
	return trusted
}
