package declared

import (
	"slices"
	"strings"

	"github.com/catbox-go/catbox/internal/lazyregexp"
	"github.com/catbox-go/catbox/packages/relation"
)

// apkVariables are those from which abuild(1) installs packages before it builds:
// APKBUILD(5). depends_dev is what makedepends takes in most often.
var apkVariables = []string{"makedepends", "makedepends_build", "makedepends_host", "depends_dev", "checkdepends"}

var (
	assignment = lazyregexp.New(`(?m)^([A-Za-z_][A-Za-z0-9_]*)(\+?)=`)
	// nested is one inside of a function or a condition.
	nested = lazyregexp.New(`(?m)^[^\n#]*[ \t;)](` + strings.Join(apkVariables, "|") + `)\+?=`)
)

// apkbuild reads variables as the shell would, without one: words in quotes, on several
// lines, with variables that the file set before.
func (l *List) apkbuild(text string) {
	for _, m := range nested.Get().FindAllStringSubmatch(text, -1) {
		l.note("%s is also set inside of a condition or function: not read", m[1])
	}
	a := apkbuild{List: l, variables: map[string]string{}}
	for at := assignment.Get().FindStringSubmatchIndex(text); at != nil; at = assignment.Get().FindStringSubmatchIndex(text) {
		name, before := text[at[2]:at[3]], ""
		if at[5] > at[4] { // +=
			before = a.variables[name]
		}
		text = text[at[1]:]
		value, end := a.value(text, name)
		a.variables[name], text = before+value, text[end:]
	}
	for _, name := range apkVariables {
		a.list(name)
	}
}

type apkbuild struct {
	*List
	variables map[string]string
}

// list adds the words of a variable; those with "!" are conflicts. What another one has taken in
// is not listed twice.
func (a *apkbuild) list(name string) {
	for word := range strings.FieldsSeq(a.variables[name]) {
		known := slices.ContainsFunc(a.Entries, func(e Entry) bool { return e.Text == word })
		if !known && !strings.HasPrefix(word, "!") {
			a.add(name, word, relation.Clause{relation.APK(word)})
		}
	}
}

// value reads one word of the shell (sh(1), "Quoting"), and returns where it ends.
func (a *apkbuild) value(text, name string) (value string, end int) {
	var b strings.Builder
	quote := byte(0)
	for end < len(text) {
		c := text[end]
		switch {
		case c == quote:
			quote = 0
		case quote == 0 && (c == '"' || c == '\''):
			quote = c
		case quote == 0 && strings.IndexByte(" \t\n;&|)", c) >= 0:
			return b.String(), end
		case c == '\\' && quote != '\'' && end+1 < len(text):
			if end++; text[end] != '\n' {
				b.WriteByte(text[end])
			}
		case c == '$' && quote != '\'':
			part, n := a.expand(text[end:], name)
			b.WriteString(part)
			end += n
			continue
		case c == '`' && quote != '\'':
			a.unexpanded(name, "`...`")
			command, _, closed := strings.Cut(text[end+1:], "`")
			if end += len(command) + 1; !closed {
				return b.String(), end
			}
		default:
			b.WriteByte(c)
		}
		end++
	}
	return b.String(), end
}

var simpleVariable = lazyregexp.New(`^\$(?:([A-Za-z_][A-Za-z0-9_]*)|\{([A-Za-z_][A-Za-z0-9_]*)\})`)

// expand replaces a variable, and returns how long its name is. A command is not run.
func (a *apkbuild) expand(text, name string) (string, int) {
	if m := simpleVariable.FindStringSubmatch(text); m != nil {
		value, known := a.variables[m[1]+m[2]]
		if !known {
			a.unexpanded(name, m[0])
		}
		return value, len(m[0])
	}
	open := strings.IndexAny(text[:min(2, len(text))], "({")
	if open != 1 {
		return "$", 1
	}
	n := balanced(text[1:]) + 1
	a.unexpanded(name, text[:n])
	return "", n
}

func (a *apkbuild) unexpanded(name, what string) {
	if slices.Contains(apkVariables, name) {
		a.note("%s: %s is not expanded", name, what)
	}
}

// balanced returns the length of what is in the parentheses or braces that text
// begins with; those in quotes do not count.
func balanced(text string) int {
	depth, quote := 0, rune(0)
	for i, c := range text {
		switch {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '(' || c == '{':
			depth++
		case c == ')' || c == '}':
			depth--
		}
		if depth == 0 {
			return i + 1
		}
	}
	return len(text)
}
