package deps

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/catbox-go/catbox/internal/paths"
	"github.com/catbox-go/catbox/packages"
)

// trials are the packages to look at, and what is hidden for each.
func (r *Report) trials(how Verifier) ([]*Trial, error) {
	a := r.analysis
	roots := a.roots()
	if len(how.Packages) > 0 {
		return a.namedTrials(how, roots)
	}
	trials := a.declaredTrials(how, roots)
	if !how.Undeclared {
		return trials, nil
	}
	for _, d := range r.Packages {
		if d.Verdict == Undeclared {
			trials = append(trials, a.hidingTrial(d.pkg, how, roots))
		}
	}
	return trials, nil
}

// declaredTrials are those of what is declared.
func (a *analysis) declaredTrials(how Verifier, roots set) []*Trial {
	var trials []*Trial
	for _, p := range slices.SortedFunc(maps.Keys(roots), byLabel) {
		t := a.trial(p, roots)
		switch {
		case a.base[p]:
			t.Proof = ProofBase
		case len(t.Stays) > 0:
			t.Proof = ProofStays
		default:
			a.hideFor(t, p, roots, how.Closure)
		}
		trials = append(trials, t)
	}
	return trials
}

// namedTrials are those of the packages that were asked for.
func (a *analysis) namedTrials(how Verifier, roots set) ([]*Trial, error) {
	var trials []*Trial
	for _, name := range how.Packages {
		p := a.DB.Package(name)
		if p == nil {
			return nil, fmt.Errorf("the package %s is not installed", name)
		}
		trials = append(trials, a.hidingTrial(p, how, roots))
	}
	return trials, nil
}

// hidingTrial hides the package, whatever depends on it.
func (a *analysis) hidingTrial(p *packages.Package, how Verifier, roots set) *Trial {
	t := a.trial(p, roots)
	a.hideFor(t, p, roots, how.Closure)
	return t
}

// roots are the packages that are declared.
func (a *analysis) roots() set {
	roots := set{}
	for _, e := range a.report.Entries {
		if p := a.credited(e); p != nil {
			roots[p] = true
		}
	}
	return roots
}

func (a *analysis) trial(p *packages.Package, roots set) *Trial {
	t := &Trial{Name: p.Label()}
	for _, d := range a.report.Packages {
		if d.pkg == p {
			t.Declared, t.Said = d.Declared, d.Verdict
		}
	}
	for other := range roots {
		if other != p && a.closure(other)[p] {
			t.Stays = append(t.Stays, other.Label())
		}
	}
	slices.Sort(t.Stays)
	return t
}

// hideFor finds what is not there without the package. Of a meta package nothing would be hidden
// but documentation: what it is there for is what it brings.
func (a *analysis) hideFor(t *Trial, p *packages.Package, roots set, closure bool) {
	gone := set{p: true}
	if closure || p.Meta() {
		maps.Copy(gone, a.goes(roots, set{p: true}))
		t.With = names(gone, set{p: true})
	}
	h := hiding{a.DB, gone, map[string]bool{}}
	for q := range gone {
		for _, path := range q.Paths() {
			if h.whole(path) {
				t.Hidden = append(t.Hidden, path)
			}
		}
	}
	links, notes := h.alternatives()
	t.Hidden = paths.Topmost(append(t.Hidden, links...))
	t.Notes = append(notes, h.diversions()...)
}

// hiding finds what a machine without some packages does not have.
type hiding struct {
	db    *packages.DB
	gone  set
	known map[string]bool // see whole
}

// whole tells that the file, or the directory with all that is in it, is of the packages that
// are gone. A directory in which something is of nobody's stays: it could be a person's.
func (h *hiding) whole(path string) bool {
	whole, known := h.known[path]
	if known {
		return whole
	}
	whole = h.ours(path)
	h.known[path] = whole // "/" is in "/", and a directory may be in itself by a link
	whole = whole && !slices.ContainsFunc(h.within(path), func(child string) bool { return !h.whole(child) })
	h.known[path] = whole
	return whole
}

// within is what packages have in a directory, and what else there is, but for what python
// makes of its files.
func (h *hiding) within(dir string) []string {
	all := h.db.Children(dir)
	entries, _ := os.ReadDir(dir) // what is not there, or a file, has nothing in it
	for _, e := range entries {
		if path := filepath.Join(dir, e.Name()); e.Name() != "__pycache__" && !slices.Contains(all, path) {
			all = append(all, path)
		}
	}
	return all
}

// ours tells that the path is of none but the packages that are gone.
func (h *hiding) ours(path string) bool {
	owners := h.db.Owner(path)
	return len(owners) > 0 && !slices.ContainsFunc(owners, func(p *packages.Package) bool { return !h.gone[p] })
}

// alternatives are the links that lead to what is gone. Where another package has a
// file for the link, it would lead there, which hiding cannot show.
func (h *hiding) alternatives() (links, notes []string) {
	for _, alternative := range h.db.Alternatives() {
		if !h.ours(alternative.Link) || h.listed(alternative.Link) {
			continue
		}
		links = append(links, alternative.Link)
		if alternative.Name != "" {
			links = append(links, alternative.Name)
		}
		for _, file := range alternative.Files {
			if owners := h.db.Owner(file); len(owners) > 0 && !h.gone[owners[0]] {
				notes = append(notes, fmt.Sprintf("%s would lead to %s instead", alternative.Link, file))
				break
			}
		}
	}
	return links, notes
}

// listed tells that a package has the path by itself.
func (h *hiding) listed(path string) bool {
	for p := range h.gone {
		if slices.Contains(p.Paths(), path) {
			return true
		}
	}
	return false
}

// diversions tells what would be back in its place. The file is there under the name that
// it was given, and hiding cannot rename it.
func (h *hiding) diversions() []string {
	var notes []string
	for _, d := range h.db.Diversions() {
		by := h.db.Package(d.By)
		if by != nil && h.gone[by] {
			notes = append(notes, fmt.Sprintf("%s, which it diverts, would be back as %s", d.To, filepath.Base(d.From)))
		}
	}
	slices.Sort(notes)
	return notes
}
