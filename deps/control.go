package deps

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/catbox-go/catbox/packages"
	"github.com/catbox-go/catbox/packages/declared"
	"github.com/catbox-go/catbox/packages/relation"
)

// Kept are the declared dependencies that stay: all but those that are unused and
// can go together, and those that every build has, unless a version is asked for.
func (r *Report) Kept() []*Entry {
	var kept []*Entry
	for _, e := range r.Entries {
		switch {
		case e.State == StateUnused && r.removes(e):
		case e.State == StateBase && !versioned(e.declared.Clause):
		default:
			kept = append(kept, e)
		}
	}
	return kept
}

func (r *Report) removes(e *Entry) bool {
	return slices.ContainsFunc(e.Packages, func(id string) bool { return slices.Contains(r.Removable.Packages, id) })
}

func versioned(c relation.Clause) bool {
	return slices.ContainsFunc(c, func(r relation.Relation) bool { return r.Operator != "" })
}

// Missing are the packages that have to be declared for the build to work on a clean
// machine: used, and brought by nothing that stays, nor by another of them.
func (r *Report) Missing() []string {
	var missing []*Package
	for _, p := range r.Packages {
		if p.Verdict == Undeclared && !r.brought(p) {
			missing = append(missing, p)
		}
	}
	var ids []string
	for _, p := range missing {
		if !slices.ContainsFunc(missing, func(q *Package) bool { return p.isBroughtBy(q) }) {
			ids = append(ids, p.Name)
		}
	}
	return ids
}

// brought tells that a declared package that stays depends on p.
func (r *Report) brought(p *Package) bool {
	return slices.ContainsFunc(p.Through, func(id string) bool { return !slices.Contains(r.Removable.Packages, id) })
}

// isBroughtBy tells that q depends on p; of those that depend on each other the first stays.
func (p *Package) isBroughtBy(q *Package) bool {
	return q != p && q.needs[p.pkg] && (!p.needs[q.pkg] || q.Name < p.Name)
}

// WriteControl writes what should be declared, in the words of the file that declares it.
func (r *Report) WriteControl(w io.Writer) error {
	text := ""
	switch r.format() {
	case declared.Spec:
		text = r.lines(func(c relation.Clause) string { return "BuildRequires: " + rpmText(c) + "\n" })
	case declared.APKBUILD:
		text = "makedepends=\"\n" + r.lines(func(c relation.Clause) string { return "\t" + apkText(c[0]) + "\n" }) + "\t\"\n"
	case declared.Pspec:
		text = "<BuildDependencies>\n" + r.lines(pspecText) + "</BuildDependencies>\n"
	default:
		text = r.fields()
	}
	_, err := io.WriteString(w, text)
	return err
}

// format is that of what was declared; without it that of the package manager.
func (r *Report) format() declared.Format {
	if r.declared != "" && r.declared != declared.Plain {
		return r.declared
	}
	switch r.Formats[0] {
	case packages.RPM:
		return declared.Spec
	case packages.APK:
		return declared.APKBUILD
	}
	return declared.Control
}

func (r *Report) lines(line func(relation.Clause) string) string {
	var b strings.Builder
	for _, e := range r.Kept() {
		b.WriteString(line(e.declared.Clause))
	}
	for _, id := range r.Missing() {
		b.WriteString(line(relation.Clause{{Name: id}}))
	}
	return b.String()
}

// fields writes Build-Depends and what else was there of its kind.
func (r *Report) fields() string {
	var order []string
	entries := map[string][]string{}
	add := func(field, text string) {
		if field == "" {
			field = "Build-Depends"
		}
		if entries[field] == nil {
			order = append(order, field)
		}
		entries[field] = append(entries[field], text)
	}
	for _, e := range r.Kept() {
		add(e.Field, e.Text)
	}
	for _, id := range r.Missing() {
		add("Build-Depends", id)
	}
	var b strings.Builder
	for _, field := range order {
		fmt.Fprintf(&b, "%s:\n %s,\n", field, strings.Join(entries[field], ",\n "))
	}
	return b.String()
}

func rpmText(c relation.Clause) string {
	words := make([]string, len(c))
	for i, r := range c {
		words[i] = r.Name
		if r.Operator != "" {
			words[i] += " " + rpmOperator.Replace(r.Operator) + " " + r.Version
		}
	}
	if len(words) == 1 {
		return words[0]
	}
	return "(" + strings.Join(words, " or ") + ")"
}

var rpmOperator = strings.NewReplacer("<<", "<", ">>", ">")

func apkText(r relation.Relation) string { return r.Name + r.Operator + r.Version }

func pspecText(c relation.Clause) string {
	var b strings.Builder
	attributes := map[string]string{"=": "version", ">=": "versionFrom", "<=": "versionTo"}
	for _, r := range c {
		version := ""
		if name := attributes[r.Operator]; name != "" {
			version = fmt.Sprintf(" %s=%q", name, r.Version)
		}
		fmt.Fprintf(&b, "    <Dependency%s>%s</Dependency>\n", version, r.Name)
	}
	if len(c) > 1 {
		return "  <AnyDependency>\n" + b.String() + "  </AnyDependency>\n"
	}
	return b.String()
}
