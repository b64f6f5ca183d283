package catbox

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"strings"

	"github.com/catbox-go/catbox/features"
	"github.com/catbox-go/catbox/internal/fakeroot"
	"github.com/catbox-go/catbox/internal/idmap"
	"github.com/catbox-go/catbox/internal/stage"
	"github.com/catbox-go/catbox/internal/supervisor"
)

// ownIDs tells that the fake root has a range of ids.
func (p *plan) ownIDs() bool { return p.fake != nil && p.fake.UIDs != nil }

// findFakeMode finds what the fake root's mode needs. One that was asked for and
// cannot be had is an error.
func (p *plan) findFakeMode() error {
	f := p.cmd.FakeRoot
	if f == nil {
		return nil
	}
	state := f.State
	if state == nil {
		state = NewFakeState()
	}
	p.fake = &supervisor.FakeRoot{
		State: state, UID: uint32(os.Geteuid()), GID: uint32(os.Getegid()), UnknownIsReal: f.UnknownIsReal,
	}
	switch f.Mode {
	case "", FakeSingle, FakeNone:
		return nil
	case FakeSubuid:
		return p.findSubids()
	}
	return fmt.Errorf("fake root mode %q is not known: want %s, %s or %s", string(f.Mode), FakeSingle, FakeSubuid, FakeNone)
}

// checkOwnIDs refuses a range of ids where the supervisor has to do calls in the run's stead: it is the user, and what the
// run has given to another of its ids could not be changed any more.
func (p *plan) checkOwnIDs() error {
	if !p.ownIDs() || p.log {
		return nil
	}
	why := ""
	switch _, denied := p.givenOutside(); {
	case p.abi == 0:
		why = "the kernel has no Landlock, so that each change is made by the supervisor"
	case !p.walls.exact:
		why = "a regular expression, a single file or a missing path among what may or may not be written has each change made by the supervisor"
	case denied:
		why = "a file of the user's outside of what may be written is its input, so that each change of metadata is made by the supervisor"
	default:
		return nil
	}
	return &UnsupportedError{Part: "fake root mode subuid", Err: errors.New(why + ", who has none of the range's ids; mode single can do it")}
}

func (p *plan) findSubids() error {
	unsupported := func(err error) error { return &UnsupportedError{Part: "fake root mode subuid", Err: err} }
	switch {
	case p.root:
		return unsupported(errors.New("the caller is root, and has all ids"))
	case p.cmd.FakeRoot.UnknownIsReal:
		return unsupported(errors.New("the kernel shows its own files as root's"))
	}
	var err error
	for i, tool := range []string{"newuidmap", "newgidmap"} {
		if p.idTools[i], err = exec.LookPath(tool); err != nil {
			return unsupported(err)
		}
	}
	uids, err := idRange(os.Geteuid(), features.SubordinateUIDs)
	if err != nil {
		return unsupported(err)
	}
	gids, err := idRange(os.Getegid(), features.SubordinateGIDs)
	if err != nil {
		return unsupported(err)
	}
	p.fake.UIDs, p.fake.GIDs = uids, gids
	p.findGiven()
	return nil
}

// findGiven finds the noted files that the kernel can give to their owners.
func (p *plan) findGiven() {
	for _, e := range p.fake.State.Entries() {
		id, there := fakeroot.At(e)
		if e.Path == "" || !there || id.Ino != e.Ino || id.Dev != e.Dev || fakeroot.IsDevice(e.Mode) || !p.fake.UIDs.Has(int64(e.UID)) || !p.fake.GIDs.Has(int64(e.GID)) {
			continue
		}
		path, seen := p.tree.view(e.Path)
		if !seen {
			continue
		}
		e.Path = path
		p.fake.Give(e, path)
		p.give = append(p.give, ownedOf(e))
	}
}

func ownedOf(e FakeEntry) stage.Owned {
	o := stage.Owned{ID: e.ID, Path: e.Path, Mode: e.Mode, UID: e.UID, GID: e.GID}
	for name, value := range e.Xattrs {
		if strings.HasPrefix(name, "trusted.") || value == nil {
			continue
		}
		o.Xattrs = append(o.Xattrs, stage.Attribute{Name: name, Value: string(value)})
	}
	return o
}

// takenBack notes what the files were that are the user's again. What was noted of
// those that are not there any more is dropped.
func (p *plan) takenBack(files []stage.Owned) {
	state := p.fake.State
	p.fake.Settle()
	given := map[fakeroot.ID]FakeEntry{}
	for _, id := range p.fake.Given() {
		given[id], _ = state.Get(id)
		_ = state.Delete(id) // the journal says so itself when it is closed
	}
	for _, o := range files {
		e, noted := state.Get(o.ID) // of a device, or with ids that are not in the range
		if !noted {
			e = FakeEntry{
				ID: o.ID, Mode: o.Mode, UID: o.UID, GID: o.GID, Nlink: o.Nlink, Path: p.hostPath(o.Path), Xattrs: given[o.ID].Trusted(),
			}
			for _, name := range given[o.ID].Names() {
				e.AddName(name)
			}
		}
		e.Xattrs = withAttributes(e.Xattrs, o.Xattrs)
		_ = state.Put(e)
	}
}

// withAttributes are those that are noted with those that were on disk.
func withAttributes(noted map[string][]byte, onDisk []stage.Attribute) map[string][]byte {
	all := map[string][]byte{}
	for _, x := range onDisk {
		all[x.Name] = []byte(x.Value)
	}
	maps.Copy(all, noted)
	return all
}

// idRange maps 0 to the caller's own id, and what follows to the range.
func idRange(own int, subordinate func() (first, count int, err error)) (idmap.Map, error) {
	first, count, err := subordinate()
	if err != nil {
		return nil, err
	}
	return idmap.Map{{ContainerID: 0, HostID: own, Size: 1}, {ContainerID: 1, HostID: first, Size: count}}, nil
}

// maker makes files in the run where only its root may; nil: it is not mightier than the user.
func (p *plan) maker(r *run) func(dir string, id fakeroot.ID, name string, mode uint32) error {
	if !p.ownIDs() {
		return nil
	}
	return func(dir string, id fakeroot.ID, name string, mode uint32) error {
		return r.stage.Make(stage.MakeRequest{Dir: dir, ID: id, Name: name, Mode: mode})
	}
}
