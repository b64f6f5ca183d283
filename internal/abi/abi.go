package abi

import (
	"slices"
	"strings"
	"sync"
)

// entry is a row as it is written in the table's files.
type entry struct {
	name  string
	args  [6]Role
	class Class
	note  string
}

// Row is what is known of a system call. Its arguments are those of amd64; where
// another architecture splits 64-bit numbers in two, only plain numbers move.
type Row struct {
	Name  string
	Args  [6]Role
	Class Class
	// Change is what a call of the class Write changes, 0 for the other classes.
	Change Change
	// Fake is what a fake root answers for itself.
	Fake Fake
	// Mark is what a call of the class Pass tells of the machine or the moment: Random,
	// Host or CPUs. "": nothing that makes a build come out different.
	Mark string
	// Note says why a call is refused, or what is odd about it. It is printed in the manual.
	Note string

	paths []PathArg
}

// PathArg is a path among the arguments.
type PathArg struct {
	// Dir is the index of the directory's descriptor, -1 if there is none: the
	// path starts at the current directory.
	Dir int
	// Path is the index of the pointer to the path.
	Path int
	Role Role
}

// Paths are the paths that the call looks up, in order. Do not modify.
func (r *Row) Paths() []PathArg { return r.paths }

// Arg is the index of the first argument with the role, -1 if there is none.
func (r *Row) Arg(role Role) int { return slices.Index(r.Args[:], role) }

func pathArgs(args [6]Role) []PathArg {
	var p []PathArg
	for i, r := range args {
		if !r.IsPath() {
			continue
		}
		dir := -1
		if i > 0 && args[i-1] == DirFD {
			dir = i - 1
		}
		p = append(p, PathArg{dir, i, r})
	}
	return p
}

// index is the table in the orders that it is asked for. It is made when first
// asked for, because every start of the child pays for what is made at init.
type index struct {
	rows   []*Row
	byName map[string]*Row
	byNr   [arches][]*Row
}

var table = sync.OnceValue(newIndex)

func newIndex() *index {
	x := &index{byName: make(map[string]*Row, len(numbers))}
	for _, family := range families {
		for _, e := range family {
			x.add(Row{Name: e.name, Args: e.args, Class: e.class, Note: e.note})
		}
	}
	for _, w := range writes {
		x.add(Row{Name: w.name, Args: w.args, Class: Write, Change: w.change, Note: w.note})
	}
	for _, f := range fakes {
		x.add(Row{Name: f.name, Args: f.args, Class: f.class, Fake: f.fake, Note: f.note})
	}
	for _, m := range marks {
		x.add(Row{Name: m.name, Args: m.args, Class: Pass, Mark: m.mark, Note: m.note})
	}
	for _, n := range numbers {
		for a, nr := range n.nr {
			x.number(a, nr, x.byName[n.name])
		}
	}
	return x
}

func (x *index) add(r Row) {
	r.paths = pathArgs(r.Args)
	x.rows = append(x.rows, &r)
	x.byName[r.Name] = &r
}

func (x *index) number(a int, nr int16, r *Row) {
	if nr < 0 {
		return
	}
	if missing := int(nr) + 1 - len(x.byNr[a]); missing > 0 {
		x.byNr[a] = append(x.byNr[a], make([]*Row, missing)...)
	}
	x.byNr[a][nr] = r
}

// Table lists all rows. Do not modify.
func Table() []*Row { return table().rows }

// ByName finds a row by the name of the system call.
func ByName(name string) (*Row, bool) {
	r, ok := table().byName[name]
	return r, ok
}

// Lookup finds a row by number. A number that is not found must be refused.
func Lookup(a Arch, nr int) (*Row, bool) {
	if int(a) >= arches {
		return nil, false
	}
	rows := table().byNr[a]
	if nr < 0 || nr >= len(rows) || rows[nr] == nil {
		return nil, false
	}
	return rows[nr], true
}

// Number is the number of a system call, if the architecture has it.
func Number(a Arch, name string) (int, bool) {
	i, ok := slices.BinarySearchFunc(numbers[:], name, compareName)
	if !ok || int(a) >= arches || numbers[i].nr[a] < 0 {
		return -1, false
	}
	return int(numbers[i].nr[a]), true
}

// Last is the highest number of the architecture.
func Last(a Arch) int { return len(table().byNr[a]) - 1 }

// numberRow holds the numbers of a system call in the order of Arch.
type numberRow struct {
	name string
	nr   [arches]int16
}

func compareName(n numberRow, name string) int { return strings.Compare(n.name, name) }
