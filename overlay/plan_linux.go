package overlay

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"path"
	"strings"

	"github.com/catbox-go/catbox/record"
)

// action is what is done to a path of the root.
type action string

const (
	add     action = "add"     // nothing is there
	replace action = "replace" // what is there is exchanged
	remove  action = "remove"
	attrs   action = "attrs" // mode, owner and attributes of a directory that stays
)

// operation is a step of a commit. What is added or replaced as a directory,
// and what is removed as one, is one step.
type operation struct {
	Do   action `json:"do"`
	Path text   `json:"path"`
	// Temp is the name beside Path of what is new, and then of what was there.
	Temp text `json:"temp,omitempty"`
	// Ino is the inode that was there, New the one that is new, 0 until it is made.
	Ino uint64 `json:"ino,omitempty"`
	New uint64 `json:"-"`
	// Links are the inodes that were there and have other names too.
	Links []uint64 `json:"links,omitempty"`
	// Whole says that nothing of the path was left out.
	Whole bool `json:"whole,omitempty"`
	// Share says that the root may have got the overlay's own files, which it loses.
	Share bool `json:"share,omitempty"`
	// Was and Want are the attributes of a directory that stays.
	Was  *attributes `json:"was,omitempty"`
	Want *attributes `json:"want,omitempty"`

	tree []Change // what is made, Path first
}

// attributes are what can be set of a directory that stays.
type attributes struct {
	Mode uint32 `json:"mode"`
	UID  uint32 `json:"uid"`
	GID  uint32 `json:"gid"`
	// Implied is of an owner that nobody asked for, see [Stat].
	Implied bool            `json:"implied,omitempty"`
	Xattrs  map[text][]byte `json:"xattrs,omitempty"`
}

func attributesOf(st *Stat) *attributes {
	a := &attributes{Mode: st.Mode, UID: st.UID, GID: st.GID, Implied: st.implied, Xattrs: map[text][]byte{}}
	for name, value := range st.Xattrs {
		a.Xattrs[text(name)] = value
	}
	return a
}

func (a *attributes) stat() *Stat {
	st := &Stat{Mode: a.Mode, UID: a.UID, GID: a.GID, implied: a.Implied, Xattrs: map[string][]byte{}}
	for name, value := range a.Xattrs {
		st.Xattrs[string(name)] = value
	}
	return st
}

func (op *operation) temp() string { return join(path.Dir(string(op.Path)), string(op.Temp)) }

// covers tells whether the step is what was done to a path.
func (op *operation) covers(p string) bool {
	return p == string(op.Path) || op.Do != attrs && strings.HasPrefix(p, string(op.Path)+"/")
}

// ConflictError are the files that changed below the overlay since a command
// used them. Nothing was committed.
type ConflictError struct {
	Changes []Change
}

func (e *ConflictError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d files changed outside the overlay; nothing is committed", len(e.Changes))
	if len(e.Changes) == 1 {
		b.Reset()
		b.WriteString("1 file changed outside the overlay; nothing is committed")
	}
	for _, c := range e.Changes {
		fmt.Fprintf(&b, "\n  %s %s", record.Quote(c.Path), c.Conflict)
	}
	return b.String()
}

// choose returns the changes that patterns select. A new directory is selected
// with what is in it.
func (o *Overlay) choose(ctx context.Context, selected selection) ([]Change, error) {
	var all []Change
	for c, err := range o.Changes(ListOptions{}) {
		if err = cmp.Or(err, ctx.Err()); err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	wanted := withParents(all, selected)
	var chosen []Change
	for i, c := range all {
		if wanted[i] {
			chosen = append(chosen, c)
		}
	}
	return chosen, selected.unused(all)
}

func withParents(all []Change, selected selection) []bool {
	wanted := make([]bool, len(all))
	at := map[string]int{}
	for i, c := range all {
		at[c.Path] = i
		wanted[i] = selected.match(c.Path)
		for p := parent(c.Path); wanted[i] && c.New != nil; p = parent(p) {
			j, changed := at[p]
			if !changed || all[j].Kind == Modified || wanted[j] {
				break
			}
			wanted[j] = true
		}
	}
	return wanted
}

// unused is an error for a pattern that selects nothing: a mistake.
func (s selection) unused(all []Change) error {
	for i, p := range s {
		used := false
		for _, c := range all {
			used = used || s[i:i+1].match(c.Path)
		}
		if !used {
			return fmt.Errorf("no change matches %s", record.Quote(p))
		}
	}
	return nil
}

func conflicts(changes []Change) error {
	var e ConflictError
	for _, c := range changes {
		if c.Conflict != "" {
			e.Changes = append(e.Changes, c)
		}
	}
	if e.Changes == nil {
		return nil
	}
	return &e
}

// plan makes steps of changes, which are in the order of paths. A directory
// that lets its owner write only afterwards comes first, one that does no
// longer comes last.
func plan(changes []Change, selected selection) []*operation {
	id := make([]byte, 4)
	rand.Read(id) // never fails
	var first, middle, last []*operation
	var top *operation
	for i, c := range changes {
		if top != nil && top.covers(c.Path) {
			top.links(c.Old)
			if c.New != nil {
				top.tree = append(top.tree, c)
			}
			continue
		}
		op := newOperation(c, fmt.Sprintf(".catbox-%s-%d", hex.EncodeToString(id), i))
		op.Whole = op.Do != attrs && selected.match(c.Path)
		switch {
		case op.Do != attrs:
			middle, top = append(middle, op), op
		case c.New.Mode&0o200 != 0:
			first = append(first, op)
		default:
			last = append(last, op)
		}
	}
	return append(append(first, middle...), last...)
}

// links notes a file whose other names get a new ctime.
func (op *operation) links(st *Stat) {
	if st != nil && !st.IsDir() && st.Nlink > 1 {
		op.Links = append(op.Links, st.id.Ino)
	}
}

func newOperation(c Change, temp string) *operation {
	op := &operation{Path: text(c.Path), Temp: text(temp)}
	if c.Old != nil {
		op.Ino = c.Old.id.Ino
	}
	op.links(c.Old)
	switch {
	case c.Kind == Removed:
		op.Do = remove
	case c.Kind == Added:
		op.Do, op.tree = add, []Change{c}
	case c.Kind == Modified && c.New.IsDir():
		op.Do, op.Was, op.Want, op.Temp = attrs, attributesOf(c.Old), attributesOf(c.New), ""
	default:
		op.Do, op.tree = replace, []Change{c}
	}
	return op
}
