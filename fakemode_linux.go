package catbox

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"

	"github.com/catbox-go/catbox/features"
)

// subids are the ids of a fake root that has a range of them.
type subids struct {
	uids, gids []syscall.SysProcIDMap
	tools      [2]string // newuidmap(1), newgidmap(1)
}

// findFakeMode finds what the fake root's mode needs. One that was asked for and
// cannot be had is an error.
func (p *plan) findFakeMode() error {
	if p.cmd.FakeRoot == nil {
		return nil
	}
	switch mode := p.cmd.FakeRoot.Mode; mode {
	case "", FakeSingle, FakeNone:
		return nil
	case FakeSubuid:
		return p.findSubids()
	default:
		return fmt.Errorf("catbox: fake root: mode %q is not known: want %s, %s or %s", string(mode), FakeSingle, FakeSubuid, FakeNone)
	}
}

func (p *plan) findSubids() error {
	unsupported := func(err error) error { return &UnsupportedError{Part: "fake root mode subuid", Err: err} }
	switch {
	case p.root:
		return unsupported(errors.New("the caller is root, and has all ids"))
	case p.cmd.FakeRoot.UnknownIsReal:
		return unsupported(errors.New("the kernel shows its own files as root's"))
	}
	ids := &subids{}
	var err error
	for i, tool := range []string{"newuidmap", "newgidmap"} {
		if ids.tools[i], err = exec.LookPath(tool); err != nil {
			return unsupported(err)
		}
	}
	if ids.uids, err = idRange(os.Geteuid(), features.SubordinateUIDs); err == nil {
		ids.gids, err = idRange(os.Getegid(), features.SubordinateGIDs)
	}
	if err != nil {
		return unsupported(err)
	}
	p.ids = ids
	return nil
}

// idRange maps 0 to the caller's own id, and what follows to the range.
func idRange(own int, subordinate func() (first, count int, err error)) ([]syscall.SysProcIDMap, error) {
	first, count, err := subordinate()
	if err != nil {
		return nil, err
	}
	return []syscall.SysProcIDMap{{ContainerID: 0, HostID: own, Size: 1}, {ContainerID: 1, HostID: first, Size: count}}, nil
}
