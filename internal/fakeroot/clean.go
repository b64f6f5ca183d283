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

// Clean drops the entries whose path no longer leads to their inode, and returns
// them sorted by path. exists
// returns the inode that the entry's path has now, false if it has none. An
// entry without a path is left: it is dropped once its inode is looked up.
func (s *State) Clean(exists func(Entry) (ID, bool)) (Gone, error) {
	var gone Gone
	for _, e := range s.Entries() {
		if e.Path == "" || there(e, exists) {
			continue
		}
		if err := s.Delete(e.ID); err != nil {
			return gone, err
		}
		gone = append(gone, e)
	}
	slices.SortFunc(gone, func(a, b Entry) int { return strings.Compare(a.Path, b.Path) })
	return gone, nil
}

func there(e Entry, exists func(Entry) (ID, bool)) bool {
	id, ok := exists(e)
	return ok && id.inode() == e.inode() && id.same(e.ID)
}
