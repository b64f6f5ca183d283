package supervisor

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/catbox-go/catbox/internal/abi"
)

// A run's user namespace maps each of its ids to itself, and an ordinary user's
// has no others: to give a file any other is EINVAL there (chown(2)), before
// rights are looked at. So these calls are done here, where the answer is the
// host's: EPERM, but for the user's other groups.

// noID stands for the id that stays as it is.
const noID int64 = -1

// extent is a line of uid_map or gid_map, as far as it says which ids there are.
type extent struct{ first, count int64 }

// idMaps are the ids of a user namespace.
type idMaps struct{ users, groups []extent }

// readIDMaps reads those of a process. What cannot be read has no ids, and
// every change of owner is done here.
func readIDMaps(pid int) idMaps {
	return idMaps{readIDMap(pid, "uid_map"), readIDMap(pid, "gid_map")}
}

func readIDMap(pid int, name string) []extent {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", pid, name))
	if err != nil {
		return nil
	}
	return parseIDMap(string(data))
}

// parseIDMap takes lines of three numbers: first id inside, first outside, how many.
func parseIDMap(text string) []extent {
	var ids []extent
	for line := range strings.Lines(text) {
		var e extent
		var outside int64
		if _, err := fmt.Sscan(line, &e.first, &outside, &e.count); err != nil {
			return nil
		}
		ids = append(ids, e)
	}
	return ids
}

func mapsID(ids []extent, id int64) bool {
	return id == noID || slices.ContainsFunc(ids, func(e extent) bool { return id >= e.first && id-e.first < e.count })
}

// setsUnmapped tells whether the call gives a file an id that the run's user
// namespace does not have.
func (h *held) setsUnmapped() bool {
	if h.row.Change != abi.Chown {
		return false
	}
	uid, gid := h.owners()
	ids := h.s.ids()
	return !mapsID(ids.users, uid) || !mapsID(ids.groups, gid)
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
