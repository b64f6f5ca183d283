package policy

import (
	"errors"
	"fmt"
	"path"
	"regexp"
	"strings"
)

// Pattern is the paths that a rule is about: a prefix, or a regular
// expression. The zero Pattern matches nothing.
type Pattern struct {
	text string         // the clean path, or "~" and the expression
	re   *regexp.Regexp // nil for a prefix
	forced
}

var (
	errEmpty     = errors.New("empty: want an absolute path, or ~ and a regular expression")
	errRelative  = errors.New("must be absolute: want a path that begins with /, or ~ and a regular expression")
	errNUL       = errors.New("holds a NUL, which no path can")
	errEmptyExpr = errors.New("empty regular expression: want one after ~")
)

// ParsePattern reads an absolute path, which matches itself and everything
// below it, or "~" and a regular expression in the syntax of [regexp/syntax],
// which is searched in the canonical path: anchor it with ^ and $.
//
// A path is cleaned as [path.Clean] does; no character in it is special. An
// expression that needs what only PCRE has, or that no canonical path can
// match, is an error.
func ParsePattern(s string) (Pattern, error) {
	p, err := parsePattern(s)
	if err != nil {
		return Pattern{}, fmt.Errorf("%q: %w", s, err)
	}
	return p, nil
}

func parsePattern(s string) (Pattern, error) {
	if s == "" {
		return Pattern{}, errEmpty
	}
	if strings.Contains(s, "\x00") {
		return Pattern{}, errNUL
	}
	if expr, ok := strings.CutPrefix(s, "~"); ok {
		return regexpPattern(expr)
	}
	if s[0] != '/' {
		return Pattern{}, errRelative
	}
	return prefixPattern(path.Clean(s)), nil
}

// prefixPattern returns the pattern of a clean absolute path.
func prefixPattern(s string) Pattern {
	return Pattern{text: s, forced: forced{prefix: s, dir: s}}
}

func regexpPattern(expr string) (Pattern, error) {
	if expr == "" {
		return Pattern{}, errEmptyExpr
	}
	re, f, err := compile(expr)
	return Pattern{text: "~" + expr, re: re, forced: f}, err
}

// IsRegexp reports whether p is a regular expression.
func (p Pattern) IsRegexp() bool { return p.re != nil }

// Literal returns the path at or below which everything lies that p can match:
// the path of a prefix; for a regular expression, the longest directory that
// its beginning forces, or "/" when it is not anchored with ^.
//
//	~^/src/.*\.o$       /src
//	~^/src/lib          /src, since it matches /src/library too
//	~^/src/lib(/|$)     /src/lib
//	~^/src/(a|b)/x$     /src
//	~\.o$               /
func (p Pattern) Literal() string { return p.dir }

// Match reports whether p matches the canonical path. It does not allocate.
func (p Pattern) Match(canonical string) bool {
	if p.re == nil {
		return contains(p.text, canonical)
	}
	return strings.HasPrefix(canonical, p.prefix) && p.re.MatchString(canonical)
}

// String returns what [ParsePattern] reads: the clean path, or "~" and the
// expression.
func (p Pattern) String() string { return p.text }

// Equal reports whether p and q are the same path or the same expression.
func (p Pattern) Equal(q Pattern) bool { return p.text == q.text }

// contains reports whether the clean path dir is p or, by whole components,
// above it. Nothing is at or below the empty path.
func contains(dir, p string) bool {
	if !strings.HasPrefix(p, dir) || dir == "" {
		return false
	}
	return len(p) == len(dir) || dir == "/" || p[len(dir)] == '/'
}

// above reports whether dir is a proper ancestor of p.
func above(dir, p string) bool { return dir != p && contains(dir, p) }
