package policy

import (
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"strings"
	"unicode"
	"unicode/utf8"
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
	prog, err := syntax.Compile(tree.Simplify())
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

// leaves are the instructions that can come next, once those that consume
// nothing are followed. Assertions on words and lines are taken as true, so
// there may be more of them than can happen, never fewer.
type leaves struct {
	runes      []*syntax.Inst
	match      bool // the expression can end here, and the path go on
	end        bool // the expression can end here if the path does
	unanchored bool // something was reached without ^
}

// place is an instruction and the assertions passed on the way to it.
type place struct {
	pc    uint32
	begin bool
	end   bool
}

// follow returns what can come after the instructions pcs; start says that
// they are at the beginning of the path.
func follow(prog *syntax.Prog, start bool, pcs ...uint32) leaves {
	var l leaves
	seen := map[place]bool{}
	var visit func(place)
	visit = func(at place) {
		if seen[at] {
			return
		}
		seen[at] = true
		in := &prog.Inst[at.pc]
		switch in.Op {
		case syntax.InstAlt, syntax.InstAltMatch:
			visit(place{in.Out, at.begin, at.end})
			visit(place{in.Arg, at.begin, at.end})
		case syntax.InstCapture, syntax.InstNop:
			visit(place{in.Out, at.begin, at.end})
		case syntax.InstEmptyWidth:
			if to, ok := at.assert(in, start); ok {
				visit(to)
			}
		case syntax.InstFail:
		default:
			l.add(in, at)
		}
	}
	for _, pc := range pcs {
		visit(place{pc: pc, begin: !start})
	}
	return l
}

// assert passes the assertion in; it fails for ^ within the path.
func (at place) assert(in *syntax.Inst, start bool) (place, bool) {
	at.pc = in.Out
	switch op := syntax.EmptyOp(in.Arg); {
	case op&syntax.EmptyBeginText != 0:
		at.begin = true
		return at, start
	case op&syntax.EmptyEndText != 0:
		at.end = true
	}
	return at, true
}

func (l *leaves) add(in *syntax.Inst, at place) {
	l.unanchored = l.unanchored || !at.begin
	switch {
	case in.Op == syntax.InstMatch && at.end:
		l.end = true
	case in.Op == syntax.InstMatch:
		l.match = true
	case !at.end: // nothing comes after the end
		l.runes = append(l.runes, in)
	}
}

// only returns the one character that must come next, if it is one.
func (l leaves) only() (rune, bool) {
	if l.match || l.end || len(l.runes) == 0 {
		return 0, false
	}
	first, ok := single(l.runes[0])
	for _, in := range l.runes {
		r, one := single(in)
		ok = ok && one && r == first
	}
	return first, ok
}

// single returns the only character that in consumes. It is not U+FFFD, which
// stands for any byte that is not UTF-8, too.
func single(in *syntax.Inst) (rune, bool) {
	one := len(in.Rune) == 1 || len(in.Rune) == 2 && in.Rune[0] == in.Rune[1]
	if !one || in.Rune[0] == utf8.RuneError {
		return 0, false
	}
	r := in.Rune[0]
	fold := in.Op == syntax.InstRune && syntax.Flags(in.Arg)&syntax.FoldCase != 0
	return r, !fold || unicode.SimpleFold(r) == r
}

func (l leaves) outs() []uint32 {
	var pcs []uint32
	for _, in := range l.runes {
		pcs = append(pcs, in.Out)
	}
	return pcs
}

// component reports whether the path ends here or goes on with a "/".
func (l leaves) component() bool {
	for _, in := range l.runes {
		if r, ok := single(in); !ok || r != '/' {
			return false
		}
	}
	return !l.match
}

func (l leaves) dead() bool { return len(l.runes) == 0 && !l.match && !l.end }

// canBe reports whether r can come next.
func (l leaves) canBe(r rune) bool {
	for _, in := range l.runes {
		if in.MatchRune(r) {
			return true
		}
	}
	return l.match
}

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
