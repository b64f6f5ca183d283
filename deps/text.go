package deps

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/catbox-go/catbox/record"
)

// most is how many of a kind the text shows; the JSON has all.
const most = 20

// WriteText writes the report for a person: what to do first, then why the rest is needed.
func (r *Report) WriteText(w io.Writer) error {
	var b strings.Builder
	r.head(&b)
	r.verifiedText(&b)
	r.section(&b, Unused, "declared but unused", unusedText)
	if len(r.Removable.Packages) > 1 {
		fmt.Fprintf(&b, "  can go together: %s%s\n", list(r.Removable.Packages), with("them", r.Removable.Goes))
	}
	title := "used but undeclared"
	if r.Declared == "" {
		title = "used by the build itself"
	}
	r.section(&b, Undeclared, title, r.undeclaredText)
	r.absentText(&b)
	r.missingText(&b)
	r.section(&b, Brings, "declared for what they depend on", func(p *Package) string { return "brings " + list(p.Brings) + ", which is used" })
	r.section(&b, Used, "used and declared", usedText)
	r.rest(&b)
	_, err := io.WriteString(w, b.String())
	return err
}

func (r *Report) head(b *strings.Builder) {
	words := make([]string, len(r.Command))
	for i, arg := range r.Command {
		words[i] = record.Quote(arg)
	}
	fmt.Fprintf(b, "%s\n", strings.Join(words, " "))
	if r.run.root != "" {
		fmt.Fprintf(b, "in the root directory %s, with the packages of %s\n", record.Quote(r.run.root), record.Quote(r.Root))
	}
	if !r.Complete {
		b.WriteString("the record has no end: what came later is not in it, and may have used more\n")
	}
	if r.Blind > 0 {
		fmt.Fprintf(b, "the record may lack something (%d): see catbox report\n", r.Blind)
	}
	if r.Declared != "" {
		fmt.Fprintf(b, "%s: %s\n", record.Quote(r.Declared), r.tally())
	} else {
		b.WriteString("nothing was declared\n")
	}
}

// tally counts the declared dependencies by what comes out.
func (r *Report) tally() string {
	counts := map[State]int{}
	for _, e := range r.Entries {
		counts[e.State]++
	}
	parts := []string{fmt.Sprintf("%d declared", len(r.Entries))}
	for _, row := range []struct {
		state State
		words string
	}{
		{StateUsed, "used"}, {StateProbed, "only looked at"}, {StateBrings, "for what they depend on"}, {StateUnused, "unused"},
		{StateBase, "in every build"}, {StateMissing, "not installed"}, {StateSkipped, "not for this architecture or profile"},
	} {
		if n := counts[row.state]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, row.words))
		}
	}
	return strings.Join(parts, ", ")
}

func (r *Report) section(b *strings.Builder, v Verdict, title string, text func(*Package) string) {
	var of []*Package
	for _, p := range r.Packages {
		if p.Verdict == v {
			of = append(of, p)
		}
	}
	if len(of) == 0 {
		return
	}
	slices.SortStableFunc(of, func(x, y *Package) int { return min(1, len(x.Through)) - min(1, len(y.Through)) })
	fmt.Fprintf(b, "\n%s (%d)\n", title, len(of))
	for _, p := range of {
		fmt.Fprintf(b, "  %s%s: %s\n", p.Name, p.as(), text(p))
	}
}

// as names what was declared, where that is not the package itself.
func (p *Package) as() string {
	own := func(text string) bool { return strings.HasPrefix(text, p.pkg.Name) }
	if len(p.Declared) == 0 || slices.ContainsFunc(p.Declared, own) {
		return ""
	}
	return " (for " + record.Quote(p.Declared[0]) + ")"
}

func unusedText(p *Package) string {
	text := "no file of it was touched"
	if p.Why != nil {
		text = "only " + p.Why.String()
	}
	text += with("it", p.Goes)
	if len(p.Or) > 0 {
		text += "; but one of it and " + list(p.Or) + " has to stay"
	}
	return text
}

func with(what string, goes []string) string {
	if len(goes) == 0 {
		return ""
	}
	return "; with " + what + " " + verb(len(goes), "goes ", "go ") + list(goes)
}

func verb(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

func (r *Report) undeclaredText(p *Package) string {
	switch {
	case r.Declared == "":
		return p.Why.String()
	case len(p.Through) == 0:
		return "nothing that is declared brings it: " + p.Why.String()
	}
	return "came through " + list(p.Through) + ": " + p.Why.String()
}

func usedText(p *Package) string {
	if p.Sure == Probed {
		return "only looked at: " + p.Why.String()
	}
	return p.Why.String()
}

// verbs are what was done with a path, by how sure that is.
var verbs = map[Level]string{Listed: "listed", Swept: "read with all others there", Probed: "looked at", Loaded: "loaded", Executed: "executed", Read: "read"}

// String is "/usr/include/foo.h read by cc1 <- gcc <- make, 14 objects".
func (u *Use) String() string {
	return fmt.Sprintf("%s %s by %s%s", record.Quote(u.Path), verbs[u.Sure], by(u.Chain), u.count())
}

func (u *Use) count() string {
	switch {
	case u.Objects > 0:
		return fmt.Sprintf(", %d %s", u.Objects, verb(u.Objects, "object", "objects"))
	case u.Processes > 1:
		return fmt.Sprintf(", %d processes", u.Processes)
	}
	return ""
}

// by is the beginning of a chain.
func by(chain []string) string {
	words := make([]string, 0, 5)
	for i, name := range chain {
		if i == 4 {
			words = append(words, "...")
			break
		}
		words = append(words, record.Quote(name))
	}
	return strings.Join(words, " <- ")
}

// list names some, and counts the others.
func list(names []string) string {
	const few = 8
	if len(names) <= few+1 {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:few], ", "), len(names)-few)
}

func (r *Report) absentText(b *strings.Builder) {
	if len(r.Absent) == 0 {
		return
	}
	fmt.Fprintf(b, "\nlooked for and not there (%d)\n", len(r.Absent))
	known, others := []Absent{}, []Absent{}
	for _, a := range r.Absent {
		if len(a.Has)+len(a.Elsewhere) > 0 {
			known = append(known, a)
		} else {
			others = append(others, a)
		}
	}
	all := append(known, others...)
	for _, a := range all[:min(most, len(all))] {
		fmt.Fprintf(b, "  %s %s: %s\n", a.Kind, record.Quote(a.Name), a.String())
	}
	if n := len(all) - most; n > 0 {
		fmt.Fprintf(b, "  and %d more (--format json)\n", n)
	}
}

// String says who looked, and who has it.
func (a Absent) String() string {
	text := "looked for by " + by(a.Chain)
	switch {
	case len(a.Has) > 0:
		text += "; " + list(a.Has) + " " + verb(len(a.Has), "has it", "have it")
	case len(a.Elsewhere) > 0:
		text += "; elsewhere there is " + list(a.Elsewhere)
	}
	return text
}

func (r *Report) missingText(b *strings.Builder) {
	for _, e := range r.Entries {
		if e.State == StateMissing {
			fmt.Fprintf(b, "\ndeclared and not installed: %s\n", record.Quote(e.Text))
		}
	}
}

// rest is what needs no attention, and what the report does not know.
func (r *Report) rest(b *strings.Builder) {
	counts := map[Verdict]int{}
	for _, p := range r.Packages {
		counts[p.Verdict]++
	}
	fmt.Fprintf(b, "\nnot to be declared: %d of every build, %d that others need or that were only looked at\n", counts[Base], counts[Indirect])
	if len(r.Unowned) > 0 {
		fmt.Fprintf(b, "of no package: %s\n", list(quoted(r.Unowned)))
	}
	for _, note := range r.Notes {
		fmt.Fprintf(b, "note: %s\n", note)
	}
}

func quoted(all []string) []string {
	out := make([]string, len(all))
	for i, s := range all {
		out[i] = record.Quote(s)
	}
	return out
}
