package policy

import (
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"strings"
	"sync"
)

// construct is a piece of syntax that PCRE has and Go does not; see
// pcre2syntax(3).
type construct struct {
	name   string
	text   string
	offset int
}

// pcreSyntax is a construct's name and how it begins.
type pcreSyntax struct {
	name string
	re   *regexp.Regexp
}

// pcreOnly is tried in order at each place of an expression outside of
// character classes and \Q...\E. It is compiled when first asked for, as
// every start of a program would pay for it.
var pcreOnly = sync.OnceValue(func() []pcreSyntax {
	return []pcreSyntax{
		{"lookbehind", regexp.MustCompile(`^\(\?<[=!*]`)},
		{"lookahead", regexp.MustCompile(`^\(\?[=!*]`)},
		{"atomic group", regexp.MustCompile(`^\(\?>`)},
		{"branch reset group", regexp.MustCompile(`^\(\?\|`)},
		{"comment", regexp.MustCompile(`^\(\?#`)},
		{"conditional group", regexp.MustCompile(`^\(\?\(`)},
		{"recursion", regexp.MustCompile(`^\(\?(R|[+-]?[0-9]+)\)?`)},
		{"subroutine call", regexp.MustCompile(`^\(\?(&|P>)`)},
		{"backreference", regexp.MustCompile(`^\(\?P=`)},
		{"callout", regexp.MustCompile(`^\(\?C`)},
		{"quoted group name", regexp.MustCompile(`^\(\?'`)},
		{"option", regexp.MustCompile(`^\(\?[imsU-]*[xnJ^a]`)},
		{"verb", regexp.MustCompile(`^\(\*`)},
		{"possessive quantifier", regexp.MustCompile(`^([*+?]|\{[0-9]+(,[0-9]*)?\})\+`)},
		{"backreference", regexp.MustCompile(`^\\([1-9]|k|g\{?-?[0-9A-Za-z_]|g)`)},
		{"match reset", regexp.MustCompile(`^\\K`)},
		{"escape", regexp.MustCompile(`^\\[CGHNRXZVcehou]`)},
	}
})

var pcreClassEscape = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^\\[HNRVXbceghko]`) })

// explain names what PCRE has and Go does not, and where it is.
func explain(expr string, err error) error {
	if c, ok := findPCRE(expr); ok {
		return fmt.Errorf("%s %q at offset %d of the expression is PCRE's: want the syntax of Go's regexp (RE2)", c.name, c.text, c.offset)
	}
	var se *syntax.Error
	if !errors.As(err, &se) {
		return err
	}
	if i := strings.Index(expr, se.Expr); i >= 0 && se.Expr != "" {
		return fmt.Errorf("%s %q at offset %d of the expression", se.Code, se.Expr, i)
	}
	return fmt.Errorf("%s %q", se.Code, se.Expr)
}

// findPCRE returns the first construct in expr, which Go refused.
func findPCRE(expr string) (construct, bool) {
	for i := 0; i < len(expr); {
		rest := expr[i:]
		if name, text := pcreAt(rest); text != "" {
			return construct{name, text, i}, true
		}
		switch {
		case strings.HasPrefix(rest, `\Q`):
			i += quotedLen(rest)
		case rest[0] == '\\':
			i += 2
		case rest[0] == '[':
			n, bad := classLen(rest)
			if bad != "" {
				return construct{"escape", bad, i + n}, true
			}
			i += n
		default:
			i++
		}
	}
	return construct{}, false
}

func pcreAt(s string) (name, text string) {
	for _, c := range pcreOnly() {
		if m := c.re.FindString(s); m != "" {
			return c.name, m
		}
	}
	return "", ""
}

// quotedLen returns the length of the \Q...\E at the beginning of s.
func quotedLen(s string) int {
	if i := strings.Index(s, `\E`); i >= 0 {
		return i + len(`\E`)
	}
	return len(s)
}

// classLen returns the length of the character class at the beginning of s; or
// the offset of the first escape in it that is only PCRE's, and the escape.
func classLen(s string) (n int, bad string) {
	i := len("[")
	i += len(s[i:]) - len(strings.TrimPrefix(s[i:], "^"))
	i += len(s[i:]) - len(strings.TrimPrefix(s[i:], "]")) // a first ] is itself
	for i < len(s) && s[i] != ']' {
		switch {
		case s[i] == '\\':
			if m := pcreClassEscape().FindString(s[i:]); m != "" {
				return i, m
			}
			i += 2
		case strings.HasPrefix(s[i:], "[:"):
			i += posixLen(s[i:])
		default:
			i++
		}
	}
	return min(i+1, len(s)), ""
}

// posixLen returns the length of the [:name:] at the beginning of s, or 1.
func posixLen(s string) int {
	if i := strings.Index(s, ":]"); i > 0 {
		return i + len(":]")
	}
	return 1
}
