package supervisor

import (
	"strconv"

	"github.com/catbox-go/catbox/internal/abi"
	"github.com/catbox-go/catbox/internal/idmap"
)

// A run's user namespace maps each of its ids to itself, and an ordinary user's
// has no others: to give a file any other is EINVAL there (chown(2)), before
// rights are looked at. So these calls are done here, where the answer is the
// host's: EPERM, but for the user's other groups.

// noID stands for the id that stays as it is.
const noID int64 = -1

// idMaps are the ids of a user namespace.
type idMaps struct{ users, groups idmap.Map }

// readIDMaps reads those of a process. What cannot be read has no ids, and
// every change of owner is done here.
func readIDMaps(pid int) idMaps {
	dir := "/proc/" + strconv.Itoa(pid)
	return idMaps{idmap.Read(dir + "/uid_map"), idmap.Read(dir + "/gid_map")}
}

// has tells whether the namespace has the ids, of which noID is none.
func (m idMaps) has(uid, gid int64) bool {
	return (uid == noID || m.users.Has(uid)) && (gid == noID || m.groups.Has(gid))
}

// setsUnmapped tells whether the call gives a file an id that the run's user
// namespace does not have.
func (h *held) setsUnmapped() bool {
	if h.row.Change != abi.Chown {
		return false
	}
	uid, gid := h.owners()
	return !h.s.ids().has(uid, gid)
}

// owners returns the ids that a call of the chown family sets.
func (h *held) owners() (uid, gid int64) {
	uid, gid = id32(h.value(abi.Owner)), id32(h.value(abi.Group))
	if h.arch == abi.I386 && (h.name == "chown" || h.name == "lchown" || h.name == "fchown") {
		uid, gid = id16(uid), id16(gid)
	}
	return uid, gid
}

func id32(id uint32) int64 {
	if id == ^uint32(0) {
		return noID
	}
	return int64(id)
}

// id16 widens an id of the 16-bit calls, of which 0xffff means "leave it".
func id16(id int64) int64 {
	if id&0xffff == 0xffff {
		return noID
	}
	return id & 0xffff
}
