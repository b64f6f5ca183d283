// Package lazyregexp has regular expressions that are compiled when they are
// first used: a program that has many of them, and seldom uses any, starts sooner.
package lazyregexp

import (
	"regexp"
	"sync"
)

// Regexp is a regular expression. It can be used by several goroutines.
type Regexp struct {
	expr     string
	compiled func() *regexp.Regexp
}

// New returns the expression. A bad one panics when it is used.
func New(expr string) *Regexp {
	return &Regexp{expr, sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expr) })}
}

// String is the expression.
func (r *Regexp) String() string { return r.expr }

// Get is the compiled expression.
func (r *Regexp) Get() *regexp.Regexp { return r.compiled() }

// MatchString is as in regexp.
func (r *Regexp) MatchString(s string) bool { return r.compiled().MatchString(s) }

// FindStringSubmatch is as in regexp.
func (r *Regexp) FindStringSubmatch(s string) []string { return r.compiled().FindStringSubmatch(s) }
