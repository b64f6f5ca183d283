package catbox

import (
	"github.com/catbox-go/catbox/internal/fakeroot"
	"github.com/catbox-go/catbox/internal/supervisor"
)

// FakeRootAttribute is an extended attribute that every file has inside of a
// fake root, and none outside.
const FakeRootAttribute = supervisor.FakeRootAttribute

// FakeRoot has a command believe that it is root. It may change owners, modes
// and extended attributes of the files that it may write, make devices and
// change its ids; all that is noted in the state and not done, and every
// program of the run sees what is noted. What the policy does not allow to be
// written cannot be changed in this way either.
type FakeRoot struct {
	// Mode says how; empty is FakeSingle, or FakeNone on a host that lets us have
	// no user namespaces.
	Mode FakeMode
	// State holds what was noted before, and takes what is noted. It may be
	// used by several runs, one after the other or at once. Nil means one that
	// is forgotten at the end.
	State *FakeState
	// UnknownIsReal shows the owners of files of which nothing is noted as
	// they are; if false, the caller's own files are root's.
	UnknownIsReal bool
}

// FakeMode is a way to be root without being it.
type FakeMode string

const (
	// FakeSingle is a user namespace with one id, the rest by the supervisor. On
	// disk everything stays the caller's. It is for packages.
	FakeSingle FakeMode = "single"
	// FakeSubuid is a user namespace with the caller's subordinate ids (subuid(5)),
	// in which the kernel itself changes owners and ids, at native speed; the
	// supervisor notes devices, trusted attributes and ids that are not in
	// the range. While the run lives its files have such owners, and set-user-ID
	// bits, on disk; at the end they are the caller's again, and what they were is
	// noted. The host's files that are not the caller's are shown as nobody's, and
	// who follows a symbolic link, or asks by a descriptor, does not see devices.
	// It is for root file systems.
	FakeSubuid FakeMode = "subuid"
	// FakeNone is the supervisor alone, without a namespace.
	FakeNone FakeMode = "none"
)

// FakeState is what a fake root has noted: see FakeEntry.
type FakeState = fakeroot.State

// FakeEntry is what was noted of one file.
type FakeEntry = fakeroot.Entry

// FakeFormat is a format in which a state is saved.
type FakeFormat = fakeroot.Format

// The formats of a saved state: catbox's own, which holds everything, and the
// text of fakeroot(1).
const (
	FakeJSON = fakeroot.JSON
	FakeText = fakeroot.Text
)

// NewFakeState returns an empty state that is kept in memory.
func NewFakeState() *FakeState { return fakeroot.New() }

// OpenFakeState opens, or makes, a file in catbox's own format, in which every
// change is written as it happens. Close it after the last run.
func OpenFakeState(path string) (*FakeState, error) { return fakeroot.Open(path) }

// LoadFakeState reads a saved state of either format, to be kept in memory.
func LoadFakeState(path string) (*FakeState, error) { return fakeroot.Load(path) }
