package policy_test

import (
	"errors"
	"io/fs"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/catbox-go/catbox/policy"
)

// links resolves the symbolic links /lib -> /usr/lib, /src/.git -> /data/git
// and /here -> /.
func links(path string) (string, error) {
	for from, to := range map[string]string{"/lib": "/usr/lib", "/src/.git": "/data/git", "/here": "/"} {
		if rest, ok := strings.CutPrefix(path, from); ok && (rest == "" || rest[0] == '/') {
			return to + rest, nil
		}
	}
	return path, nil
}

func TestResolve(t *testing.T) {
	tests := []struct{ name, rules, want string }{
		{"nothing to do", "allow read /a\nhide /b", "allow read /a\nhide /b"},
		{"allow follows", "allow read /lib/x", "allow read /usr/lib/x"},
		{"allow of a link does not allow the link", "allow write /src/.git", "allow write /data/git"},
		{"deny of a link keeps the link too", "deny write /src/.git", "deny write /data/git\ndeny write /src/.git"},
		{"hide of a link keeps the link too", "hide /src/.git", "hide /data/git\nhide /src/.git"},
		{"hide-name of a link is of the link alone", "hide-name /src/.git\nhide-name /lib/x", "hide-name /src/.git\nhide-name /usr/lib/x"},
		{"deny below a link", "deny write /src/.git/hooks", "deny write /data/git/hooks"},
		{"deny of the root", "deny write /", "deny write /"},
		{"link to the root", "hide /here/x", "hide /x"},
		{"expression stays", "deny write ~^/lib", "deny write ~^/lib"},
		{"order stays", "allow read /lib\nallow read ~a\nallow read /b", "allow read /usr/lib\nallow read ~a\nallow read /b"},
		{"unix socket", "connect /lib/x.sock", "connect /usr/lib/x.sock"},
		{"other destinations", "connect 192.0.2.1\nconnect @/lib", "connect 192.0.2.1\nconnect @/lib"},
		{"settings", "network host\non-violation stop", "network host\non-violation stop"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := parse(t, test.rules).Resolve(links)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(parse(t, test.want).String(), got.String()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestResolvedRulesDecide(t *testing.T) {
	p, err := policy.Policy{}.Allow(w, "/").Deny(w, "/src/.git").Resolve(links)
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]bool{"/src": true, "/src/.git": false, "/data/git/hooks": false, "/data": true} {
		if got := p.Allows(w, path); got != want {
			t.Errorf("Allows(write, %q) is %v, want %v", path, got, want)
		}
	}
}

func TestResolveErrorNamesThePath(t *testing.T) {
	fails := func(path string) (string, error) { return "", fs.ErrPermission }
	relative := func(path string) (string, error) { return "x", nil }
	p := policy.Everything().Allow(r, "/a b")
	for _, test := range []struct {
		name      string
		p         policy.Policy
		canonical func(string) (string, error)
		want      string
	}{
		{"rule", p, fails, "resolve /: permission denied"},
		{"destination", policy.Policy{}.AllowConnect(destination(t, "/run/a b")), fails, `resolve "/run/a b": permission denied`},
		{"relative", p, relative, `resolve /: got "x", want an absolute path`},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := test.p.Resolve(test.canonical)
			if err == nil || err.Error() != test.want {
				t.Errorf("the error is %v, want %v", err, test.want)
			}
			if got.Allows(r, "/") {
				t.Error("the policy that comes with the error allows something")
			}
		})
	}
	if _, err := p.Resolve(fails); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("%v does not wrap the cause", err)
	}
}
