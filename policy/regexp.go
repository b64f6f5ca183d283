package policy

import (
	"errors"
	"regexp"
	"regexp/syntax"
	"strings"
)

// forced is what the beginning of an expression says of every path that it
// matches.
type forced struct {
	prefix string // every match begins with it; "" if the expression is not anchored
	dir    string // every match is at or below it
	open   bool   // whatever extends a match is a match too
}

var errNever = errors.New("can match no canonical path: those begin with / and have no empty, . or .. components")

// Paths longer than PATH_MAX reach no system call, so no longer prefix helps.
const pathMax = 4096

// compile makes "." match a newline too, since a file name can hold one: a
// rule that denies must not be passed by it.
func compile(expr string) (*regexp.Regexp, forced, error) {
	tree, err := syntax.Parse(expr, syntax.Perl|syntax.DotNL)
	if err != nil {
		return nil, forced{}, explain(expr, err)
	}
	prog, err := syntax.Compile(withoutIdleEnd(tree).Simplify())
	if err != nil {
		return nil, forced{}, err
	}
	f, err := analyse(prog)
	if err != nil {
		return nil, forced{}, err
	}
	re, err := regexp.Compile("(?s)" + expr)
	return re, f, err
}

// withoutIdleEnd drops a $ that comes after .* or .+ at the end: the path may go
// on as it likes with it and without.
func withoutIdleEnd(tree *syntax.Regexp) *syntax.Regexp {
	n := len(tree.Sub)
	if tree.Op != syntax.OpConcat || n < 2 || tree.Sub[n-1].Op != syntax.OpEndText {
		return tree
	}
	before := tree.Sub[n-2]
	if (before.Op != syntax.OpStar && before.Op != syntax.OpPlus) || before.Sub[0].Op != syntax.OpAnyChar {
		return tree
	}
	trimmed := *tree
	trimmed.Sub = tree.Sub[:n-1]
	return &trimmed
}

// analyse runs prog for as long as only one character can come next.
func analyse(prog *syntax.Prog) (forced, error) {
	var prefix strings.Builder
	next := follow(prog, true, uint32(prog.Start))
	if next.unanchored {
		return forced{dir: "/", open: isOpen(prog)}, nil
	}
	for prefix.Len() < pathMax {
		r, ok := next.only()
		if !ok {
			break
		}
		prefix.WriteRune(r)
		next = follow(prog, false, next.outs()...)
	}
	s := prefix.String()
	if next.dead() || neverCanonical(s, next) {
		return forced{}, errNever
	}
	return forced{prefix: s, dir: forcedDir(s, next), open: isOpen(prog)}, nil
}

// forcedDir returns the directory of all paths that begin with prefix and go
// on with next.
func forcedDir(prefix string, next leaves) string {
	if !next.component() {
		prefix = prefix[:strings.LastIndexByte(prefix, '/')+1]
	}
	if dir := strings.TrimRight(prefix, "/"); dir != "" {
		return dir
	}
	return "/"
}

func neverCanonical(prefix string, next leaves) bool {
	if prefix == "" {
		return !next.canBe('/')
	}
	return prefix[0] != '/' || strings.Contains(prefix, "//") ||
		strings.Contains(prefix, "/./") || strings.Contains(prefix, "/../")
}

// isOpen reports whether prog asserts nothing about what comes after a
// character, so that a match stays one however the path goes on.
func isOpen(prog *syntax.Prog) bool {
	const behind = syntax.EmptyBeginText | syntax.EmptyBeginLine
	for _, in := range prog.Inst {
		if in.Op == syntax.InstEmptyWidth && syntax.EmptyOp(in.Arg)&^behind != 0 {
			return false
		}
	}
	return true
}
