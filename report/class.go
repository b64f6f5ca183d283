package report

import (
	"slices"

	"github.com/catbox-go/catbox/record"
)

// Class is a [record.Class] as its index in Classes.
type Class uint8

// Classes are in the order in which they say most about an input: the content was
// read, it was executed, it was only looked at. What follows changes files, and
// what is not there.
var Classes = []record.Class{
	record.ClassRead, record.ClassExecute, record.ClassProbe, record.ClassEnumerate, record.ClassSymlink,
	record.ClassWrite, record.ClassCreate, record.ClassDelete, record.ClassRename, record.ClassLink, record.ClassMetadata,
	record.ClassAbsent,
}

// Indexes in Classes.
const (
	Read Class = iota
	Execute
	Probe
	Enumerate
	Symlink
	Write
	Create
	Delete
	Rename
	Link
	Metadata
	Absent
)

// String is the class's name on the wire.
func (c Class) String() string { return string(Classes[c]) }

// uses tells that the access looks at its path without changing anything.
func (c Class) uses() bool { return c <= Symlink }

func classOf(c record.Class) (Class, bool) {
	i := slices.Index(Classes, c)
	return Class(max(i, 0)), i >= 0
}

// Mark is what makes a build depend on when and where it ran, as its index in Marks.
type Mark uint8

// Marks are the values of Mark in a record, of an access or a call.
var Marks = []string{"", "time", "random", "host", "cpus"}

// String is the mark's name on the wire.
func (m Mark) String() string { return Marks[m] }

func markOf(name string) Mark { return Mark(max(slices.Index(Marks, name), 0)) }
