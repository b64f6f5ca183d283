package overlay

import (
	"bytes"
	"maps"
	"strings"

	"github.com/catbox-go/catbox/internal/fakeroot"
)

// Kind is what became of a file.
type Kind byte

// The kinds, as git status --short calls them.
const (
	Added       Kind = 'A'
	Modified    Kind = 'M'
	Removed     Kind = 'D'
	TypeChanged Kind = 'T'
)

var kindNames = map[Kind]string{Added: "added", Modified: "modified", Removed: "removed", TypeChanged: "type-changed"}

// String is the kind as JSON has it.
func (k Kind) String() string { return kindNames[k] }

// Differences are what differs of a file that was modified.
type Differences uint8

// The differences.
const (
	Content Differences = 1 << iota
	Mode
	Owner
	Xattrs
	Target
	Device
	Time
)

var differenceNames = []string{"content", "mode", "owner", "xattrs", "target", "device", "time"}

// Names are the differences in words, nil for none.
func (d Differences) Names() []string {
	var names []string
	for i, name := range differenceNames {
		if d&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return names
}

// String is the differences in words, separated by commas.
func (d Differences) String() string { return strings.Join(d.Names(), ",") }

// Change is a file that the command sees otherwise than it is without the
// overlay.
type Change struct {
	Path    string // from the root, absolute, as bytes of file names
	Kind    Kind
	Differs Differences // 0 but for Modified
	// Old is the file below, nil for Added; New is the file in the overlay, nil
	// for Removed.
	Old, New *Stat
	// Conflict says how the file below has changed since the command used it,
	// "" if it has not.
	Conflict string

	oldLayer *layer // of Old
}

// differences compares two files of one type. The content of regular files is
// left to the caller.
func differences(a, b *Stat) Differences {
	var d Differences
	if a.Mode != b.Mode && !a.isLink() {
		d |= Mode
	}
	if a.UID != b.UID || a.GID != b.GID {
		d |= Owner
	}
	if !maps.EqualFunc(a.Xattrs, b.Xattrs, bytes.Equal) {
		d |= Xattrs
	}
	if a.Target != b.Target {
		d |= Target
	}
	if a.isDevice() && a.Rdev != b.Rdev {
		d |= Device
	}
	if a.isRegular() && !a.Mtime.Equal(b.Mtime) {
		d |= Time
	}
	return d
}

// Entry is the new file as a fake root notes one, with the path from the root
// and without a count of links, as each link is a change of its own;
// without a new file it is the zero Entry.
func (c *Change) Entry() fakeroot.Entry {
	if c.New == nil {
		return fakeroot.Entry{}
	}
	return fakeroot.Entry{
		ID: c.New.id, Mode: c.New.Mode, UID: c.New.UID, GID: c.New.GID, Rdev: c.New.Rdev,
		Xattrs: c.New.Xattrs, Path: c.Path,
	}
}
