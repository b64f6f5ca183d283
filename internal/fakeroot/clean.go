package fakeroot

import (
	"fmt"
	"slices"
	"strings"
)

// Gone are entries that were dropped because their files are gone or replaced.
type Gone []Entry

// String is a line for people: how many, and the first names.
func (g Gone) String() string {
	const most = 5
	var names []string
	for _, e := range g[:min(len(g), most)] {
		names = append(names, printable(e.Path))
	}
	if len(g) > most {
		names = append(names, "...")
	}
	what := fmt.Sprintf("%d entries whose files are", len(g))
	if len(g) == 1 {
		what = "1 entry whose file is"
	}
	return fmt.Sprintf("dropped %s gone or replaced: %s", what, strings.Join(names, ", "))
}

// printable keeps a name on its line: a newline in it must not forge another.
func printable(path string) string {
	q := fmt.Sprintf("%q", path)
	if q == `"`+path+`"` {
		return path
	}
	return q
}

// Clean drops the entries of which no path leads to their inode any more, and
// returns them sorted by path. exists returns the inode that the entry's path has
// now, false if it has none; it is asked of each path of a file with hard links.
// An entry without a path is left, as is one of a file that had further names:
// it is dropped once its number is looked up and is another inode's.
func (s *State) Clean(exists func(Entry) (ID, bool)) (Gone, error) {
	var gone Gone
	for _, e := range s.Entries() {
		lost := lostNames(e, exists)
		drop := len(lost) > 0 && len(lost) == len(e.Names()) && !e.hasOthers()
		if err := s.forget(e.ID, lost, drop); err != nil {
			return gone, err
		}
		if drop {
			gone = append(gone, e)
		}
	}
	slices.SortFunc(gone, func(a, b Entry) int { return strings.Compare(a.Path, b.Path) })
	return gone, nil
}

// forget takes names from an entry, or all of it.
func (s *State) forget(id ID, names []string, all bool) error {
	switch {
	case all:
		return s.Delete(id)
	case len(names) == 0:
		return nil
	}
	return s.Update(id, func(e *Entry, _ bool) {
		for _, name := range names {
			e.RemoveName(name)
		}
	})
}

// lostNames are the paths that do not lead to the entry's inode.
func lostNames(e Entry, exists func(Entry) (ID, bool)) []string {
	var lost []string
	for _, name := range e.Names() {
		named := e
		if named.Path = name; !there(named, exists) {
			lost = append(lost, name)
		}
	}
	return lost
}

func there(e Entry, exists func(Entry) (ID, bool)) bool {
	id, ok := exists(e)
	return ok && id.inode() == e.inode() && id.same(e.ID)
}
