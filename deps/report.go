// Package deps says which packages a recorded run needed, how sure that is, and why; and how that
// compares with what was declared.
//
// It counts what the run took from the outside: what it made itself, and what it
// wrote, is no use of a package. It claims no more than the record holds: a package
// whose files nobody touched is unused in this run, with its configuration.
package deps

import (
	"errors"
	"fmt"

	"github.com/catbox-go/catbox/packages"
	"github.com/catbox-go/catbox/packages/declared"
	"github.com/catbox-go/catbox/record"
)

// Level says how sure a use is. Those further down are the surer ones.
type Level int

const (
	// Never: no file of the package was touched.
	Never Level = iota
	// Listed: a directory of the package was listed.
	Listed
	// Swept: a file was read along with all others there are in its directory, as
	// aclocal(1) and ldconfig(8) do.
	Swept
	// Probed: a file was looked at and not opened.
	Probed
	// Loaded: a shared library was opened by the dynamic loader.
	Loaded
	// Executed: a program was executed.
	Executed
	// Read: the content of a file was opened.
	Read
)

var levelNames = []string{"never", "listed", "swept", "probed", "loaded", "executed", "read"}

func (l Level) String() string { return levelNames[l] }

// MarshalText writes the name.
func (l Level) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// Verdict is what comes out for a package.
type Verdict string

const (
	// Used: declared, and used.
	Used Verdict = "used"
	// Undeclared: used by the build itself, and not declared.
	Undeclared Verdict = "undeclared"
	// Unused: declared, and the build would miss nothing without it.
	Unused Verdict = "unused"
	// Brings: declared, and used for what it depends on only.
	Brings Verdict = "brings"
	// Indirect: not declared, and needed by programs of others, as a library
	// that they load; or only looked at.
	Indirect Verdict = "indirect"
	// Base: part of every build, as Essential or by build-essential.
	Base Verdict = "base"
)

// Report is what comes out for a run.
type Report struct {
	Root     string            `json:"root"`
	Formats  []packages.Format `json:"formats"`
	Arch     string            `json:"architecture"`
	Declared string            `json:"declared,omitempty"` // the file
	Command  []string          `json:"command"`
	// Complete is false for the record of a run that was killed.
	Complete bool `json:"complete"`
	// Blind counts what the record may lack.
	Blind    int        `json:"blind"`
	Packages []*Package `json:"packages"`
	Entries  []*Entry   `json:"entries"`
	// Removable are the packages that can go together.
	Removable Removal  `json:"removable"`
	Absent    []Absent `json:"absent"`
	// Unowned are files that the build took from /usr/local and /opt, which belong to no package.
	Unowned []string `json:"unowned"`
	Notes   []string `json:"notes"`

	// Verification is what came out of building again; nil if that was not done.
	Verification *Verification `json:"verification,omitempty"`

	declared declared.Format
	analysis *analysis
	run      *run
}

// Recorded returns the command that was recorded, where it ran, and its environment; nil if
// the record does not have it.
func (r *Report) Recorded() (args []string, dir string, env []string) {
	return r.run.command, r.run.dir, r.run.env
}

// Package is one that was used or declared.
type Package struct {
	Name    string  `json:"name"`
	Version string  `json:"version"`
	Source  string  `json:"source"`
	Verdict Verdict `json:"verdict"`
	Sure    Level   `json:"sure"`
	// Direct: the build itself used it, not only a program of a package that depends on it.
	Direct bool `json:"direct"`
	// Declared holds the dependencies that ask for it, as they are written.
	Declared []string `json:"declared,omitempty"`
	// Base: it is also part of every build.
	Base bool `json:"base,omitempty"`
	// Through are the declared packages that depend on it. None: a clean machine does not have it.
	Through []string `json:"through,omitempty"`
	// Brings are the used packages for which a package of verdict Brings is needed.
	Brings []string `json:"brings,omitempty"`
	// Goes are the packages that are there for this unused one only.
	Goes []string `json:"goes,omitempty"`
	// Or are unused packages one of which has to stay, as this one would go with them.
	Or []string `json:"or,omitempty"`
	// Why is the surest and most frequent of Uses.
	Why *Use `json:"why,omitempty"`
	// Uses is a row a path.
	Uses []*Use `json:"uses,omitempty"`
	// Hide are the files that are hidden from a build that is to do without the
	// unused package and what goes with it.
	Hide []string `json:"hide,omitempty"`

	pkg   *packages.Package
	needs map[*packages.Package]bool // it, and all that it depends on
}

// Use is what a run did with a path.
type Use struct {
	Path string `json:"path"`
	Sure Level  `json:"sure"`
	// Direct: the build itself did it (see Package).
	Direct bool `json:"direct,omitempty"`
	// Processes is how many programs were run that did it, Objects how many object files
	// compilers made of it.
	Processes int `json:"processes"`
	Objects   int `json:"objects,omitempty"`
	// Chain is who did it: the program, who started it, and so on.
	Chain []string `json:"chain"`
}

// Removal is what can go together.
type Removal struct {
	Packages []string `json:"packages"`
	Goes     []string `json:"goes"` // with them
}

// State is what comes out for a declared dependency.
type State string

const (
	StateUsed    State = "used"
	StateProbed  State = "probed" // its files were looked at only
	StateBrings  State = "brings"
	StateUnused  State = "unused"
	StateBase    State = "base"
	StateMissing State = "missing" // not installed here
	StateSkipped State = "skipped" // not for this architecture or these profiles
)

// Entry is a declared dependency.
type Entry struct {
	Field string `json:"field,omitempty"`
	Text  string `json:"text"`
	State State  `json:"state"`
	// Packages are the installed packages that fulfil it.
	Packages []string `json:"packages"`

	declared declared.Entry
	active   bool
	chosen   *packages.Package   // that fulfils it
	any      []*packages.Package // that could
}

// Absent is something that was looked for and found nowhere.
type Absent struct {
	// Kind is "header", "program", "library", "pkg-config file" and so on, Name what it is called.
	Kind string `json:"kind"`
	Name string `json:"name"`
	// Paths are where it was looked for.
	Paths []string `json:"paths"`
	// Has are packages that would put it at one of Paths; Elsewhere are installed files
	// of that name in other places, each with its package.
	Has       []string `json:"has,omitempty"`
	Elsewhere []string `json:"elsewhere,omitempty"`
	Chain     []string `json:"chain"`
}

var (
	// ErrEmpty says that a record has no events.
	ErrEmpty = errors.New("there are no events")
	// ErrNoFiles says that a record tells nothing of files.
	ErrNoFiles = errors.New("the record has processes only, and not the files that they used")
)

// Input is what a report is made of.
type Input struct {
	// Each tells the events of the record in their order, and returns what the function returns.
	Each func(func(record.Event) error) error
	DB   *packages.DB
	// Declared is nil if nothing was declared.
	Declared *declared.List
	// Profiles are the build profiles for which the build was made.
	Profiles []string
	// Contents finds which packages have paths, installed or not (see
	// packages.Contents). Nil: that is not known.
	Contents func(paths []string) (map[string][]string, error)
}

// Analyze makes a report.
func Analyze(in Input) (*Report, error) {
	r, err := load(in.Each)
	if err != nil {
		return nil, err
	}
	a := newAnalysis(in, r)
	a.findUses()
	a.resolveDeclared()
	a.judge()
	if err := a.findAbsent(); err != nil {
		return nil, fmt.Errorf("what was looked for: %w", err)
	}
	return a.finish(), nil
}
