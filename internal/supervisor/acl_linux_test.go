package supervisor

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/testenv"
)

// TestAccessListsAreTheKernels gives the kernel random lists, good and bad, and
// compares what becomes of the file's mode, and of the list with the mode.
func TestAccessListsAreTheKernels(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	must(t, os.WriteFile(path, nil, 0o600))
	if err := unix.Setxattr(path, aclAccess, sampleACL().encode(), 0); err == unix.EOPNOTSUPP {
		testenv.Skip(t, "no access lists on the file system of "+path)
	}
	good := 0
	for seed := range uint64(3000) {
		data := randomACL(rand.New(rand.NewPCG(seed, 2)))
		must(t, unix.Chmod(path, 0o600))
		_ = unix.Removexattr(path, aclAccess)
		err := unix.Setxattr(path, aclAccess, data, 0)
		list, ok := parseACL(data)
		if (err == nil) != ok {
			t.Fatalf("%x: %v, kernel %v", data, ok, err)
		}
		if err != nil || len(list) == 0 {
			continue
		}
		good++
		checkMode(t, path, list)
		mode := uint32(seed*31) & 0o777
		must(t, unix.Chmod(path, mode))
		list.setMode(mode)
		checkMode(t, path, list)
	}
	if good < 100 {
		t.Errorf("only %d lists were good", good)
	}
}

func sampleACL() acl {
	return acl{{aclUserObj, 6, unchanged}, {aclUser, 7, 12}, {aclGroupObj, 4, unchanged}, {aclMask, 5, unchanged}, {aclOther, 0, unchanged}}
}

// randomACL is a good list with some of its entries spoilt.
func randomACL(rnd *rand.Rand) []byte {
	list := acl{}
	for _, e := range []aclEntry{
		{aclUserObj, 7, unchanged}, {aclUser, 7, 1}, {aclUser, 7, 70000}, {aclGroupObj, 7, unchanged}, {aclGroup, 7, 3}, {aclMask, 7, unchanged}, {aclOther, 7, unchanged},
	} {
		e.perm = uint16(rnd.IntN(8))
		if named := e.tag == aclUser || e.tag == aclGroup || e.tag == aclMask; !named || rnd.IntN(2) == 0 {
			list = append(list, e)
		}
	}
	switch i := rnd.IntN(len(list)); rnd.IntN(12) {
	case 0:
		list = append(list[:i], list[i+1:]...)
	case 1:
		list = append(list, list[i])
	case 2:
		list[i].perm = 8
	case 3:
		list[i].tag = 1 << rnd.IntN(8)
	case 4:
		list[0], list[i] = list[i], list[0]
	case 5:
		list[i].id = 5
	}
	data := list.encode()
	switch rnd.IntN(20) {
	case 0:
		return data[:1+rnd.IntN(len(data)-1)]
	case 1:
		data[0] = byte(rnd.IntN(4))
	}
	return data
}

func checkMode(t *testing.T, path string, list acl) {
	t.Helper()
	var st unix.Stat_t
	must(t, unix.Stat(path, &st))
	if st.Mode&0o777 != list.mode() {
		t.Fatalf("%v: mode %o, kernel %o", list, list.mode(), st.Mode)
	}
	value := make([]byte, 4096)
	n, err := unix.Getxattr(path, aclAccess, value)
	switch {
	case errors.Is(err, unix.ENODATA):
		if !list.minimal() {
			t.Fatalf("%v is not minimal; the kernel keeps none", list)
		}
	case err != nil:
		t.Fatal(err)
	case !bytes.Equal(value[:n], list.encode()):
		t.Fatalf("%x, kernel %x", list.encode(), value[:n])
	}
}
