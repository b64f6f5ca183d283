// Package relation holds how packages name the packages that they need:
// "libfoo-dev (>= 1.2) | libfoo2-dev [linux-any] <!nocheck>", as
// deb-control(5) and deb-src-control(5) have it, and which version comes first.
// It knows no package that there is.
package relation

import (
	"fmt"
	"strings"
)

// Relation names a package, with what is asked of it.
type Relation struct {
	Name string
	// Qualifier is what follows the colon: "any", "native" or an architecture.
	Qualifier string
	// Operator is one of << <= = >= >>, or empty if any Version will do.
	Operator, Version string
	// Arch lists the architectures for which the relation holds, or with "!"
	// those for which it does not. Empty: for all.
	Arch []string
	// Profiles are the build profiles for which it holds: in one of the lists all
	// terms have to be true. Empty: for all.
	Profiles [][]string
}

// Clause is a list of alternatives: one of them will do.
type Clause []Relation

// String is r as deb-src-control(5) writes it.
func (r Relation) String() string {
	var b strings.Builder
	b.WriteString(r.Name)
	if r.Qualifier != "" {
		b.WriteString(":" + r.Qualifier)
	}
	if r.Operator != "" {
		b.WriteString(" (" + r.Operator + " " + r.Version + ")")
	}
	if len(r.Arch) > 0 {
		b.WriteString(" [" + strings.Join(r.Arch, " ") + "]")
	}
	for _, terms := range r.Profiles {
		b.WriteString(" <" + strings.Join(terms, " ") + ">")
	}
	return b.String()
}

// String has the alternatives between bars.
func (c Clause) String() string {
	words := make([]string, len(c))
	for i, r := range c {
		words[i] = r.String()
	}
	return strings.Join(words, " | ")
}

// Parse reads the value of a field such as Depends or Build-Depends.
func Parse(field string) ([]Clause, error) {
	var clauses []Clause
	for part := range strings.SplitSeq(field, ",") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		c, err := ParseClause(part)
		if err != nil {
			return nil, err
		}
		clauses = append(clauses, c)
	}
	return clauses, nil
}

// ParseClause reads what stands between two commas.
func ParseClause(text string) (Clause, error) {
	var c Clause
	for part := range strings.SplitSeq(text, "|") {
		r, err := parse(strings.TrimSpace(part))
		if err != nil {
			return nil, fmt.Errorf("%q: %w", text, err)
		}
		c = append(c, r)
	}
	return c, nil
}

func parse(text string) (Relation, error) {
	end := strings.IndexAny(text, " \t\n([<")
	if end < 0 {
		end = len(text)
	}
	var r Relation
	r.Name, r.Qualifier, _ = strings.Cut(text[:end], ":")
	if r.Name == "" {
		return r, fmt.Errorf("a name is missing")
	}
	for rest := strings.TrimSpace(text[end:]); rest != ""; {
		inside, after, err := enclosed(rest)
		if err != nil {
			return r, err
		}
		if err := r.add(rest[0], inside); err != nil {
			return r, err
		}
		rest = strings.TrimSpace(after)
	}
	return r, nil
}

// closing is what ends what each of them begins.
var closing = map[byte]string{'(': ")", '[': "]", '<': ">"}

func enclosed(text string) (inside, after string, err error) {
	end, ok := closing[text[0]]
	if !ok {
		return "", "", fmt.Errorf("unexpected %q", text)
	}
	inside, after, ok = strings.Cut(text[1:], end)
	if !ok {
		return "", "", fmt.Errorf("%s is missing", end)
	}
	return inside, after, nil
}

func (r *Relation) add(kind byte, inside string) error {
	switch kind {
	case '[':
		r.Arch = strings.Fields(inside)
	case '<':
		r.Profiles = append(r.Profiles, strings.Fields(inside))
	default:
		return r.version(inside)
	}
	return nil
}

// version reads ">= 1.2". A single < or > is what was written once for <= and >=.
func (r *Relation) version(inside string) error {
	inside = strings.TrimSpace(inside)
	end := strings.IndexFunc(inside, func(c rune) bool { return !strings.ContainsRune("<=>", c) })
	if end <= 0 {
		return fmt.Errorf("(%s) is not a version with an operator", inside)
	}
	r.Operator, r.Version = inside[:end], strings.TrimSpace(inside[end:])
	switch r.Operator {
	case "<", ">":
		r.Operator += "="
	case "<<", "<=", "=", ">=", ">>":
	default:
		return fmt.Errorf("unknown operator %s", r.Operator)
	}
	return nil
}
