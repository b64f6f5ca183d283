package policy_test

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/catbox-go/catbox/policy"
)

func FuzzParse(f *testing.F) {
	for _, text := range []string{
		"",
		policy.Everything().String(),
		policy.ReadOnly().Hide("/a b", "/\xff\n").Deny(w, "~x$").String(),
		"# text\n\nallow  read \"/a\\tb\"\nconnect 192.0.2.0/24:443\nconnect @x\nconnect \"unix:/a b\"\n",
		"hide \"/a",
		"allow read|write|exec ~^/src/(a|b)+\\.o$\r\n",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := policy.Parse(text)
		if err != nil {
			if p.Allows(r, "/") || p.Allows(w, "/a") {
				t.Error("an error comes with a policy that allows something")
			}
			return
		}
		if p.Err() != nil {
			t.Errorf("a policy with the error %v is accepted", p.Err())
		}
		if q, err := policy.Parse(p.String()); err != nil || !q.Equal(p) {
			t.Errorf("%v\n%vwas\n%v", err, q, p)
		}
	})
}

func FuzzParsePattern(f *testing.F) {
	for _, s := range []string{
		"/", "/a/../b/", "a", "~", "~a", "~^/src/lib(/|$)", "~^/a{2}/(?i:b)$", `~\Qa.b\E[]\]]`, "~(?=a)", `~[[:alpha:]\h]`,
		`~\`, "~[", "~[[:", "~a{2}+", "~(?m)^/a$", `~^/\x{FFFD}`, "/\x00", "~\xff",
	} {
		f.Add(s, "/src/lib/a")
		f.Add(s, "/\xff\n")
	}
	f.Fuzz(func(t *testing.T, s, path string) {
		p, err := policy.ParsePattern(s)
		if err != nil {
			if p.Match(path) {
				t.Errorf("an error comes with a pattern that matches %q", path)
			}
			return
		}
		if again, err := policy.ParsePattern(p.String()); err != nil || !again.Equal(p) || again.Match(path) != p.Match(path) {
			t.Errorf("%q is %q again, %v", p, again, err)
		}
		if p.Literal() == "" || p.Literal()[0] != '/' {
			t.Errorf("the literal of %q is %q", s, p.Literal())
		}
		if isClean(path) && p.Match(path) && !modelContains(p.Literal(), path) {
			t.Errorf("%q matches %q, which is not below %q", s, path, p.Literal())
		}
	})
}

func isClean(path string) bool {
	return strings.HasPrefix(path, "/") && !strings.Contains(path+"/", "//") &&
		!strings.Contains(path+"/", "/./") && !strings.Contains(path+"/", "/../")
}

func FuzzParseDestination(f *testing.F) {
	for _, s := range []string{
		"192.0.2.1:443", "[2001:db8::1]:443", "192.0.2.0/24:443", "192.0.2.0/24", "2001:db8::/32", "[2001:db8::/32]:443",
		"/run/x.sock", "unix:/run/x.sock", "@name", "", "unix:", "@", "[", "[::1]", "::ffff:1.2.3.4", "::ffff:0:0/90", "1.2.3.4:0",
		"fe80::1%eth0", "example.com:80", "%", "[%]:1", "/\x00", "2001:db8::/32:443",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := policy.ParseDestination(s)
		if err != nil {
			if d != (policy.Destination{}) {
				t.Errorf("an error comes with %v", d)
			}
			return
		}
		if again, err := policy.ParseDestination(d.String()); err != nil || again != d {
			t.Errorf("%q is %v again, %v", d, again, err)
		}
		if d.IsIP() == d.IsUnix() {
			t.Errorf("%q is of both families or none", s)
		}
		if port, _ := d.Port(); d.IsIP() && !d.MatchAddr(netip.AddrPortFrom(d.Prefix().Addr(), port)) {
			t.Errorf("%q does not match its own address", s)
		}
	})
}
