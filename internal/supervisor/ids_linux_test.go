package supervisor

import (
	"testing"

	"github.com/catbox-go/catbox/internal/abi"
)

func TestMapped(t *testing.T) {
	one := parseIDMap("      1000       1000          1\n")
	two := parseIDMap("         0          0       1000\n     10000      10000          5\n")
	all := parseIDMap("         0          0 4294967295\n")
	for _, test := range []struct {
		name string
		ids  []extent
		id   int64
		want bool
	}{
		{"one", one, 1000, true}, {"one", one, 999, false}, {"one", one, 1001, false}, {"one", one, 0, false}, {"one", one, noID, true},
		{"two", two, 0, true}, {"two", two, 999, true}, {"two", two, 1000, false}, {"two", two, 10004, true}, {"two", two, 10005, false},
		{"all", all, 1<<32 - 2, true}, {"none", parseIDMap(""), 0, false}, {"bad", parseIDMap("0 0 5\nx"), 0, false},
	} {
		if got := mapsID(test.ids, test.id); got != test.want {
			t.Errorf("%s has %d: %v", test.name, test.id, got)
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
