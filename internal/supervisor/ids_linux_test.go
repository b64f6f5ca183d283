package supervisor

import (
	"testing"

	"github.com/catbox-go/catbox/internal/abi"
	"github.com/catbox-go/catbox/internal/idmap"
)

func TestMapped(t *testing.T) {
	maps := idMaps{users: idmap.Map{{ContainerID: 5, Size: 1}}, groups: idmap.Map{{ContainerID: 7, Size: 2}}}
	for _, test := range []struct {
		uid, gid int64
		want     bool
	}{{5, 7, true}, {5, 8, true}, {5, noID, true}, {noID, 8, true}, {noID, noID, true}, {6, 7, false}, {5, 9, false}, {7, 5, false}} {
		if got := maps.has(test.uid, test.gid); got != test.want {
			t.Errorf("%d, %d: %v", test.uid, test.gid, got)
		}
	}
}

// The calls of 386 that have no 32 in their names take 16 bits.
func TestOwners(t *testing.T) {
	for _, test := range []struct {
		arch     abi.Arch
		name     string
		args     [6]uint64
		uid, gid int64
	}{
		{abi.AMD64, "chown", [6]uint64{0, 70000, 1<<64 - 1}, 70000, noID},
		{abi.AMD64, "fchown", [6]uint64{3, 1<<32 - 1, 0xffff}, noID, 0xffff},
		{abi.AMD64, "fchownat", [6]uint64{0, 0, 1<<40 | 5, 6}, 5, 6},
		{abi.AMD64, "lchown", [6]uint64{0, 1<<32 - 2, 1 << 31}, 1<<32 - 2, 1 << 31},
		{abi.I386, "chown", [6]uint64{0, 0x1_0005, 0xffff}, 5, noID},
		{abi.I386, "lchown", [6]uint64{0, 1<<32 - 1, 7}, noID, 7},
		{abi.I386, "chown32", [6]uint64{0, 70000, 0xffff}, 70000, 0xffff},
	} {
		row, ok := abi.ByName(test.name)
		if !ok {
			t.Fatal(test.name)
		}
		h := &held{arch: test.arch, row: row, name: test.name, args: test.args}
		if uid, gid := h.owners(); uid != test.uid || gid != test.gid {
			t.Errorf("%v %s%v: %d, %d", test.arch, test.name, test.args, uid, gid)
		}
	}
}
