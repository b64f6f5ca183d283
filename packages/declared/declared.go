// Package declared reads which packages a build says that it needs: from
// debian/control, a .spec file, an APKBUILD, PiSi's pspec.xml, or a plain list.
//
// No file is executed. What only the tools of its format could expand is named
// in Notes, so that nothing is left out unseen. A .spec file is expanded by rpmspec(8)
// only where the caller gives a way to run it: macros may run commands.
package declared

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/catbox-go/catbox/packages/relation"
)

// Format is what a file is written in.
type Format string

const (
	Control  Format = "debian/control"
	Spec     Format = "spec"
	APKBUILD Format = "APKBUILD"
	Pspec    Format = "pspec.xml"
	Plain    Format = "list"
)

// Entry is one dependency.
type Entry struct {
	// Field is where it stands: "Build-Depends-Indep", "BuildRequires", "makedepends".
	Field string
	// Text is the dependency as it is written.
	Text string
	// Clause holds the alternatives.
	Clause relation.Clause
}

// List is what a file declares.
type List struct {
	Path    string
	Format  Format
	Entries []Entry
	// Notes say what could not be expanded, or was taken under a condition.
	Notes []string
}

// Rpmspec runs rpmspec(8) with -q --buildrequires on the file, and returns what it prints.
type Rpmspec func(spec *os.File) ([]byte, error)

// Find returns the files in the directory that declare dependencies; which format
// each has is said by [FormatOf].
func Find(dir string) ([]string, error) {
	var found []string
	for _, pattern := range []string{"debian/control", "*.spec", "APKBUILD", "pspec.xml"} {
		names, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			return nil, err
		}
		found = append(found, names...)
	}
	return found, nil
}

// FormatOf tells the format by the file's name.
func FormatOf(path string) Format {
	switch base := filepath.Base(path); {
	case base == "control" || strings.HasSuffix(base, ".dsc"):
		return Control
	case strings.HasSuffix(base, ".spec"):
		return Spec
	case base == "APKBUILD":
		return APKBUILD
	case base == "pspec.xml":
		return Pspec
	}
	return Plain
}

// Read reads a file. Without rpmspec (nil), or where it fails, macros are expanded only
// as far as the file itself defines them.
func Read(path string, rpmspec Rpmspec) (*List, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	l := &List{Path: path, Format: FormatOf(path)}
	switch l.Format {
	case Control:
		err = l.control(string(data))
	case Spec:
		l.spec(string(data), rpmspec)
	case APKBUILD:
		l.apkbuild(string(data))
	case Pspec:
		err = l.pspec(data)
	default:
		err = l.plain(string(data))
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return l, nil
}

func (l *List) note(format string, args ...any) {
	if text := fmt.Sprintf(format, args...); !slices.Contains(l.Notes, text) {
		l.Notes = append(l.Notes, text)
	}
}

func (l *List) add(field, text string, clauses ...relation.Clause) {
	for _, c := range clauses {
		l.Entries = append(l.Entries, Entry{field, text, c})
	}
}

// plain reads names with or without versions, as in Build-Depends; a line may
// also have several names with blanks between them.
func (l *List) plain(text string) error {
	number := 0
	for line := range strings.Lines(text) {
		number++
		line, _, _ = strings.Cut(line, "#")
		if !strings.ContainsAny(line, "(|[<,") {
			line = strings.Join(strings.Fields(line), ",")
		}
		if err := l.relations("", line); err != nil {
			return fmt.Errorf("line %d: %w", number, err)
		}
	}
	return nil
}

// relations adds what stands between commas.
func (l *List) relations(field, text string) error {
	for part := range strings.SplitSeq(text, ",") {
		part = strings.Join(strings.Fields(part), " ")
		if part == "" {
			continue
		}
		if strings.HasPrefix(part, "${") {
			l.note("%s is known to dpkg-gencontrol only", part)
			continue
		}
		c, err := relation.ParseClause(part)
		if err != nil {
			return err
		}
		l.add(field, part, l.expanded(c))
	}
	return nil
}

// expanded drops the versions that have a substitution variable in them.
func (l *List) expanded(c relation.Clause) relation.Clause {
	for i, r := range c {
		if strings.Contains(r.Version, "${") {
			l.note("%s: version %s is known to dpkg-gencontrol only", r.Name, r.Version)
			c[i].Operator, c[i].Version = "", ""
		}
	}
	return c
}
