package policy

import (
	"cmp"
	"slices"
	"strings"
)

// index is the rules, arranged for deciding: the prefixes as a tree, each
// with the verdict for what is directly below it, and the expressions.
//
// The tree is a slice in the order of a walk from the root, so that what is
// below a path is next to it, and the last prefix at or before a path is at or
// below every prefix that contains it.
type index struct {
	nodes []node
	allow []Rule // regular expressions
	deny  []Rule // regular expressions, those of rules that hide too
}

// node is all prefix rules of one path.
type node struct {
	path   string
	parent int     // the longest other prefix that contains path, or -1
	own    verdict // of these rules
	all    verdict // and, where they are silent, of the parents
}

// verdict is what prefix rules decide. The kinds of access in neither allow
// nor deny are undecided.
type verdict struct {
	allow, deny Access
	hide        bool
}

func newIndex(rules []Rule) *index {
	x := &index{}
	own := map[string]verdict{}
	for _, r := range rules {
		switch {
		case !r.Pattern.IsRegexp():
			own[r.Pattern.text] = own[r.Pattern.text].with(r)
		case r.Effect == EffectAllow:
			x.allow = append(x.allow, r)
		default:
			x.deny = append(x.deny, r)
		}
	}
	for path, v := range own {
		v.allow &^= v.deny // a deny wins a tie
		x.nodes = append(x.nodes, node{path: path, own: v})
	}
	slices.SortFunc(x.nodes, func(a, b node) int { return compare(a.path, b.path) })
	for i := range x.nodes {
		x.inherit(i)
	}
	return x
}

func (v verdict) with(r Rule) verdict {
	switch r.Effect {
	case EffectAllow:
		v.allow |= r.Access
	case EffectHide:
		v.hide = true
		fallthrough
	default:
		v.deny |= r.Access
	}
	return v
}

// inherit fills in the parent of node i and what it gets from there; the
// nodes before it are done.
func (x *index) inherit(i int) {
	n := &x.nodes[i]
	n.parent = x.climb(i-1, n.path)
	n.all = n.own
	if n.parent < 0 {
		return
	}
	up := x.nodes[n.parent].all
	open := allAccess &^ (n.own.allow | n.own.deny)
	n.all.allow |= up.allow & open
	n.all.deny |= up.deny & open
	n.all.hide = n.own.hide || up.hide && n.own.allow == 0
}

// climb returns the first of node i and its ancestors that contains path, or -1.
func (x *index) climb(i int, path string) int {
	for i >= 0 && !contains(x.nodes[i].path, path) {
		i = x.nodes[i].parent
	}
	return i
}

// search returns the position of the first node that comes after path.
func (x *index) search(path string) int {
	i, j := 0, len(x.nodes)
	for i < j {
		m := int(uint(i+j) / 2)
		if compare(x.nodes[m].path, path) <= 0 {
			i = m + 1
		} else {
			j = m
		}
	}
	return i
}

// prefixes returns what the prefix rules decide on path.
func (x *index) prefixes(path string) verdict {
	if i := x.climb(x.search(path)-1, path); i >= 0 {
		return x.nodes[i].all
	}
	return verdict{}
}

// below returns the nodes properly below path.
func (x *index) below(path string) []node {
	i := x.search(path)
	j := i
	for j < len(x.nodes) && above(path, x.nodes[j].path) {
		j++
	}
	return x.nodes[i:j]
}

// compare orders clean absolute paths as a walk from the root does: "/" comes
// before every other byte, so that /a/b lies between /a and /a-b. There is no
// NUL in a path to come before it.
func compare(a, b string) int {
	i := 0
	for i < len(a) && i < len(b) && a[i] == b[i] {
		i++
	}
	if i == len(a) || i == len(b) {
		return cmp.Compare(len(a), len(b))
	}
	return cmp.Compare(rank(a[i]), rank(b[i]))
}

func rank(c byte) byte {
	if c == '/' {
		return 0
	}
	return c
}

// isCanonical reports whether s has the form of a canonical path: absolute,
// without NUL and without empty, "." and ".." components.
func isCanonical(s string) bool {
	if s == "/" {
		return true
	}
	if s == "" || s[0] != '/' || strings.IndexByte(s, 0) >= 0 {
		return false
	}
	for i := 0; i < len(s); {
		end := strings.IndexByte(s[i+1:], '/')
		if end < 0 {
			end = len(s) - i - 1
		}
		if name := s[i+1 : i+1+end]; name == "" || name == "." || name == ".." {
			return false
		}
		i += 1 + end
	}
	return true
}
