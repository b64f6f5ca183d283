package packages

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/catbox-go/catbox/packages/relation"
)

// ErrNone says that a root directory has no database of a package manager.
var ErrNone = errors.New("no database of dpkg, rpm or apk")

// DB is what is installed below a root directory. It does not change after Open,
// and can be used by several goroutines.
type DB struct {
	root    string
	formats []Format
	// arch is dpkg's native architecture, or what is most like it.
	arch     string
	packages []*Package
	named    map[string][]*Package // by Name
	provided map[string][]provision

	files        index
	directories  *directories
	alternatives map[string]alternative
	diverted     diversions
	children     func() map[string][]string     // by directory
	needs        func() map[*Package][]*Package // see Needs
}

// provision is a package with the version in which it provides something.
type provision struct {
	by      *Package
	version string
}

// load reads one database; without one its error is fs.ErrNotExist.
type load func(root string) (*loaded, error)

type loaded struct {
	arch         string
	packages     []*Package
	alternatives map[string]alternative
	diverted     diversions
}

var loads = []struct {
	format Format
	load   load
}{
	{Deb, loadDpkg},
	{RPM, loadRPM},
	{APK, loadAPK},
}

// Open reads the databases below root. It is an error if there is none ([ErrNone]),
// or if one cannot be read.
func Open(root string) (*DB, error) {
	db := &DB{root: filepath.Clean(root), named: map[string][]*Package{}, provided: map[string][]provision{}}
	if _, err := os.Stat(root); err != nil {
		return nil, err
	}
	for _, l := range loads {
		switch got, err := l.load(db.root); {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			return nil, fmt.Errorf("%s database: %w", l.format, err)
		default:
			db.add(l.format, got)
		}
	}
	if len(db.formats) == 0 {
		return nil, &fs.PathError{Op: "open", Path: root, Err: ErrNone}
	}
	slices.SortStableFunc(db.packages, compare)
	db.files = newIndex(db.packages)
	db.directories = newDirectories(db.root, db.packages)
	db.children = sync.OnceValue(func() map[string][]string { return children(db.packages) })
	db.needs = sync.OnceValue(db.allNeeds)
	return db, nil
}

func (db *DB) add(format Format, got *loaded) {
	db.formats = append(db.formats, format)
	if db.arch == "" {
		db.arch = got.arch
	}
	if db.alternatives == nil {
		db.alternatives = got.alternatives
	}
	if db.diverted == nil {
		db.diverted = got.diverted
	}
	db.packages = append(db.packages, got.packages...)
	for _, p := range got.packages {
		p.Format = format
		p.native = p.Format != Deb || p.Arch == "all" || p.Arch == got.arch
		db.named[p.Name] = append(db.named[p.Name], p)
		for _, r := range p.Provides {
			db.provided[r.Name] = append(db.provided[r.Name], provision{p, r.Version})
		}
	}
}

// Root is the directory that was given to Open.
func (db *DB) Root() string { return db.root }

// Formats are the package managers that have a database here.
func (db *DB) Formats() []Format { return db.formats }

// Arch is the architecture for which packages are built here, in the words of
// the first of Formats.
func (db *DB) Arch() string { return db.arch }

// Packages are all packages, by name.
func (db *DB) Packages() []*Package { return db.packages }

// Package returns the installed package of that name, which may be one with an
// architecture (libfoo:amd64), or nil. Of several that of the native architecture is taken.
func (db *DB) Package(name string) *Package {
	named := db.named[name]
	if named == nil {
		base, arch, ok := cutLast(name, ":")
		if !ok {
			return nil
		}
		named = slices.DeleteFunc(slices.Clone(db.named[base]), func(p *Package) bool { return !qualified(p, arch) })
	}
	if len(named) == 0 {
		return nil
	}
	if i := slices.IndexFunc(named, func(p *Package) bool { return p.native }); i >= 0 {
		return named[i]
	}
	return named[0]
}

// qualified tells whether p is what a name with :qualifier means.
func qualified(p *Package, qualifier string) bool {
	switch qualifier {
	case "", "any":
		return true
	case "native":
		return p.native
	}
	return p.Arch == qualifier || p.Arch == "all"
}

// Provides returns the packages that have that name, or say that they provide it.
func (db *DB) Provides(name string) []*Package {
	return db.Satisfying(relation.Relation{Name: name})
}

// Satisfying returns the packages that are what r asks for: those of that name first,
// then those that provide it. Versions are compared as Debian's; what rpm and apk ask for has
// none here.
func (db *DB) Satisfying(r relation.Relation) []*Package {
	var found []*Package
	add := func(p *Package) {
		if qualified(p, r.Qualifier) && !slices.Contains(found, p) {
			found = append(found, p)
		}
	}
	for _, p := range db.named[r.Name] {
		if p.Format != Deb || r.Satisfied(p.Version) {
			add(p)
		}
	}
	for _, s := range db.provided[r.Name] {
		if s.by.Format != Deb || r.Operator == "" || s.version != "" && r.Satisfied(s.version) {
			add(s.by)
		}
	}
	if len(found) == 0 && strings.HasPrefix(r.Name, "/") { // rpm and apk may ask for a file
		found = db.Owner(r.Name)
	}
	return found
}

func cutLast(s, sep string) (before, after string, ok bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}
