// Package packages answers, from the databases of package managers below a root
// directory, which package a file belongs to, and which packages that one needs.
//
// [Open] reads the databases of dpkg, rpm and apk, as many as there are. Paths
// are those of the root directory. A file is found under each of its names: with
// /bin being a link to usr/bin, as /bin/ls and as /usr/bin/ls; by its name before
// and after a diversion as dpkg-divert(1) has it; by a link that leads to it, such as those of
// update-alternatives(1).
//
// It writes nothing, and runs no program but [Contents], which has apt unpack
// its own lists.
package packages

import (
	"cmp"
	"slices"
	"strings"

	"github.com/catbox-go/catbox/packages/relation"
)

// Kept are the directories in which package managers keep what they know of packages.
var Kept = []string{
	"/var/lib/dpkg", "/var/lib/apt", "/var/cache/apt", "/var/lib/rpm", "/usr/lib/sysimage/rpm", "/lib/apk", "/usr/lib/apk", "/var/lib/pisi",
}

// Format is a package manager's.
type Format string

const (
	Deb Format = "deb"
	RPM Format = "rpm"
	APK Format = "apk"
)

// Package is an installed package.
type Package struct {
	Format Format
	Name   string
	// Arch is the architecture; "all" or "noarch" if it is for any.
	Arch, Version string
	// Source is the name of the source package from which it was made.
	Source string
	// Section and Priority are dpkg's.
	Section, Priority string
	// Essential: dpkg lets nothing depend on it, as it is always there.
	Essential bool
	// MultiArch is "same", "foreign", "allowed" or empty (deb-control(5)).
	MultiArch string
	// Depends is what it needs: dpkg's Depends and Pre-Depends, rpm's requires, apk's depend.
	Depends []relation.Clause
	// Weak is what it can do without: dpkg's Recommends and Suggests. Not known for rpm and apk.
	Weak []relation.Clause
	// Provides are the names besides its own under which it is found.
	Provides []relation.Relation

	native bool // of the architecture that packages are built for
	paths  []string
}

// ID is the name, with the architecture where more than one may be installed, as
// dpkg -S prints it.
func (p *Package) ID() string {
	if p.MultiArch == "same" || !p.native {
		return p.Name + ":" + p.Arch
	}
	return p.Name
}

// Label is the name, with the architecture only if it is not the one that packages
// are built for: what a list of dependencies says.
func (p *Package) Label() string {
	if p.native {
		return p.Name
	}
	return p.ID()
}

func (p *Package) String() string { return p.ID() }

// Paths are the files and directories of the package, where they are: a file that
// another package diverted has its new name. They are not to be changed.
func (p *Package) Paths() []string { return p.paths }

// anyArch tells that it serves packages of every architecture.
func (p *Package) anyArch() bool {
	return p.Arch == "all" || p.Arch == "noarch" || p.MultiArch == "foreign"
}

// documentation is what says nothing of what a package is for.
var documentation = []string{"/usr/share/doc/", "/usr/share/lintian/", "/usr/share/bug/", "/usr/share/licenses/"}

// Meta tells whether the package is there for what it depends on only: it has no
// files but documentation, or says so by its section.
func (p *Package) Meta() bool {
	if p.Section == "metapackages" || strings.HasSuffix(p.Section, "/metapackages") {
		return true
	}
	return len(p.Depends) > 0 && !slices.ContainsFunc(p.paths, func(path string) bool {
		within := func(dir string) bool { return strings.HasPrefix(path+"/", dir) || strings.HasPrefix(dir, path+"/") }
		return path != "/" && !slices.ContainsFunc(documentation, within)
	})
}

// compare is the order in which packages are listed.
func compare(a, b *Package) int {
	return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.Arch, b.Arch), strings.Compare(a.Version, b.Version))
}
