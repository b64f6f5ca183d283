package policy

import (
	"errors"
	"fmt"
	"slices"
)

// Policy says what a command may do. Its zero value allows nothing. The
// methods that change it return a copy; a Policy can be used by several
// goroutines at once.
type Policy struct {
	rules        []Rule
	index        *index // what the rules decide; nil denies everything
	destinations []Destination
	network      Network
	action       Action
	err          error // the first bad rule; index is nil then
}

// Everything allows every access to every path, and the network of the caller.
func Everything() Policy {
	return Policy{}.Allow(allAccess, "/").WithNetwork(NetworkHost)
}

// ReadOnly allows reading and executing everything, writing nothing, and a
// network with only loopback.
func ReadOnly() Policy {
	return Policy{}.Allow(Read|Exec, "/").WithNetwork(NetworkIsolated)
}

// Rule is what Allow, Deny, Hide and HideName add, one for each path. The Access of a
// rule that hides is everything.
type Rule struct {
	Access  Access
	Effect  Effect
	Pattern Pattern
	// Name: see [Policy.HideName].
	Name bool
}

// Allow returns a copy that allows the accesses of a on what each of the
// paths matches. A path is read by [ParsePattern]; a bad one is kept as the
// error that [Policy.Err] returns.
func (p Policy) Allow(a Access, paths ...string) Policy { return p.with(EffectAllow, a, paths) }

// Deny returns a copy that denies the accesses of a on what each of the paths
// matches. It wins over an Allow of the same or a shorter path.
func (p Policy) Deny(a Access, paths ...string) Policy { return p.with(EffectDeny, a, paths) }

// Hide returns a copy in which what each of the paths matches is not there:
// every access to it is denied. Only an Allow of a longer path wins over it.
func (p Policy) Hide(paths ...string) Policy { return p.with(EffectHide, allAccess, paths) }

// HideName is like Hide, but of a path whose last component is a symbolic link
// the link alone is not there: what it leads to has other names, by which it stays. An
// expression names nothing and is an error.
func (p Policy) HideName(paths ...string) Policy {
	rules := slices.Clone(p.rules)
	for _, s := range paths {
		r, err := newNameRule(s)
		if err != nil {
			return p.withError(err)
		}
		rules = append(rules, r)
	}
	return p.withRules(rules)
}

func newNameRule(s string) (Rule, error) {
	r, err := newRule(EffectHide, allAccess, s)
	if err == nil && r.Pattern.IsRegexp() {
		err = fmt.Errorf("hide-name %s: want a path, not an expression", quoteIfNeeded(s))
	}
	r.Name = true
	return r, err
}

func (p Policy) with(e Effect, a Access, paths []string) Policy {
	rules := slices.Clone(p.rules)
	for _, s := range paths {
		r, err := newRule(e, a, s)
		if err != nil {
			return p.withError(err)
		}
		rules = append(rules, r)
	}
	return p.withRules(rules)
}

func (p Policy) withRules(rules []Rule) Policy {
	if p.err == nil {
		p.rules, p.index = rules, newIndex(rules)
	}
	return p
}

// withError keeps the first error. A policy that lost a rule must not be
// wider than what was asked for, so it allows nothing.
func (p Policy) withError(err error) Policy {
	if p.err == nil {
		p.err, p.index = err, nil
	}
	return p
}

func newRule(e Effect, a Access, s string) (Rule, error) {
	pattern, err := ParsePattern(s)
	if err != nil {
		return Rule{}, fmt.Errorf("%v: %w", e, err)
	}
	if !a.valid() {
		return Rule{}, fmt.Errorf("%v %v %s: want %s, joined by |", e, a, quoteIfNeeded(s), orList(accessNames))
	}
	return Rule{Access: a, Effect: e, Pattern: pattern}, nil
}

// WithNetwork returns a copy with the network n.
func (p Policy) WithNetwork(n Network) Policy {
	if int(n) >= len(networkNames) {
		return p.withError(fmt.Errorf("network %v: want %s", n, orList(networkNames)))
	}
	p.network = n
	return p
}

// Network returns the network; that of the zero Policy is [NetworkNone].
func (p Policy) Network() Network { return p.network }

// WithAction returns a copy with the action a on a violation.
func (p Policy) WithAction(a Action) Policy {
	if int(a) >= len(actionNames) {
		return p.withError(fmt.Errorf("action %v: want %s", a, orList(actionNames)))
	}
	p.action = a
	return p
}

// Action returns what happens on a violation; that of the zero Policy is [Deny].
func (p Policy) Action() Action { return p.action }

// AllowConnect returns a copy that allows connecting to the destinations:
// see [Policy.AllowsConnect].
func (p Policy) AllowConnect(dest ...Destination) Policy {
	if slices.Contains(dest, Destination{}) {
		return p.withError(errors.New("connect: the zero Destination: want one that ParseDestination returned"))
	}
	p.destinations = slices.Concat(p.destinations, dest)
	return p
}

// Destinations returns a copy of the destinations.
func (p Policy) Destinations() []Destination { return slices.Clone(p.destinations) }

// Err returns the error of the first bad rule, or nil. A policy with an error
// allows nothing.
func (p Policy) Err() error { return p.err }

// Rules returns a copy of the rules, in the order in which they were added.
func (p Policy) Rules() []Rule { return slices.Clone(p.rules) }

// Equal reports whether p and q have equal rules and destinations in the same
// order, the same network and the same action. A policy with an error equals
// none.
func (p Policy) Equal(q Policy) bool {
	return p.err == nil && q.err == nil &&
		p.network == q.network && p.action == q.action &&
		slices.Equal(p.destinations, q.destinations) &&
		slices.EqualFunc(p.rules, q.rules, Rule.Equal)
}

// Equal reports whether r and s are about the same, with the same effect.
func (r Rule) Equal(s Rule) bool {
	return r.Access == s.Access && r.Effect == s.Effect && r.Name == s.Name && r.Pattern.Equal(s.Pattern)
}
