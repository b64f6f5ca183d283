package policy_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/catbox-go/catbox/policy"
)

func TestAllows(t *testing.T) {
	tests := []struct {
		name  string
		rules string
		path  string
		want  policy.Access // what is allowed, each kind alone
	}{
		{"below a path", "allow read|write /src", "/src/a/b", r | w},
		{"the path itself", "allow read|write /src", "/src", r | w},
		{"above it", "allow read /src/a", "/src", 0},
		{"beside it", "allow read /src", "/src2", 0},
		{"beside it, sorted between", "allow read /a\nallow write /a-b", "/a/b", r},
		{"root", "allow exec /", "/any/where", x},
		{"root itself", "allow exec /", "/", x},
		{"slash at the end", "allow write /tmp/x/", "/tmp/x", w},
		{"not cleaned", "allow write /tmp//./y/../x", "/tmp/x/z", w},
		{"a star is a star", "allow read /a*", "/ab", 0},
		{"case", "allow read /A", "/a", 0},
		{"not UTF-8", `allow read "/\xff"`, "/\xff/\xfe", r},
		{"another byte", `allow read "/\xff"`, "/\xfe", 0},

		{"longer deny", "allow read|write /src\ndeny write /src/.git", "/src/.git/hooks/x", r},
		{"longer deny, in the other order", "deny write /src/.git\nallow read|write /src", "/src/.git/hooks/x", r},
		{"longer allow", "deny write /src\nallow write /src/out", "/src/out/x", w},
		{"between deny and allow", "deny write /src\nallow write /src/out", "/src/in", 0},
		{"tie", "allow read|write /src\ndeny write /src", "/src/x", r},
		{"tie, in the other order", "deny write /src\nallow read|write /src", "/src/x", r},
		{"three deep", "allow write /\ndeny write /a\nallow write /a/b\ndeny write /a/b/c", "/a/b/c/d", 0},
		{"back up from three deep", "allow write /\ndeny write /a\nallow write /a/b\ndeny write /a/b/c", "/a/b/d", w},
		{"each access has its own longest", "allow all-of-it /\ndeny write /a\ndeny read /a/b", "/a/b/c", x},

		{"hide", "allow all-of-it /\nhide /a", "/a/b", 0},
		{"hide ties with allow", "allow all-of-it /a\nhide /a", "/a", 0},
		{"longer allow than hide", "hide /a\nallow read /a/b", "/a/b/c", r},

		{"expression", `allow write ~\.o$`, "/x/y.o", w},
		{"expression elsewhere", `allow write ~\.o$`, "/x/y.o/z", 0},
		{"anchored", `allow write ~^/tmp/cc`, "/tmp/ccXYZ", w},
		{"anchored, further on", `allow write ~^/tmp/cc`, "/x/tmp/ccXYZ", 0},
		{"expression does not allow what a path denies", `allow write ~\.o$` + "\ndeny write /src", "/src/x.o", 0},
		{"path does not allow what an expression denies", `deny write ~\.o$` + "\nallow write /src/x.o", "/src/x.o", 0},
		{"expression denies what an expression allows", `deny write ~x\.o$` + "\n" + `allow write ~\.o$`, "/x.o", 0},
		{"expression denies one access", "allow all-of-it /\n" + `deny write ~\.o$`, "/x.o", r | x},
		{"expression hides", "allow all-of-it /\n" + `hide ~\.key$`, "/a.key", 0},
		{"expressions add up", "allow read ~a\nallow write ~b", "/ab", r | w},
		{"path and expression add up", "allow read /\nallow write ~b", "/ab", r | w},
		{"not UTF-8 in an expression", "allow read ~^/a.b$", "/a\xffb", r},
		{"two bytes that are not UTF-8", "allow read ~^/a..b$", "/a\xff\xfeb", r},
		{"newline does not pass a deny", "allow read /\n" + `deny read ~^/src/.*\.key$`, "/src/a\nb.key", 0},
		{"newline at the end is another name", `allow read ~\.o$`, "/a.o\n", 0},

		{"relative", "allow all-of-it /", "a", 0},
		{"empty", "allow all-of-it /", "", 0},
		{"dot dot", "allow all-of-it /a", "/a/../b", 0},
		{"dot dot at the end", "allow all-of-it /a", "/a/..", 0},
		{"dot", "allow all-of-it /a", "/a/./b", 0},
		{"two slashes", "allow all-of-it /a", "/a//b", 0},
		{"slash at the end of the canonical path", "allow all-of-it /a", "/a/b/", 0},
		{"NUL", "allow all-of-it /a", "/a/b\x00", 0},
		{"names of dots", "allow all-of-it /a", "/a/.../..b/.c", all},
		{"pipe", "allow all-of-it /\nallow read ~pipe", "pipe:[4026]", 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := parse(t, strings.ReplaceAll(test.rules, "all-of-it", all.String()))
			for a := policy.Access(0); a <= all+1; a++ {
				want := a != 0 && a&^test.want == 0
				if got := p.Allows(a, test.path); got != want {
					t.Errorf("Allows(%v, %q) is %v, want %v", a, test.path, got, want)
				}
			}
		})
	}
}

func TestHidden(t *testing.T) {
	tests := []struct {
		name  string
		rules string
		path  string
		want  bool
	}{
		{"itself", "hide /a", "/a", true},
		{"below", "hide /a", "/a/b", true},
		{"above", "hide /a/b", "/a", false},
		{"denied is not hidden", "deny read|write|exec /a", "/a", false},
		{"not allowed is not hidden", "", "/a", false},
		{"tie", "hide /a\nallow read /a", "/a", true},
		{"any longer allow", "hide /a\nallow exec /a/b", "/a/b/c", false},
		{"shorter allow", "hide /a/b\nallow read /a", "/a/b", true},
		{"longer deny", "hide /a\ndeny write /a/b", "/a/b", true},
		{"longer allow that a tie takes away", "hide /a\nallow write /a/b\ndeny write /a/b", "/a/b", true},
		{"denied below the longer allow", "hide /a\nallow read /a/b\ndeny read /a/b/c", "/a/b/c", false},
		{"hidden again", "hide /a\nallow read /a/b\nhide /a/b/c", "/a/b/c/d", true},
		{"expression", `hide ~\.key$`, "/a.key", true},
		{"expression over an allow", `hide ~\.key$` + "\nallow read /a.key", "/a.key", true},
		{"expression that denies", `deny read ~\.key$`, "/a.key", false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := parse(t, test.rules).Hidden(test.path); got != test.want {
				t.Errorf("Hidden(%q) is %v, want %v", test.path, got, test.want)
			}
		})
	}
}

func TestLeadsTo(t *testing.T) {
	tests := []struct {
		rules  string
		access policy.Access
		path   string
		want   bool
	}{
		{"allow write /a/b/c", w, "/", true},
		{"allow write /a/b/c", w, "/a", true},
		{"allow write /a/b/c", w, "/a/b", true},
		{"allow write /a/b/c", w, "/a/b/c", false}, // not a proper ancestor
		{"allow write /a/b/c", w, "/a/bb", false},
		{"allow write /a/bb", w, "/a/b", false},
		{"allow write /a/b/c", r, "/a", false},
		{"allow write /a/b\nallow read /a/c", r | w, "/a", true},
		{"allow write /a/b\ndeny write /a/b", w, "/a", false},
		{"allow write /a/b\ndeny write /a", w, "/a", true},
		{"allow write ~^/src/build-[0-9]+/", w, "/src", true},
		{"allow write ~^/src/build-[0-9]+/", w, "/", true},
		{"allow write ~^/src/build-[0-9]+/", w, "/src/build-1", false},
		{"allow write ~^/src/out/", w, "/src/out", true},
		{"allow write ~^/src/out$", w, "/src/out", false},
		{"allow write ~^/src/out(/|$)", w, "/src", true},
		{"allow write ~out", w, "/", true},
		{"allow write ~out", w, "/a", false},
		{"allow write /", 0, "/", false},
		{"deny write /a/b\nhide /a/c", w, "/a", false},
	}
	for _, test := range tests {
		if got := parse(t, test.rules).LeadsTo(test.access, test.path); got != test.want {
			t.Errorf("%q: LeadsTo(%v, %q) is %v, want %v", test.rules, test.access, test.path, got, test.want)
		}
	}
}

func TestDeniesBelow(t *testing.T) {
	tests := []struct {
		rules  string
		access policy.Access
		path   string
		want   bool
	}{
		{"allow write /a", w, "/a", false},
		{"allow write /a", w, "/a/b", false},
		{"allow write /a", r, "/a", true},
		{"allow write /a", r | w, "/a", true},
		{"allow write /a", w, "/", true}, // /b is not allowed
		{"allow write /a\ndeny write /a/b/c", w, "/a", true},
		{"allow write /a\ndeny write /a/b/c", w, "/a/b", true},
		{"allow write /a\ndeny write /a/b/c", w, "/a/bb", false},
		{"allow write /a\ndeny write /a/b-c", w, "/a/b", false},
		{"allow write /a\ndeny read /a/b", w, "/a", false},
		{"allow write /a\nhide /a/b", w, "/a", true},
		{"allow write /a\ndeny write /a/b\nallow write /a/b/c", w, "/a/b/c", false},
		{"allow write /a\n" + `deny write ~\.o$`, w, "/a", true},
		{"allow write /\n" + `deny write ~^/a/.*\.o$`, w, "/a/b", true},
		{"allow write /\n" + `deny write ~^/a/.*\.o$`, w, "/", true},
		{"allow write /\n" + `deny write ~^/a/.*\.o$`, w, "/b", false},
		{"allow write /\n" + `deny write ~^/a/.*\.o$`, w, "/ab", false},
		{"allow write /a\n" + `deny read ~\.o$`, w, "/a", false},
		{"allow write ~^/tmp/cc", w, "/tmp/cc1", false},
		{"allow write ~^/tmp/cc", w, "/tmp", true},
		{"allow write ~^/tmp/cc.*$", w, "/tmp/cc1", false},
		{"allow write ~^/tmp/cc.*x$", w, "/tmp/ccx", true},
		{"allow write ~^/tmp/cc[^/]*$", w, "/tmp/cc1", true}, // /tmp/cc1/x is not allowed
		{"allow write /", w, "not/canonical", true},
	}
	for _, test := range tests {
		if got := parse(t, test.rules).DeniesBelow(test.access, test.path); got != test.want {
			t.Errorf("%q: DeniesBelow(%v, %q) is %v, want %v", test.rules, test.access, test.path, got, test.want)
		}
	}
}

func TestRestricts(t *testing.T) {
	tests := []struct {
		rules  string
		access policy.Access
		want   bool
	}{
		{"allow read /", r, false},
		{"allow read /", r | w, true},
		{"allow read /\ndeny write /a", r, false},
		{"allow read /\ndeny read /a", r, true},
		{"allow read /\nhide /a", r, true},
		{"allow read /\nhide ~a", r, true},
		{"allow read /\ndeny read /", r, true},
		{"allow read /a", r, true},
		{"allow read ~^/", r, false},
		{"", r, true},
	}
	for _, test := range tests {
		if got := parse(t, test.rules).Restricts(test.access); got != test.want {
			t.Errorf("%q: Restricts(%v) is %v, want %v", test.rules, test.access, got, test.want)
		}
	}
}

func TestAllowsConnect(t *testing.T) {
	const host = "network host\n"
	tests := []struct {
		name string
		text string
		to   string
		want bool
	}{
		{"host", host, "192.0.2.1:443", true},
		{"isolated", "network isolated", "127.0.0.1:80", true},
		{"none", "network none", "127.0.0.1:80", false},
		{"none, but given", "network none\nconnect 127.0.0.1:80", "127.0.0.1:80", false},
		{"given", host + "connect 192.0.2.0/24:443", "192.0.2.7:443", true},
		{"another port", host + "connect 192.0.2.0/24:443", "192.0.2.7:80", false},
		{"another address", host + "connect 192.0.2.0/24:443", "192.0.3.1:443", false},
		{"any port of what has one", host + "connect 192.0.2.1:443", "192.0.2.1", false},
		{"prefix in prefix", host + "connect 192.0.2.0/24", "192.0.2.128/25:1", true},
		{"prefix that is wider", host + "connect 192.0.2.0/24", "192.0.0.0/16:1", false},
		{"address when only a socket is given", host + "connect /run/x", "192.0.2.1:1", true},
		{"address when another is given beside a socket", host + "connect /run/x\nconnect 192.0.2.2", "192.0.2.1:1", false},

		{"writable socket", "allow write /run", "/run/x.sock", true},
		{"readable socket", host + "allow read /run", "/run/x.sock", false},
		{"given socket", "allow read /\nconnect /run/x.sock", "/run/x.sock", true},
		{"below a given directory", "connect /run/x", "/run/x/y.sock", true},
		{"beside a given socket", "connect /run/x", "/run/xy", false},
		{"given but hidden", "connect /run/x\nhide /run", "/run/x", false},
		{"given but not writable", "connect /run/x\ndeny write /run", "/run/x", true},
		{"writable when another is given", "allow write /tmp\nconnect /run/x", "/tmp/x", true},

		{"abstract, host", host, "@x", true},
		{"abstract, isolated", "network isolated", "@x", true},
		{"abstract, none", "network none", "@x", false},
		{"abstract, none, but given", "connect @x", "@x", true},
		{"abstract, another given", host + "connect @y", "@x", false},
		{"abstract is no path", "connect /x", "@/x", false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := parse(t, test.text).AllowsConnect(destination(t, test.to)); got != test.want {
				t.Errorf("AllowsConnect(%s) is %v, want %v", test.to, got, test.want)
			}
		})
	}
}

func TestAllowsConnectOfWhatIsNoDestination(t *testing.T) {
	p := policy.Everything().AllowConnect(destination(t, "/run/x"))
	if !p.AllowsConnect(policy.UnixDestination("/run/x/y")) {
		t.Error("a given socket is denied")
	}
	for _, d := range []policy.Destination{{}, policy.UnixDestination("/run/x/../y"), policy.UnixDestination("")} {
		if p.AllowsConnect(d) {
			t.Errorf("%q is allowed", d)
		}
	}
}

// Every intercepted system call asks, so asking must leave no garbage.
func TestDecidingDoesNotAllocate(t *testing.T) {
	p := manyRules(t)
	path := "/src/d150/some/where/deep/in/the/tree/file.c"
	n := testing.AllocsPerRun(1000, func() {
		p.Allows(r|w, path)
		p.Hidden(path)
		p.LeadsTo(w, "/src")
		p.DeniesBelow(w, path)
		p.Restricts(r)
		p.AllowsConnect(policy.UnixDestination(path))
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkAllows(b *testing.B) {
	p := manyRules(b)
	for b.Loop() {
		p.Allows(r|w, "/src/d150/some/where/deep/in/the/tree/file.c")
	}
}

func manyRules(t testing.TB) policy.Policy {
	p := policy.ReadOnly().Deny(w, `~^/src/.*\.key$`).Allow(w, "~^/tmp/cc[^/]*$")
	for i := range 300 {
		p = p.Allow(w, fmt.Sprintf("/src/d%d", i))
	}
	if err := p.Err(); err != nil {
		t.Fatal(err)
	}
	return p
}
