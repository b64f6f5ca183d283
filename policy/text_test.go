package policy_test

import (
	"testing"

	"github.com/catbox-go/catbox/policy"
)

func TestString(t *testing.T) {
	p := policy.ReadOnly().
		Allow(r|w, "/src", "~^/tmp/cc[^/]*$", "~a b").
		Deny(w, "/src/.git").
		Hide("/home/me/my keys", "/new\nline", "/\xff", `/"`, "/é", "/\u2028", "/\x1b[31m").
		AllowConnect(destination(t, "192.0.2.0/24:443"), destination(t, "@a b")).
		WithAction(policy.Stop)
	const want = `network isolated
on-violation stop
allow read|exec /
allow read|write /src
allow read|write ~^/tmp/cc[^/]*$
allow read|write "~a b"
deny write /src/.git
hide "/home/me/my keys"
hide "/new\nline"
hide "/\xff"
hide /"
hide /é
hide "/\u2028"
hide "/\x1b[31m"
connect 192.0.2.0/24:443
connect "@a b"
`
	if got := p.String(); got != want {
		t.Errorf("got\n%s, want\n%s", got, want)
	}
	if !parse(t, want).Equal(p) {
		t.Error("Parse does not read it back")
	}
	if got, want := (policy.Policy{}).String(), "network none\non-violation deny\n"; got != want {
		t.Errorf("the zero policy is %q, want %q", got, want)
	}
}

func TestParse(t *testing.T) {
	p := parse(t, "# what the build may do\n\n  \t\n\tallow  exec|read\t\"/usr\"  \n  # and\nhide /#x\nnetwork host")
	want := policy.Policy{}.Allow(r|x, "/usr").Hide("/#x").WithNetwork(policy.NetworkHost)
	if !p.Equal(want) {
		t.Errorf("got\n%vwant\n%v", p, want)
	}
	if !parse(t, "").Equal(policy.Policy{}) {
		t.Error("no text is not the zero policy")
	}
}

func TestParseErrorsNameTheLine(t *testing.T) {
	tests := []struct{ in, want string }{
		{"\n\nallow read usr", `line 3: allow: "usr": must be absolute: want a path that begins with /, or ~ and a regular expression`},
		{"allow /usr", "line 1: allow: want an access and one path, in quotes if it has spaces"},
		{"allow read /a b", "line 1: allow: want an access and one path, in quotes if it has spaces"},
		{"deny red /usr", `line 1: deny: access "red": want read, write or exec, joined by |`},
		{"hide", "line 1: hide: want one path, in quotes if it has spaces"},
		{"hide ~(?=a)", `line 1: hide: "~(?=a)": lookahead "(?=" at offset 0 of the expression is PCRE's: want the syntax of Go's regexp (RE2)`},
		{"connect a b", "line 1: connect: want one destination, in quotes if it has spaces"},
		{"connect @", `line 1: destination "@": empty abstract name: want @NAME`},
		{"network", "line 1: network: want one word"},
		{"network lan", `line 1: network "lan": want none, isolated or host`},
		{"network host\nnetwork host", "line 2: network: given twice"},
		{"on-violation ask", `line 1: action "ask": want deny, log or stop`},
		{"Allow read /", `line 1: "Allow": want allow, deny, hide, hide-name, connect, network or on-violation`},
		{"hide /usr\r\n", `line 1: an unprintable character or a byte that is not UTF-8: want "/usr\r"`},
		{"hide /\xff", `line 1: an unprintable character or a byte that is not UTF-8: want "/\xff"`},
		{`hide "/usr`, `line 1: "\"/usr": want a closing quote, and escapes as in Go`},
		{`hide "/usr"/bin`, `line 1: "/bin" follows the closing quote: want a space`},
	}
	for _, test := range tests {
		p, err := policy.Parse(test.in)
		if err == nil || err.Error() != test.want {
			t.Errorf("%q gives\n%v, want\n%v", test.in, err, test.want)
		}
		if !p.Equal(policy.Policy{}) {
			t.Errorf("%q gives an error and\n%v", test.in, p)
		}
	}
}
