package deps

import (
	"maps"
	"slices"

	"github.com/catbox-go/catbox/packages"
)

// judgeUntouched looks at what was declared and not touched. Taking it away takes away
// what only it depends on; if something used is among that, it is needed for what it brings,
// as a package that only names the default version of another. A meta package is there for
// nothing else: it counts as used even if what it brings would come without it.
func (a *analysis) judgeUntouched(wanted map[*packages.Package][]*Entry) {
	roots := set{}
	for p := range wanted {
		roots[p] = true
	}
	together := set{}
	for _, d := range a.report.Packages {
		if d.Verdict != Unused {
			continue
		}
		alone := set{d.pkg: true}
		if d.Brings = names(a.brings(roots, d.pkg), nil); len(d.Brings) > 0 {
			d.Verdict = Brings
			continue
		}
		d.Goes = names(a.goes(roots, alone), alone)
		more := maps.Clone(together)
		more[d.pkg] = true
		if len(a.used(a.goes(roots, more))) == 0 {
			together = more
		}
	}
	a.removable(roots, together)
}

// removable says what can go in one go, and why the rest of the unused cannot go with it.
func (a *analysis) removable(roots, together set) {
	a.report.Removable = Removal{Packages: names(together, nil), Goes: names(a.goes(roots, together), together)}
	for _, d := range a.report.Packages {
		if d.Verdict != Unused {
			continue
		}
		d.Hide = a.hide(a.goes(roots, set{d.pkg: true}))
		if !together[d.pkg] {
			d.Or = a.instead(roots, together, d.pkg)
		}
	}
}

// instead are those of the set with which p cannot go.
func (a *analysis) instead(roots, together set, p *packages.Package) []string {
	with := set{}
	for other := range together {
		if len(a.used(a.goes(roots, set{p: true, other: true}))) > 0 {
			with[other] = true
		}
	}
	if len(with) == 0 { // only several at once
		with = together
	}
	return names(with, nil)
}

func (a *analysis) missed(p *packages.Package) bool {
	u := a.uses[p]
	return u != nil && u.missed
}

// goes returns the packages that are there for those of the set only.
func (a *analysis) goes(roots, without set) set {
	keep := slices.Collect(maps.Keys(a.base))
	for p := range roots {
		if !without[p] {
			keep = append(keep, p)
		}
	}
	kept := a.DB.Closure(keep...)
	gone := set{}
	for p := range a.DB.Closure(slices.Collect(maps.Keys(without))...) {
		if !kept[p] {
			gone[p] = true
		}
	}
	return gone
}

// brings are the used packages for which p is there.
func (a *analysis) brings(roots set, p *packages.Package) set {
	if !p.Meta() {
		return a.used(a.goes(roots, set{p: true}))
	}
	used := set{}
	for _, n := range a.DB.Needs(p) {
		switch {
		case a.base[n]:
		case a.missed(n):
			used[n] = true
		case n.Meta():
			maps.Copy(used, a.brings(roots, n))
		}
	}
	return used
}

// used are those of the packages that the build would miss.
func (a *analysis) used(all set) set {
	used := set{}
	for p := range all {
		if a.missed(p) {
			used[p] = true
		}
	}
	return used
}

// names are the packages' IDs, in order, without some.
func names(all, without set) []string {
	ids := []string{}
	for p := range all {
		if !without[p] {
			ids = append(ids, p.Label())
		}
	}
	slices.Sort(ids)
	return ids
}

// hide returns what a build that is to do without the packages must not see: their files, and not the
// directories, in which others have theirs.
func (a *analysis) hide(gone set) []string {
	hidden := []string{}
	for p := range gone {
		for _, path := range p.Paths() {
			if len(a.DB.Children(path)) == 0 && len(a.DB.Owner(path)) == 1 {
				hidden = append(hidden, path)
			}
		}
	}
	slices.Sort(hidden)
	return hidden
}
