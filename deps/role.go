package deps

import (
	"github.com/catbox-go/catbox/internal/lazyregexp"
	"github.com/catbox-go/catbox/packages"
)

// role says for whom a package was used.
type role int

const (
	// direct: for the build itself.
	direct role = iota
	// needed: for a program of another package, which depends on it.
	needed
	// optional: for a program of another package, which recommends or suggests it; or for
	// any program there is.
	optional
)

// user is a program that uses a package.
type user struct {
	program *image
	pkg     *packages.Package
}

// builders run what the build itself asks for.
var builders = lazyregexp.New(`^((b|bsd|c|d|g|n|p|q)?make|ninja|samu|scons|waf|meson|muon|bazel|cargo|ant|mvn|gradle|rake|tup|redo)(-[0-9.]+)?$`)

// role looks up from a program that used a package to those that started it, until
// one that is the build's own: a script in the source, or what reads a Makefile. If one on the way
// is of a package that depends on what was used, it is not for the build to ask for it.
func (a *analysis) role(i *image, p *packages.Package) role {
	key := user{i.program(), p}
	r, known := a.roles[key]
	if !known {
		r = a.findRole(key)
		a.roles[key] = r
	}
	return r
}

func (a *analysis) findRole(u user) role {
	for program := u.program; program != nil; program = program.starter() {
		owners := a.owner(a.run.number(program.path))
		switch {
		case len(owners) == 0 || builders.MatchString(program.name) && owners[0] != u.pkg:
			return direct
		case owners[0] == u.pkg:
		case a.closure(owners[0])[u.pkg]:
			return needed
		case a.DB.Uses(owners[0], u.pkg):
			return optional
		}
	}
	return direct
}

func (a *analysis) closure(p *packages.Package) map[*packages.Package]bool {
	c := a.closures[p]
	if c == nil {
		c = a.DB.Closure(p)
		a.closures[p] = c
	}
	return c
}
