package policy_test

import (
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/catbox-go/catbox/policy"
)

// Few names, so that rules meet each other and the paths.
var names = []string{"a", "b", "ab", "a-b", "a b", "é", "\xff", "\n", ".a"}

var (
	genPath = rapid.Custom(func(t *rapid.T) string {
		return "/" + strings.Join(rapid.SliceOfN(rapid.SampledFrom(names), 0, 4).Draw(t, "names"), "/")
	})
	genAccess = rapid.Custom(func(t *rapid.T) policy.Access {
		return policy.Access(rapid.IntRange(1, int(all)).Draw(t, "access"))
	})
	genRegexp = rapid.Custom(func(t *rapid.T) string {
		return "~" + strings.Join(rapid.SliceOfN(rapid.SampledFrom([]string{
			"^", "/a", "/b", "/", "(/|$)", ".*", "[ab]", "(?:/a|/ab)", "$", "a?", `\b`, `\B`, "(?i:A)", "(?i:/)", "(?m:^)",
			"(?m:$)", "|", "é", `\x{FFFD}`, `\n`, "[^/]+", "(/b)*", "(/a)+", `\z`, "(^|/)", "(?-s:.)",
		}), 1, 6).Draw(t, "pieces"), "")
	}).Filter(func(s string) bool {
		_, err := policy.ParsePattern(s)
		return err == nil
	})
	genPattern     = rapid.OneOf(genPath, genPath, genRegexp)
	genDestination = rapid.OneOf(
		rapid.SampledFrom([]string{"192.0.2.1:443", "[2001:db8::/32]:443", "10.0.0.0/8", "::1"}),
		rapid.Map(genPath, func(s string) string { return "unix:" + s }),
		rapid.Map(rapid.SampledFrom(names), func(s string) string { return "@" + s }),
	)
)

func genRules(patterns *rapid.Generator[string]) *rapid.Generator[policy.Policy] {
	return rapid.Custom(func(t *rapid.T) policy.Policy {
		var p policy.Policy
		for range rapid.IntRange(0, 8).Draw(t, "rules") {
			a, s := genAccess.Draw(t, "access"), patterns.Draw(t, "pattern")
			switch rapid.SampledFrom([]string{"allow", "allow", "deny", "hide", "hide-name"}).Draw(t, "effect") {
			case "allow":
				p = p.Allow(a, s)
			case "deny":
				p = p.Deny(a, s)
			case "hide-name":
				if !strings.HasPrefix(s, "~") {
					p = p.HideName(s)
				}
			default:
				p = p.Hide(s)
			}
		}
		if err := p.Err(); err != nil {
			t.Fatal(err)
		}
		return p
	})
}

// The model: what the package documentation says, one rule after the other.

func components(p string) []string {
	return strings.FieldsFunc(p, func(r rune) bool { return r == '/' })
}

func modelContains(dir, p string) bool {
	d, c := components(dir), components(p)
	return len(d) <= len(c) && slices.Equal(d, c[:len(d)])
}

func modelMatch(p policy.Pattern, s string) bool {
	if expr, ok := strings.CutPrefix(p.String(), "~"); ok {
		return regexp.MustCompile("(?s)" + expr).MatchString(s)
	}
	return modelContains(p.String(), s)
}

func modelAllows(p policy.Policy, bit policy.Access, s string) bool {
	longest, allowed, decided, expression := -1, false, false, false
	for _, rule := range p.Rules() {
		if rule.Access&bit == 0 || !modelMatch(rule.Pattern, s) {
			continue
		}
		allow := rule.Effect == policy.EffectAllow
		n := len(components(rule.Pattern.String()))
		switch {
		case rule.Pattern.IsRegexp() && !allow:
			return false
		case rule.Pattern.IsRegexp():
			expression = true
		case n > longest:
			longest, allowed, decided = n, allow, true
		case n == longest:
			allowed = allowed && allow
		}
	}
	return allowed || !decided && expression
}

func modelHidden(p policy.Policy, s string) bool {
	hides, allows := -1, -1
	for _, rule := range p.Rules() {
		hide := rule.Effect == policy.EffectHide
		n := len(components(rule.Pattern.String()))
		switch {
		case !modelMatch(rule.Pattern, s):
		case rule.Pattern.IsRegexp() && hide:
			return true
		case rule.Pattern.IsRegexp():
		case hide:
			hides = max(hides, n)
		case rule.Effect == policy.EffectAllow && !modelTakenAway(p, rule):
			allows = max(allows, n)
		}
	}
	return hides >= 0 && hides >= allows
}

// modelTakenAway reports whether every access of an allowed path is denied by
// rules of the same path.
func modelTakenAway(p policy.Policy, allow policy.Rule) bool {
	left := allow.Access
	for _, rule := range p.Rules() {
		if rule.Effect != policy.EffectAllow && rule.Pattern.Equal(allow.Pattern) {
			left &^= rule.Access
		}
	}
	return left == 0
}

func TestDecisionsEqualTheModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, s := genRules(genPattern).Draw(t, "policy"), genPath.Draw(t, "path")
		for a := policy.Access(1); a <= all; a++ {
			want := true
			for _, bit := range []policy.Access{r, w, x} {
				want = want && (a&bit == 0 || modelAllows(p, bit, s))
			}
			if got := p.Allows(a, s); got != want {
				t.Fatalf("Allows(%v, %q) is %v, want %v", a, s, got, want)
			}
		}
		if got, want := p.Hidden(s), modelHidden(p, s); got != want {
			t.Fatalf("Hidden(%q) is %v, want %v", s, got, want)
		}
	})
}

func TestHiddenIsNotAllowed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, s := genRules(genPattern).Draw(t, "policy"), genPath.Draw(t, "path")
		if p.Hidden(s) && (p.Allows(r, s) || p.Allows(w, s) || p.Allows(x, s) || p.AllowsConnect(policy.UnixDestination(s))) {
			t.Fatalf("%q is hidden and allowed", s)
		}
	})
}

func TestOrderOfRulesDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, s := genRules(genPattern).Draw(t, "policy"), genPath.Draw(t, "path")
		q := policy.Policy{}
		for _, rule := range rapid.Permutation(p.Rules()).Draw(t, "order") {
			q = with(q, rule)
		}
		for a := policy.Access(1); a <= all; a++ {
			if p.Allows(a, s) != q.Allows(a, s) || p.LeadsTo(a, s) != q.LeadsTo(a, s) || p.DeniesBelow(a, s) != q.DeniesBelow(a, s) {
				t.Fatalf("%v %q is decided otherwise by\n%v", a, s, q)
			}
		}
		if p.Hidden(s) != q.Hidden(s) {
			t.Fatalf("%q is hidden in one only", s)
		}
	})
}

func with(p policy.Policy, rule policy.Rule) policy.Policy {
	switch s := rule.Pattern.String(); rule.Effect {
	case policy.EffectAllow:
		return p.Allow(rule.Access, s)
	case policy.EffectDeny:
		return p.Deny(rule.Access, s)
	default:
		return p.Hide(s)
	}
}

func TestAllowedPathAllowsWhatIsBelow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, a := genPath.Draw(t, "path"), genAccess.Draw(t, "access")
		below := path.Join(s, genPath.Draw(t, "below"))
		if p := (policy.Policy{}).Allow(a, s); !p.Allows(a, s) || !p.Allows(a, below) || p.DeniesBelow(a, s) {
			t.Fatalf("%q or %q is denied", s, below)
		}
	})
}

func TestNothingIsDeniedBelowWhereDeniesBelowIsFalse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := genRules(genPattern).Draw(t, "policy")
		s, a := genPath.Draw(t, "path"), genAccess.Draw(t, "access")
		below := path.Join(s, genPath.Draw(t, "below"))
		if !p.DeniesBelow(a, s) && below != s && !p.Allows(a, below) {
			t.Fatalf("below %q, %v %q is denied", s, a, below)
		}
		if !p.Restricts(a) && !p.Allows(a, below) {
			t.Fatalf("%v is not restricted, but %q is denied", a, below)
		}
	})
}

func TestLeadsToEqualsTheModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, s := genRules(genPath).Draw(t, "policy"), genPath.Draw(t, "path")
		for _, bit := range []policy.Access{r, w, x} {
			want := slices.ContainsFunc(p.Rules(), func(rule policy.Rule) bool {
				to := rule.Pattern.Literal()
				return rule.Effect == policy.EffectAllow && rule.Access&bit != 0 &&
					to != s && modelContains(s, to) && p.Allows(bit, to)
			})
			if got := p.LeadsTo(bit, s); got != want {
				t.Fatalf("LeadsTo(%v, %q) is %v, want %v", bit, s, got, want)
			}
		}
	})
}

func TestMatchesLieBelowTheLiteral(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, err := policy.ParsePattern(genPattern.Draw(t, "pattern"))
		if err != nil {
			t.Fatal(err)
		}
		s := genPath.Draw(t, "path")
		if got, want := p.Match(s), modelMatch(p, s); got != want {
			t.Fatalf("matches %q: %v, want %v", s, got, want)
		}
		if p.Match(s) && !modelContains(p.Literal(), s) {
			t.Fatalf("matches %q, which is not below %q", s, p.Literal())
		}
	})
}

// genHopeless are expressions that were refused as matching no path.
var genHopeless = rapid.Map(rapid.SliceOfN(rapid.SampledFrom([]string{
	"^", "a", "/a", "/", "/\\.", "/\\.\\.", "$", "b|", "(?m:^)", "(?m:$)", ".", "(^|/)", "\\b", "a*",
}), 1, 5), func(pieces []string) string { return strings.Join(pieces, "") }).Filter(func(expr string) bool {
	_, err := policy.ParsePattern("~" + expr)
	return err != nil && strings.Contains(err.Error(), "no canonical path")
})

func TestRefusedExpressionsMatchNoCanonicalPath(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		expr, s := genHopeless.Draw(t, "expression"), genPath.Draw(t, "path")
		if regexp.MustCompile("(?s)" + expr).MatchString(s) {
			t.Fatalf("%q was refused but matches %q", expr, s)
		}
	})
}

func TestTextIsReadBack(t *testing.T) {
	anyPath := rapid.Map(rapid.SliceOf(rapid.ByteRange(1, 255)), func(b []byte) string { return "/" + string(b) })
	rapid.Check(t, func(t *rapid.T) {
		p := genRules(rapid.OneOf(anyPath, genPattern)).Draw(t, "policy").
			WithNetwork(rapid.SampledFrom([]policy.Network{policy.NetworkNone, policy.NetworkIsolated, policy.NetworkHost}).Draw(t, "network")).
			WithAction(rapid.SampledFrom([]policy.Action{policy.Deny, policy.Log, policy.Stop}).Draw(t, "action"))
		for _, s := range rapid.SliceOfN(genDestination, 0, 3).Draw(t, "destinations") {
			d, err := policy.ParseDestination(s)
			if err != nil {
				t.Fatal(err)
			}
			p = p.AllowConnect(d)
		}
		text := p.String()
		q, err := policy.Parse(text)
		if err != nil || !q.Equal(p) || q.String() != text {
			t.Fatalf("%v\n%vwas\n%v", err, q, text)
		}
		if strings.Count(text, "\n") != 2+len(p.Rules())+len(p.Destinations()) {
			t.Fatalf("not a line each:\n%s", text)
		}
	})
}
