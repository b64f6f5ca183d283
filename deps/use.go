package deps

import (
	"path/filepath"
	"slices"
	"strings"

	"github.com/catbox-go/catbox/internal/lazyregexp"
	"github.com/catbox-go/catbox/internal/paths"
	"github.com/catbox-go/catbox/packages"
	"github.com/catbox-go/catbox/record"
)

// analysis is a report in the making.
type analysis struct {
	Input
	run    *run
	report *Report
	base   map[*packages.Package]bool

	paths    []*fact         // what is known of a path, by its number
	targets  map[string]bool // what links lead to
	closures map[*packages.Package]map[*packages.Package]bool
	uses     map[*packages.Package]*usage
	swept    map[sweep]extent
	roles    map[user]role
	reached  map[reach]Level
}

// usage is what was done with a package's files.
type usage struct {
	sure   Level
	direct bool // executed or read by the build itself
	missed bool // something would be missing without the package
	paths  map[string]*pathUse
}

// pathUse is who did with a path what makes it as sure as it is.
type pathUse struct {
	sure   Level
	direct bool
	images []*image
}

func newAnalysis(in Input, r *run) *analysis {
	a := &analysis{
		Input: in, run: r, base: in.DB.Base(),
		targets: map[string]bool{}, closures: map[*packages.Package]map[*packages.Package]bool{},
		uses: map[*packages.Package]*usage{}, reached: map[reach]Level{},
		swept: map[sweep]extent{}, roles: map[user]role{},
	}
	a.report = &Report{
		Root: in.DB.Root(), Formats: in.DB.Formats(), Arch: in.DB.Arch(), Command: r.command, Complete: r.complete, Blind: r.blind,
		Packages: []*Package{}, Entries: []*Entry{}, Absent: []Absent{}, Unowned: []string{}, Notes: []string{},
		Removable: Removal{[]string{}, []string{}}, run: r,
	}
	a.report.analysis = a
	return a
}

// databases are what package managers and the kernel keep; that they are read or listed says nothing
// of the package whose directory it is.
var databases = append(slices.Clone(packages.Kept), "/proc", "/sys", "/dev")

// surroundings are what the C library reads for any program, where it is there:
// locale(7), tzset(3), nsswitch.conf(5). Nothing has to be declared because of that.
var surroundings = []string{
	"/etc/locale.alias", "/usr/share/locale", "/usr/lib/locale", "/usr/share/zoneinfo", "/etc/localtime", "/etc/nsswitch.conf", "/etc/ssl/openssl.cnf",
}

func (a *analysis) findUses() {
	for _, target := range a.run.links {
		a.targets[target] = true
	}
	a.findSweeps()
	for _, x := range a.run.accesses {
		if x.class != record.ClassSymlink {
			level := a.level(x)
			a.reach(x, level)
			a.credit(x, level)
		}
	}
	for _, x := range a.run.accesses { // after what they lead to
		if x.class == record.ClassSymlink {
			a.credit(x, a.linkLevel(x))
		}
	}
}

// reach is what an image did with a path.
type reach struct {
	image *image
	path  string
}

// reach notes what linkLevel looks up. The links on the way to a program may have been seen
// with the program that was there before.
func (a *analysis) reach(x access, level Level) {
	path := a.run.paths[x.path]
	if !a.targets[path] {
		return
	}
	for _, i := range []*image{x.image, x.image.previous} {
		if i == x.image || x.class == record.ClassExecute {
			a.reached[reach{i, path}] = max(level, a.reached[reach{i, path}])
		}
	}
}

// library is the name of what the dynamic loader opens; development files have no version.
var library = lazyregexp.New(`^(lib.*\.so\.[0-9.]+|lib.*-[0-9.]+\.so|ld-.*\.so.*|ld\.so.*)$`)

// level is how sure the use is that an access shows.
func (a *analysis) level(x access) Level {
	path := a.run.paths[x.path]
	switch x.class {
	case record.ClassEnumerate:
		return Listed
	case record.ClassProbe:
		return Probed
	case record.ClassRead, record.ClassExecute:
	default:
		return Never
	}
	switch {
	case a.extentOf(x.image, path) == swept:
		return Swept
	case x.class == record.ClassRead && x.image.program().path == path:
		return Executed // a script, by its interpreter
	case a.fact(x.path).library:
		return Loaded
	case x.class == record.ClassExecute:
		return Executed
	}
	return Read
}

// linkLevel gives a link what the image did with the file that it leads to. One without a
// version in its name was followed by the linker, for which -lfoo is libfoo.so: whoever loads
// a program asks for libfoo.so.1.
func (a *analysis) linkLevel(x access) Level {
	path := a.run.paths[x.path]
	if a.extentOf(x.image, path) == swept {
		return Swept
	}
	level, target := Never, path
	for range 40 {
		next, ok := a.run.links[target]
		if !ok {
			break
		}
		target = next
		level = max(level, a.reached[reach{x.image, target}])
	}
	if level == Loaded && !a.fact(x.path).library && strings.HasSuffix(path, ".so") {
		return Read
	}
	return max(level, Probed)
}

func (a *analysis) credit(x access, level Level) {
	path, f := a.run.paths[x.path], a.fact(x.path)
	if level == Never || f.database {
		return
	}
	if len(f.owners) == 0 && level >= Executed {
		a.unowned(path)
	}
	if len(f.owners) > 1 && (x.dir || len(f.owners) > 2) {
		return // a directory that is nobody's own
	}
	for _, p := range f.owners {
		role := optional
		if level >= Probed && !f.surrounding && a.extentOf(x.image, path) == notSwept {
			role = a.role(x.image, p)
		}
		a.use(p).add(path, level, x.image, role)
	}
}

func (a *analysis) use(p *packages.Package) *usage {
	u := a.uses[p]
	if u == nil {
		u = &usage{paths: map[string]*pathUse{}}
		a.uses[p] = u
	}
	return u
}

func (u *usage) add(path string, level Level, by *image, role role) {
	direct := role == direct && level >= Executed
	u.sure, u.direct = max(u.sure, level), u.direct || direct
	u.missed = u.missed || role != optional && level >= Probed
	p := u.paths[path]
	if p == nil {
		p = &pathUse{}
		u.paths[path] = p
	}
	switch program := by.program(); {
	case direct && !p.direct || direct == p.direct && level > p.sure:
		p.sure, p.direct, p.images = level, direct, []*image{program}
	case direct == p.direct && level == p.sure && p.images[len(p.images)-1] != program:
		p.images = append(p.images, program)
	}
}

// unowned notes what no package manager put where packages of others are put.
func (a *analysis) unowned(path string) {
	if paths.UnderAny(path, []string{"/usr/local", "/opt"}) && !paths.Under(path, a.run.dir) && !slices.Contains(a.report.Unowned, path) {
		a.report.Unowned = append(a.report.Unowned, path)
	}
}

// fact is what a path is, whoever uses it.
type fact struct {
	owners                         []*packages.Package
	library, database, surrounding bool
}

func (a *analysis) fact(number int32) *fact {
	for int(number) >= len(a.paths) {
		a.paths = append(a.paths, make([]*fact, len(a.run.paths)-len(a.paths))...)
	}
	if a.paths[number] == nil {
		path := a.run.paths[number]
		base := filepath.Base(path)
		a.paths[number] = &fact{
			owners: a.findOwner(path), library: library.MatchString(base) || a.run.preloaded[base],
			database: paths.UnderAny(path, databases), surrounding: paths.UnderAny(path, surroundings),
		}
	}
	return a.paths[number]
}

func (a *analysis) owner(number int32) []*packages.Package { return a.fact(number).owners }

// bytecode is what python makes of a file, next to it.
var bytecode = lazyregexp.New(`^(.*)/__pycache__/([^/]+)\.cpython-[^/]*\.pyc$`)

// findOwner returns the packages of a path; of several architectures' the native one.
func (a *analysis) findOwner(path string) []*packages.Package {
	owners := a.DB.Owner(path)
	if len(owners) == 0 {
		if m := bytecode.FindStringSubmatch(path); m != nil {
			owners = a.DB.Owner(m[1] + "/" + m[2] + ".py")
		}
	}
	if len(owners) == 2 && owners[0].Name == owners[1].Name {
		if p := a.DB.Package(owners[0].Name); slices.Contains(owners, p) {
			return []*packages.Package{p}
		}
	}
	return owners
}
