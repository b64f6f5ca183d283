package deps

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/catbox-go/catbox/packages"
)

type set = map[*packages.Package]bool

func (a *analysis) note(format string, args ...any) {
	if text := fmt.Sprintf(format, args...); !slices.Contains(a.report.Notes, text) {
		a.report.Notes = append(a.report.Notes, text)
	}
}

// judge gives each package that was used or declared its verdict.
func (a *analysis) judge() {
	wanted := map[*packages.Package][]*Entry{}
	for _, e := range a.report.Entries {
		if p := a.credited(e); p != nil {
			wanted[p] = append(wanted[p], e)
		}
	}
	all := set{}
	for p := range a.uses {
		all[p] = true
	}
	for p := range wanted {
		all[p] = true
	}
	for p := range all {
		a.report.Packages = append(a.report.Packages, a.describe(p, wanted[p]))
	}
	slices.SortFunc(a.report.Packages, func(x, y *Package) int { return strings.Compare(x.Name, y.Name) })
	a.judgeUntouched(wanted)
	a.judgeUndeclared(wanted)
	for _, p := range a.report.Packages {
		for _, e := range wanted[p.pkg] {
			e.State = p.state()
		}
	}
}

// describe gives the verdict that comes from the package alone.
func (a *analysis) describe(p *packages.Package, entries []*Entry) *Package {
	d := &Package{Name: p.Label(), Version: p.Version, Source: p.Source, Base: a.base[p], Sure: a.sure(p), pkg: p}
	for _, e := range entries {
		d.Declared = append(d.Declared, e.Text)
	}
	if u := a.uses[p]; u != nil {
		d.Direct, d.Uses = u.direct, u.list()
		d.Why = best(d.Uses)
	}
	switch {
	case d.Base:
		d.Verdict = Base
	case len(entries) == 0:
		d.Verdict = Indirect // until it is found to be Undeclared
	case d.Sure >= Probed:
		d.Verdict = Used
	default:
		d.Verdict = Unused // until it is found to be Brings
	}
	return d
}

func (d *Package) state() State {
	switch {
	case d.Verdict == Used && d.Sure == Probed:
		return StateProbed
	case d.Verdict == Undeclared || d.Verdict == Indirect: // not of an entry
		return StateMissing
	}
	return State(d.Verdict)
}

// list is a row a path: first what the build itself did, the surest before the others.
func (u *usage) list() []*Use {
	var all []*Use
	for path, p := range u.paths {
		all = append(all, p.describe(path))
	}
	slices.SortFunc(all, func(x, y *Use) int {
		switch {
		case x.Direct != y.Direct:
			return ordered(x.Direct)
		case x.Sure != y.Sure:
			return int(y.Sure - x.Sure)
		case x.Objects != y.Objects:
			return y.Objects - x.Objects
		case x.Processes != y.Processes:
			return y.Processes - x.Processes
		}
		return strings.Compare(x.Path, y.Path)
	})
	return all
}

// ordered has what is true come first.
func ordered(first bool) int {
	if first {
		return -1
	}
	return 1
}

func (p *pathUse) describe(path string) *Use {
	u := &Use{Path: path, Sure: p.sure, Direct: p.direct}
	images, objects := map[*image]bool{}, map[string]bool{}
	for _, i := range p.images {
		if images[i] {
			continue
		}
		images[i] = true
		made := i.made()
		if u.Chain == nil || len(made) > 0 && len(objects) == 0 {
			u.Chain = i.who(path)
		}
		for _, o := range made {
			objects[o] = true
		}
	}
	u.Processes, u.Objects = len(images), len(objects)
	return u
}

func best(uses []*Use) *Use {
	if len(uses) == 0 {
		return nil
	}
	return uses[0]
}

// judgeUndeclared finds what was used by the build itself and not asked for, and
// through which of the declared packages it came.
func (a *analysis) judgeUndeclared(wanted map[*packages.Package][]*Entry) {
	declared := slices.SortedFunc(maps.Keys(wanted), byLabel)
	brought := map[string]bool{} // and asked for in that way
	for _, d := range a.report.Packages {
		for _, name := range d.Brings {
			brought[name] = true
		}
	}
	for _, d := range a.report.Packages {
		if d.Verdict != Indirect {
			continue
		}
		own := false // it is the other half of a declared one, as libfoo1 of libfoo-dev
		for _, w := range declared {
			if a.closure(w)[d.pkg] {
				d.Through = append(d.Through, w.Label())
				own = own || w.Source == d.Source
			}
		}
		if d.Direct && d.Sure >= Executed && !own && !brought[d.Name] {
			d.Verdict, d.needs = Undeclared, a.closure(d.pkg)
		}
	}
}

func byLabel(x, y *packages.Package) int { return strings.Compare(x.Label(), y.Label()) }
