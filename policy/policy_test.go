package policy_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/catbox-go/catbox/policy"
)

const (
	r   = policy.Read
	w   = policy.Write
	x   = policy.Exec
	all = r | w | x
)

func TestZeroPolicyAllowsNothing(t *testing.T) {
	var p policy.Policy
	for _, path := range []string{"/", "/a", "/a/b"} {
		for _, a := range []policy.Access{r, w, x, all} {
			if p.Allows(a, path) {
				t.Errorf("Allows(%v, %q)", a, path)
			}
			if !p.DeniesBelow(a, path) {
				t.Errorf("not DeniesBelow(%v, %q)", a, path)
			}
			if p.LeadsTo(a, path) {
				t.Errorf("LeadsTo(%v, %q)", a, path)
			}
		}
		if p.Hidden(path) {
			t.Errorf("Hidden(%q)", path)
		}
	}
	if !p.Restricts(r) || p.Network() != policy.NetworkNone || p.Action() != policy.Deny || p.Err() != nil {
		t.Errorf("zero policy is %v", p)
	}
}

func TestBadRuleIsKeptAndAllowsNothing(t *testing.T) {
	tests := []struct {
		name string
		p    policy.Policy
		want string
	}{
		{"relative", policy.Policy{}.Allow(w, "tmp/x"), `allow: "tmp/x": must be absolute: want a path that begins with /, or ~ and a regular expression`},
		{"empty", policy.Policy{}.Deny(w, ""), `deny: "": empty: want an absolute path, or ~ and a regular expression`},
		{"empty expression", policy.Policy{}.Hide("~"), `hide: "~": empty regular expression: want one after ~`},
		{"NUL", policy.Policy{}.Hide("/a\x00b"), `hide: "/a\x00b": holds a NUL, which no path can`},
		{"no access", policy.Policy{}.Allow(0, "/a"), `allow nothing /a: want read, write or exec, joined by |`},
		{"unknown access", policy.Policy{}.Deny(w|8, "/a b"), `deny write|0x8 "/a b": want read, write or exec, joined by |`},
		{"network", policy.Policy{}.WithNetwork(9), `network 0x9: want none, isolated or host`},
		{"action", policy.Policy{}.WithAction(9), `action 0x9: want deny, log or stop`},
		{"destination", policy.Policy{}.AllowConnect(policy.Destination{}), `connect: the zero Destination: want one that ParseDestination returned`},
		{"after a good rule", policy.Everything().Deny(w, "x"), `deny: "x": must be absolute: want a path that begins with /, or ~ and a regular expression`},
		{"first of two", policy.Policy{}.Allow(r, "one").Allow(r, "two"), `allow: "one": must be absolute: want a path that begins with /, or ~ and a regular expression`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			// Everything that follows the mistake must be without effect.
			p := test.p.Allow(all, "/").WithNetwork(policy.NetworkHost)
			if err := p.Err(); err == nil || err.Error() != test.want {
				t.Errorf("Err is\n%v, want\n%v", err, test.want)
			}
			if p.Allows(r, "/") || !p.Hidden("/") || !p.Restricts(r) || p.AllowsConnect(destination(t, "192.0.2.1:443")) {
				t.Error("allows something")
			}
			if p.Equal(p) {
				t.Error("equals itself")
			}
			if _, err := policy.Parse(p.String()); err == nil {
				t.Errorf("Parse accepts\n%v", p)
			}
			if _, err := p.Resolve(itself); !errors.Is(err, p.Err()) {
				t.Errorf("Resolve returns the error %v", err)
			}
		})
	}
}

func TestCopiesDoNotShareRules(t *testing.T) {
	base := policy.Policy{}
	for _, s := range []string{"a", "b", "c", "d", "e"} { // one by one, which leaves room behind the last
		base = base.Allow(r, "/"+s).AllowConnect(destination(t, "@"+s))
	}
	one := base.Allow(w, "/one").AllowConnect(destination(t, "@one"))
	two := base.Allow(w, "/two").AllowConnect(destination(t, "@two"))
	if !one.Allows(w, "/one") || one.Allows(w, "/two") || !two.Allows(w, "/two") || two.Allows(w, "/one") || base.Allows(w, "/one") {
		t.Errorf("base:\n%vone:\n%vtwo:\n%v", base, one, two)
	}
	for _, line := range []string{"allow write /one\n", "connect @one\n"} {
		if !strings.Contains(one.String(), line) {
			t.Errorf("%q is not in\n%v", line, one)
		}
	}
	one.Rules()[0] = policy.Rule{}
	one.Destinations()[0] = policy.Destination{}
	if want := base.Allow(w, "/one").AllowConnect(destination(t, "@one")); !one.Equal(want) {
		t.Errorf("changed through what Rules and Destinations returned:\n%v", one)
	}
}

func TestRulesAreInOrder(t *testing.T) {
	p := policy.Policy{}.Allow(r|x, "/usr/", "/lib").Deny(w, "/usr").Hide("~^/home/[^/]+/.ssh").HideName("/usr/bin/cc")
	want := []policy.Rule{
		{Access: r | x, Effect: policy.EffectAllow, Pattern: pattern(t, "/usr")},
		{Access: r | x, Effect: policy.EffectAllow, Pattern: pattern(t, "/lib")},
		{Access: w, Effect: policy.EffectDeny, Pattern: pattern(t, "/usr")},
		{Access: all, Effect: policy.EffectHide, Pattern: pattern(t, "~^/home/[^/]+/.ssh")},
		{Access: all, Effect: policy.EffectHide, Pattern: pattern(t, "/usr/bin/cc"), Name: true},
	}
	if diff := cmp.Diff(want, p.Rules()); diff != "" {
		t.Error(diff)
	}
}

func TestPresets(t *testing.T) {
	everything, readOnly := policy.Everything(), policy.ReadOnly()
	if everything.Err() != nil || everything.Restricts(all) || everything.Network() != policy.NetworkHost {
		t.Errorf("Everything:\n%v", everything)
	}
	if readOnly.Err() != nil || readOnly.Restricts(r|x) || !readOnly.Restricts(w) ||
		readOnly.Allows(w, "/") || readOnly.Network() != policy.NetworkIsolated {
		t.Errorf("ReadOnly:\n%v", readOnly)
	}
}

func TestNames(t *testing.T) {
	for _, n := range []policy.Network{policy.NetworkNone, policy.NetworkIsolated, policy.NetworkHost} {
		if got, err := policy.ParseNetwork(n.String()); err != nil || got != n {
			t.Errorf("ParseNetwork(%q) is %v, %v", n, got, err)
		}
	}
	for _, a := range []policy.Action{policy.Deny, policy.Log, policy.Stop} {
		if got, err := policy.ParseAction(a.String()); err != nil || got != a {
			t.Errorf("ParseAction(%q) is %v, %v", a, got, err)
		}
	}
	for a := policy.Access(1); a <= all; a++ {
		if got, err := policy.ParseAccess(a.String()); err != nil || got != a {
			t.Errorf("ParseAccess(%q) is %v, %v", a, got, err)
		}
	}
	if got := (r | w).String(); got != "read|write" {
		t.Errorf("String is %q", got)
	}
	if got := policy.EffectHide.String(); got != "hide" {
		t.Errorf("String is %q", got)
	}
}

func TestBadNamesNameTheGoodOnes(t *testing.T) {
	_, network := policy.ParseNetwork("Host")
	_, action := policy.ParseAction("")
	_, access := policy.ParseAccess("read|")
	for _, test := range []struct {
		err  error
		want string
	}{
		{network, `network "Host": want none, isolated or host`},
		{action, `action "": want deny, log or stop`},
		{access, `access "read|": want read, write or exec, joined by |`},
	} {
		if test.err == nil || test.err.Error() != test.want {
			t.Errorf("got %v, want %v", test.err, test.want)
		}
	}
}

func itself(path string) (string, error) { return path, nil }

func pattern(t testing.TB, s string) policy.Pattern {
	t.Helper()
	p, err := policy.ParsePattern(s)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func destination(t testing.TB, s string) policy.Destination {
	t.Helper()
	d, err := policy.ParseDestination(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func parse(t testing.TB, text string) policy.Policy {
	t.Helper()
	p, err := policy.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return p
}
