package policy

import "slices"

// Allows reports whether every access of a to the canonical path is allowed.
// It is false for no access, for an unknown one, and for a path that cannot be
// canonical, such as one with a ".." or the "pipe:[4026]" of proc_pid_fd(5).
func (p Policy) Allows(a Access, canonical string) bool {
	if p.index == nil || !a.valid() || !isCanonical(canonical) {
		return false
	}
	v := p.index.prefixes(canonical)
	if a&v.deny != 0 || matchAny(p.index.deny, a, canonical) {
		return false
	}
	return matchAll(p.index.allow, a&^v.allow, canonical)
}

// matchAny reports whether an expression for some access of a matches.
func matchAny(rules []Rule, a Access, canonical string) bool {
	for i := range rules {
		if rules[i].Access&a != 0 && rules[i].Pattern.Match(canonical) {
			return true
		}
	}
	return false
}

// matchAll reports whether for every access of a an expression matches.
func matchAll(rules []Rule, a Access, canonical string) bool {
	for i := 0; i < len(rules) && a != 0; i++ {
		if rules[i].Access&a != 0 && rules[i].Pattern.Match(canonical) {
			a &^= rules[i].Access
		}
	}
	return a == 0
}

// Hidden reports whether the canonical path is not there: a regular expression
// hides it, or the longest path that contains it and that is hidden or allowed
// in some way is hidden. What is hidden is allowed for no access.
func (p Policy) Hidden(canonical string) bool {
	if p.err != nil {
		return true
	}
	if p.index == nil {
		return false
	}
	for i := range p.index.deny {
		r := &p.index.deny[i]
		if r.Effect == EffectHide && r.Pattern.Match(canonical) {
			return true
		}
	}
	return p.index.prefixes(canonical).hide
}

// LeadsTo reports whether, for every access of a, the canonical path is a
// proper ancestor of a path that a rule allows. Of a regular expression only
// the anchored beginning counts: ~^/src/build-[0-9]+/ is led to by /src and
// "/", and every expression by "/".
//
// With it, mkdir(2) of an ancestor of a writable path can answer EEXIST, which
// "mkdir -p" takes for success, in place of EACCES.
func (p Policy) LeadsTo(a Access, canonical string) bool {
	if p.index == nil || !a.valid() {
		return false
	}
	for _, n := range p.index.below(canonical) {
		a &^= n.own.allow
	}
	for i := range p.index.allow {
		r := &p.index.allow[i]
		if canonical == "/" || above(canonical, r.Pattern.prefix) {
			a &^= r.Access
		}
	}
	return a == 0
}

// DeniesBelow reports whether some access of a may be denied on a path
// properly below the canonical one. If it is false, everything below is
// allowed, and the directory can be renamed without carrying anything along
// that may not be touched. It is true in doubt: a regular expression that
// denies could match, or one that allows the directory itself says with $ or
// \b how a path ends.
func (p Policy) DeniesBelow(a Access, canonical string) bool {
	if p.index == nil || !a.valid() || !isCanonical(canonical) {
		return true
	}
	for _, n := range p.index.below(canonical) {
		if n.own.deny&a != 0 {
			return true
		}
	}
	for i := range p.index.deny {
		r := &p.index.deny[i]
		if r.Access&a != 0 && r.Pattern.overlaps(canonical) {
			return true
		}
	}
	return !p.index.allowsTree(a, canonical)
}

// overlaps reports whether p could match something below the directory.
func (p Pattern) overlaps(dir string) bool { return contains(dir, p.dir) || contains(p.dir, dir) }

// allowsTree reports whether every access of a is allowed on the path and on
// all that is below it, as far as no rule below it and no expression denies it.
func (x *index) allowsTree(a Access, canonical string) bool {
	v := x.prefixes(canonical)
	if a&v.deny != 0 {
		return false
	}
	a &^= v.allow
	for i := range x.allow {
		r := &x.allow[i]
		if r.Access&a != 0 && r.Pattern.open && r.Pattern.Match(canonical) {
			a &^= r.Access
		}
	}
	return a == 0
}

// Restricts reports whether some access of a could be denied on some path. It
// is false if "/" is allowed for all of a and no rule denies any of it.
func (p Policy) Restricts(a Access) bool { return !p.Allows(a, "/") || p.DeniesBelow(a, "/") }

// AllowsConnect reports whether connecting to d is allowed.
//
// A unix socket with a path is allowed if it is not hidden and either a
// destination contains it or the path may be written, which is what the kernel
// asks for; see unix(7). Any other destination is allowed if it is contained in
// one that was given to [Policy.AllowConnect]; if none of its kind (address,
// abstract socket) was given, it is allowed with [NetworkIsolated] and
// [NetworkHost]. With [NetworkNone] no address is allowed, whatever was given.
func (p Policy) AllowsConnect(d Destination) bool {
	switch {
	case p.err != nil || d.kind == noDestination:
		return false
	case d.kind == unixPath && (p.Hidden(d.name) || !isCanonical(d.name)):
		return false
	case d.kind == unixPath && p.Allows(Write, d.name):
		return true
	case d.kind == address && p.network == NetworkNone:
		return false
	case d.kind != unixPath && !p.listsKind(d.kind):
		return p.network != NetworkNone
	}
	return p.Lists(d)
}

// listsKind reports whether any destination of the kind was given.
func (p Policy) listsKind(k kind) bool {
	return slices.ContainsFunc(p.destinations, func(d Destination) bool { return d.kind == k })
}

// Lists reports whether d is contained in a destination that was given to
// [Policy.AllowConnect]. With [NetworkIsolated] it says what may be reached
// beyond the command's own network.
func (p Policy) Lists(d Destination) bool {
	for i := range p.destinations {
		if p.destinations[i].covers(d) {
			return true
		}
	}
	return false
}
