package deps

import (
	"errors"
	"path/filepath"
	"slices"
	"strings"

	"github.com/catbox-go/catbox/internal/lazyregexp"
	"github.com/catbox-go/catbox/internal/paths"
	"github.com/catbox-go/catbox/packages"
	"github.com/catbox-go/catbox/record"
)

// kinds are what a build looks for by name. The first group of the expression is the name.
// Who else looks than what belongs to no package has to be called as by says, where
// that is not nil: perl programs look for modules that they can do without.
var kinds = []struct {
	kind string
	path *lazyregexp.Regexp
	by   *lazyregexp.Regexp
}{
	{"header", lazyregexp.New(`/include/(?:c\+\+/[0-9.]+/|[a-z0-9_]+-linux-[a-z0-9]+/)*(.+\.(?:h|hh|hpp|hxx))$`), compilers},
	{"pkg-config file", lazyregexp.New(`/pkgconfig/([^/]+)\.pc$`), lazyregexp.New(`pkg-?conf(ig)?$`)},
	{"CMake package", lazyregexp.New(`/([^/]+(?:Config|-config)\.cmake)$`), lazyregexp.New(`^cmake`)},
	{"library", lazyregexp.New(`/(lib[^/]+\.(?:so|a))$`), lazyregexp.New(`(^|[-.])(ld|collect2|gold|lld|mold)([-.]|$)`)},
	{"program", lazyregexp.New(`/(?:s?bin|games)/([^/]+)$`), starters},
	{"m4 file", lazyregexp.New(`/aclocal[^/]*/([^/]+\.m4)$`), nil},
	{"Perl module", lazyregexp.New(`/perl[^/]*/(?:.*/)?([A-Z][^/]*\.pm)$`), lazyregexp.New(`^perl`)},
}

var compilers = lazyregexp.New(`(^|-)(cc1(plus|obj|objplus)?|cpp|f951|gnat1|cc|c\+\+|gcc|g\+\+|clang|clang\+\+|rcc|moc|swig)(-[0-9.]+)?$`)

// starters run whatever others ask for.
var starters = lazyregexp.New(builders.String() + `|` + interpreters.String() + `|^(env|which.*|xargs|find|time|nice|nohup|setsid|git)$`)

// system are the directories that belong to packages.
var system = []string{"/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/opt", "/etc"}

// never are names of which nobody expects that they are there: autoconf's test for
// what the preprocessor says of a missing header, and what it asks about the platform for config.log.
var never = []string{"ac_nonexistent.h", "hostinfo", "machine", "oslevel", "universe", "cygpath", "scoinst"}

// findAbsent groups what was looked for, by name. What was found in another place, or made, by
// anybody in the run, was a search with success; so was one for gsed that found sed.
func (a *analysis) findAbsent() error {
	found := a.foundNames()
	groups := map[[2]string]*Absent{}
	for _, x := range a.run.accesses {
		path := a.run.paths[x.path]
		if x.class != record.ClassAbsent || !paths.UnderAny(path, system) || paths.Under(path, a.run.dir) {
			continue
		}
		kind, name := kindOf(path)
		if kind == "" || !a.looksFor(kind, x.image) || found[sought(path)] || found[strings.TrimPrefix(name, "g")] || slices.Contains(never, name) {
			continue
		}
		g := groups[[2]string{kind, name}]
		if g == nil {
			g = &Absent{Kind: kind, Name: name, Chain: x.image.chain()}
			groups[[2]string{kind, name}] = g
		}
		if !slices.Contains(g.Paths, path) {
			g.Paths = append(g.Paths, path)
		}
	}
	for _, g := range groups {
		slices.Sort(g.Paths)
		a.report.Absent = append(a.report.Absent, *g)
	}
	slices.SortFunc(a.report.Absent, func(x, y Absent) int {
		return strings.Compare(x.Kind+"\x00"+x.Name, y.Kind+"\x00"+y.Name)
	})
	return a.whoHas()
}

var libraryName = lazyregexp.New(`^(lib.+?)\.(?:so|a)(?:\.[0-9.]+)?$`)

// sought is what a search was for: -lz is content with libz.a, if there is no libz.so.
func sought(path string) string {
	base := filepath.Base(path)
	if m := libraryName.FindStringSubmatch(base); m != nil {
		return m[1] + ".so"
	}
	return base
}

func kindOf(path string) (kind, name string) {
	for _, k := range kinds {
		if m := k.path.FindStringSubmatch(path); m != nil {
			return k.kind, m[1]
		}
	}
	return "", ""
}

// looksFor tells that it means something if this program looks for that.
func (a *analysis) looksFor(kind string, i *image) bool {
	program := i.program()
	for _, k := range kinds {
		if k.kind == kind && k.by != nil && !k.by.MatchString(program.name) {
			return len(a.owner(a.run.number(program.path))) == 0
		}
	}
	return true
}

// foundNames are the names of all that the run found or made.
func (a *analysis) foundNames() map[string]bool {
	found := map[string]bool{}
	for _, x := range a.run.accesses {
		if x.class != record.ClassAbsent {
			found[sought(a.run.paths[x.path])] = true
		}
	}
	for path := range a.run.made {
		found[sought(path)] = true
	}
	for _, i := range a.run.images {
		found[sought(i.path)] = true
	}
	return found
}

// whoHas looks in the lists of what is installed, and of what is not if there are such.
func (a *analysis) whoHas() error {
	if len(a.report.Absent) == 0 {
		return nil
	}
	elsewhere := a.elsewhere()
	var looked []string
	for i := range a.report.Absent {
		g := &a.report.Absent[i]
		g.Elsewhere = elsewhere[filepath.Base(g.Paths[0])]
		looked = append(looked, g.Paths...)
	}
	contents, err := a.contents(looked)
	if err != nil {
		return err
	}
	for i := range a.report.Absent {
		g := &a.report.Absent[i]
		for _, path := range g.Paths {
			g.Has = append(g.Has, contents[path]...)
		}
		slices.Sort(g.Has)
		g.Has = slices.Compact(g.Has)
	}
	return nil
}

func (a *analysis) contents(looked []string) (map[string][]string, error) {
	err := packages.ErrNoContents
	var found map[string][]string
	if a.Contents != nil {
		found, err = a.Contents(looked)
	}
	if errors.Is(err, packages.ErrNoContents) {
		a.note("which packages that are not installed have what was looked for is not known: %v", err)
		return nil, nil
	}
	return found, err
}

// elsewhere finds installed files by the base names of what was looked for.
func (a *analysis) elsewhere() map[string][]string {
	found := map[string][]string{}
	wanted := map[string]string{} // kinds, by base name
	for _, g := range a.report.Absent {
		wanted[filepath.Base(g.Paths[0])] = g.Kind
	}
	for _, p := range a.DB.Packages() {
		for _, path := range p.Paths() {
			base := path[strings.LastIndexByte(path, '/')+1:]
			if kind, ok := wanted[base]; ok {
				if k, _ := kindOf(path); k == kind {
					found[base] = append(found[base], p.Label()+": "+path)
				}
			}
		}
	}
	return found
}

// finish returns the report with its lists in order.
func (a *analysis) finish() *Report {
	slices.Sort(a.report.Unowned)
	return a.report
}
