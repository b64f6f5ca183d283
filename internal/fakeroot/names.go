package fakeroot

import "slices"

// Names are the paths under which the file was seen, [Entry.Path] first; nil if
// none is known.
func (e Entry) Names() []string {
	if e.Path == "" {
		return nil
	}
	return append([]string{e.Path}, e.Links...)
}

// SetNames has the file be known under these paths only.
func (e *Entry) SetNames(names []string) {
	e.Path, e.Links = "", nil
	for _, name := range names {
		e.AddName(name)
	}
}

// AddName notes a path of the file, beside those that are known.
func (e *Entry) AddName(name string) {
	switch {
	case name == "" || name == e.Path:
	case e.Path == "":
		e.Path = name
	default:
		if at, known := slices.BinarySearch(e.Links, name); !known {
			e.Links = slices.Insert(slices.Clone(e.Links), at, name)
		}
	}
}

// RemoveName notes that a path does not lead to the file any more. Another one
// takes the place of [Entry.Path]; with none that is known that is "".
func (e *Entry) RemoveName(name string) {
	e.SetNames(slices.DeleteFunc(e.Names(), func(n string) bool { return n == name }))
}

// Rename notes that a file is now at another path. What has one name only is there.
func (e *Entry) Rename(from, to string) {
	if e.Nlink <= 1 || e.Mode&typeMask == typeDir {
		e.SetNames([]string{to})
		return
	}
	names := slices.DeleteFunc(e.Names(), func(n string) bool { return n == from || n == to })
	e.SetNames(append([]string{to}, names...))
}

// hasOthers tells whether the file may have names that are not known. Without a
// birth time a file of the same number would be taken for it.
func (e Entry) hasOthers() bool {
	return e.Birth != 0 && e.Mode&typeMask != typeDir && int(e.Nlink) > len(e.Names())
}
