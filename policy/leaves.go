package policy

import (
	"regexp/syntax"
	"unicode"
	"unicode/utf8"
)

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
	begin bool // ^, or not at the beginning
	end   bool // $
}

// walk follows what consumes nothing.
type walk struct {
	prog   *syntax.Prog
	start  bool // at the beginning of the path
	seen   map[place]bool
	leaves leaves
}

// follow returns what can come after the instructions pcs; start says that
// they are at the beginning of the path.
func follow(prog *syntax.Prog, start bool, pcs ...uint32) leaves {
	w := walk{prog: prog, start: start, seen: map[place]bool{}}
	for _, pc := range pcs {
		w.visit(place{pc: pc, begin: !start})
	}
	return w.leaves
}

func (w *walk) visit(at place) {
	if w.seen[at] {
		return
	}
	w.seen[at] = true
	in := &w.prog.Inst[at.pc]
	switch in.Op {
	case syntax.InstFail:
	case syntax.InstAlt, syntax.InstAltMatch:
		w.visit(place{in.Out, at.begin, at.end})
		w.visit(place{in.Arg, at.begin, at.end})
	case syntax.InstCapture, syntax.InstNop:
		w.visit(place{in.Out, at.begin, at.end})
	case syntax.InstEmptyWidth:
		w.assert(in, at)
	default:
		w.leaves.add(in, at)
	}
}

// assert goes past an assertion, but for ^ within the path.
func (w *walk) assert(in *syntax.Inst, at place) {
	at.pc = in.Out
	switch syntax.EmptyOp(in.Arg) {
	case syntax.EmptyBeginText:
		if !w.start {
			return
		}
		at.begin = true
	case syntax.EmptyEndText:
		at.end = true
	}
	w.visit(at)
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
