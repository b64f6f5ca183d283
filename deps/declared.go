package deps

import (
	"slices"

	"github.com/catbox-go/catbox/packages"
	"github.com/catbox-go/catbox/packages/declared"
	"github.com/catbox-go/catbox/packages/relation"
)

// resolveDeclared finds the installed packages that fulfil what was declared.
func (a *analysis) resolveDeclared() {
	if a.Declared == nil {
		return
	}
	a.report.Declared, a.report.declared = a.Declared.Path, a.Declared.Format
	a.report.Notes = append(a.report.Notes, a.Declared.Notes...)
	for _, d := range a.Declared.Entries {
		e := a.entry(d)
		for _, p := range e.any {
			e.Packages = append(e.Packages, p.Label())
		}
		a.report.Entries = append(a.report.Entries, e)
	}
}

func (a *analysis) entry(d declared.Entry) *Entry {
	e := &Entry{Field: d.Field, Text: d.Text, Packages: []string{}, declared: d, State: StateSkipped}
	var holds relation.Clause
	for _, r := range d.Clause {
		if r.Applies(a.DB.Arch(), a.Profiles) {
			holds = append(holds, r)
		}
	}
	if len(holds) == 0 {
		return e
	}
	e.State, e.active = StateMissing, true
	e.chosen = a.DB.Choose(holds, nil)
	if e.chosen == nil {
		holds = unversioned(holds)
		if e.chosen = a.DB.Choose(holds, nil); e.chosen != nil {
			a.note("%s: %s %s is installed", d.Text, e.chosen.Label(), e.chosen.Version)
		}
	}
	e.any = a.candidates(holds)
	return e
}

// candidates are the packages any of which does for the clause: that of the name, or if there is
// none those that provide it.
func (a *analysis) candidates(c relation.Clause) []*packages.Package {
	var all []*packages.Package
	for _, r := range c {
		found := a.DB.Satisfying(r)
		if i := slices.IndexFunc(found, func(p *packages.Package) bool { return p.Name == r.Name }); i >= 0 {
			found = []*packages.Package{a.DB.Choose(relation.Clause{r}, nil)}
		}
		for _, p := range found {
			if !slices.Contains(all, p) {
				all = append(all, p)
			}
		}
	}
	return all
}

func unversioned(c relation.Clause) relation.Clause {
	c = slices.Clone(c)
	for i := range c {
		c[i].Operator, c[i].Version = "", ""
	}
	return c
}

// credited is the package of an entry that was used most; several may be installed of which
// one would do.
func (a *analysis) credited(e *Entry) *packages.Package {
	best := e.chosen
	for _, p := range e.any {
		if a.sure(p) > a.sure(best) {
			best = p
		}
	}
	return best
}

func (a *analysis) sure(p *packages.Package) Level {
	if u := a.uses[p]; u != nil {
		return u.sure
	}
	return Never
}
