package deps

import (
	"fmt"
	"strings"
)

// proofs are the verdicts in the order in which the text has them.
var proofs = []struct {
	proof Proof
	title string
}{
	{ProofUnused, "unused: the same results without it"},
	{ProofChanges, "changes the results"},
	{ProofNeeded, "needed: the build fails without it"},
	{ProofStays, "not tried: what is declared besides it depends on it"},
	{ProofBase, "not tried: of every build"},
}

// verifiedText says what came out of building again.
func (r *Report) verifiedText(b *strings.Builder) {
	v := r.Verification
	if v == nil {
		return
	}
	fmt.Fprintf(b, "verified by %d builds in %.0f s, of which %d %s compared\n", v.Builds, v.Seconds, len(v.Results), verb(len(v.Results), "result was", "results were"))
	for _, row := range proofs {
		first := true
		for _, t := range v.Trials {
			if t.Proof != row.proof {
				continue
			}
			if first {
				fmt.Fprintf(b, "\n%s\n", row.title)
			}
			first = false
			fmt.Fprintf(b, "  %s\n", t.text())
		}
	}
}

// text is for a person.
func (t *Trial) text() string {
	text := t.Name
	if t.Said == Undeclared {
		text += " (undeclared)"
	}
	if len(t.With) > 0 {
		text += " with " + list(t.With)
	}
	switch t.Proof {
	case ProofNeeded:
		text += ": " + t.Failed + t.last()
	case ProofChanges:
		text += ": " + some(t.Differs)
	case ProofStays:
		text += ": " + list(t.Stays) + " " + verb(len(t.Stays), "depends", "depend") + " on it"
	}
	if len(t.Besides) > 0 {
		text += "; not results, but different: " + some(t.Besides)
	}
	if len(t.Notes) > 0 {
		text += "; but " + strings.Join(t.Notes, "; ")
	}
	return text
}

// telling are words in the line of a log that says why a build failed, the best first.
var telling = []string{": not found", "No such file", "is missing", "rror: ", "not found", "cannot ", "Can't ", "undefined ", "rror "}

// last is the line of the output's end that best says what went wrong.
func (t *Trial) last() string {
	for _, word := range telling {
		for _, line := range t.Output {
			if strings.Contains(line, word) {
				return ": " + clip(line)
			}
		}
	}
	if len(t.Output) > 0 {
		return ": " + clip(t.Output[len(t.Output)-1])
	}
	return ""
}

// some names a few files.
func some(names []string) string {
	const few = 3
	text := strings.Join(quoted(names[:min(few, len(names))]), ", ")
	if n := len(names) - few; n > 0 {
		text += fmt.Sprintf(" and %d more", n)
	}
	return text
}

// clip shortens a line of a log.
func clip(line string) string {
	const width = 120
	line = strings.TrimSpace(line)
	if r := []rune(line); len(r) > width {
		return string(r[:width]) + "..."
	}
	return line
}
