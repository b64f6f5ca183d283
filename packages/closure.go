package packages

import (
	"slices"

	"github.com/catbox-go/catbox/packages/relation"
)

// Needs returns the installed packages that p depends on directly: of
// alternatives the first that is there, of those that provide a name the first.
func (db *DB) Needs(p *Package) []*Package { return db.needs()[p] }

func (db *DB) allNeeds() map[*Package][]*Package {
	all := make(map[*Package][]*Package, len(db.packages))
	for _, p := range db.packages {
		all[p] = db.findNeeds(p)
	}
	return all
}

func (db *DB) findNeeds(p *Package) []*Package {
	var needed []*Package
	for _, c := range p.Depends {
		if n := db.Choose(c, p); n != nil && n != p && !slices.Contains(needed, n) {
			needed = append(needed, n)
		}
	}
	return needed
}

// Choose returns the installed package that fulfils the clause for the package of, which may be
// nil, or nil if there is none. A package of the same architecture as of goes before others.
func (db *DB) Choose(c relation.Clause, of *Package) *Package {
	for _, r := range c {
		found := db.Satisfying(r)
		if i := slices.IndexFunc(found, func(p *Package) bool { return suits(p, of) }); i >= 0 {
			return found[i]
		}
		if len(found) > 0 {
			return found[0]
		}
	}
	return nil
}

func suits(p, of *Package) bool {
	if of == nil || of.Arch == "all" {
		return p.native || p.anyArch()
	}
	return p.anyArch() || p.Arch == of.Arch
}

// Uses tells that p works better with the package, as it or one that it needs directly
// recommends or suggests it.
func (db *DB) Uses(p, other *Package) bool {
	for _, q := range append([]*Package{p}, db.Needs(p)...) {
		for _, c := range q.Weak {
			for _, r := range c {
				if r.Name == other.Name || slices.ContainsFunc(other.Provides, func(o relation.Relation) bool { return o.Name == r.Name }) {
					return true
				}
			}
		}
	}
	return false
}

// Closure returns the packages and all that they depend on.
func (db *DB) Closure(from ...*Package) map[*Package]bool {
	closure := map[*Package]bool{}
	for pending := slices.Clone(from); len(pending) > 0; {
		p := pending[len(pending)-1]
		pending = pending[:len(pending)-1]
		if p != nil && !closure[p] {
			closure[p] = true
			pending = append(pending, db.Needs(p)...)
		}
	}
	return closure
}

// base names what every build may use without saying so. For dpkg, with what is
// Essential: build-essential (Debian policy 4.2); for rpm the group "build" from which
// Fedora's build roots are made (comps.xml); for apk what abuild(1) adds by itself.
var base = map[Format][]string{
	Deb: {"build-essential"},
	RPM: {
		"bash", "bzip2", "coreutils", "cpio", "diffutils", "fedora-release-common", "findutils", "gawk", "glibc-minimal-langpack",
		"grep", "gzip", "info", "patch", "redhat-rpm-config", "rpm-build", "sed", "tar", "unzip", "util-linux", "which", "xz",
	},
	APK: {"alpine-base", "alpine-baselayout", "apk-tools", "build-base", "busybox", "fakeroot", "musl"},
}

// Base returns what every build may use without saying so, with all that it depends on.
func (db *DB) Base() map[*Package]bool {
	var from []*Package
	for _, p := range db.packages {
		if p.Essential {
			from = append(from, p)
		}
	}
	for _, format := range db.formats {
		for _, name := range base[format] {
			from = append(from, db.Package(name))
		}
	}
	return db.Closure(from...)
}
