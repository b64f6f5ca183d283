package policy_test

import (
	"testing"

	"github.com/catbox-go/catbox/policy"
)

func TestPattern(t *testing.T) {
	tests := []struct {
		in, text, literal string
	}{
		{"/", "/", "/"},
		{"//", "/", "/"},
		{"/tmp/x/", "/tmp/x", "/tmp/x"},
		{"/a/./b//../c", "/a/c", "/a/c"},
		{"/../a", "/a", "/a"},
		{"/a~b", "/a~b", "/a~b"},
		{"/\xff\n", "/\xff\n", "/\xff\n"},

		{`~\.o$`, `~\.o$`, "/"},
		{"~/src", "~/src", "/"},
		{"~^", "~^", "/"},
		{"~^/", "~^/", "/"},
		{"~^/src", "~^/src", "/"},
		{"~^/src/", "~^/src/", "/src"},
		{"~^/src/lib", "~^/src/lib", "/src"},
		{"~^/src/lib$", "~^/src/lib$", "/src/lib"},
		{"~^/src/lib(/|$)", "~^/src/lib(/|$)", "/src/lib"},
		{"~^/src/lib(/.*)?$", "~^/src/lib(/.*)?$", "/src/lib"},
		{`~\A/src/lib\z`, `~\A/src/lib\z`, "/src/lib"},
		{`~^/src/.*\.o$`, `~^/src/.*\.o$`, "/src"},
		{"~^/src/(a|b)/x$", "~^/src/(a|b)/x$", "/src"},
		{"~^/src/(?:lib/a|lib/b)", "~^/src/(?:lib/a|lib/b)", "/src/lib"},
		{"~^/src/(lib/)*x", "~^/src/(lib/)*x", "/src"},
		{"~^/src/a{3}/", "~^/src/a{3}/", "/src/aaa"},
		{"~^/src/a+/", "~^/src/a+/", "/src"},
		{"~^(/src/a)$|^(/src/b)$", "~^(/src/a)$|^(/src/b)$", "/src"},
		{"~^/src/a|b", "~^/src/a|b", "/"},
		{"~^/src/a|^/usr", "~^/src/a|^/usr", "/"},
		{"~(?m)^/src/a/", "~(?m)^/src/a/", "/"}, // ^ is after any newline
		{"~(?m:^)/src/a/", "~(?m:^)/src/a/", "/"},
		{"~^(?m:/src$)", "~^(?m:/src$)", "/"}, // $ is before any newline
		{"~(?i)^/src/1/", "~(?i)^/src/1/", "/"},
		{"~^(?i:/1/)", "~^(?i:/1/)", "/1"},
		{`~^/src/\Qa.b\E/`, `~^/src/\Qa.b\E/`, "/src/a.b"},
		{`~^/src\b/a/`, `~^/src\b/a/`, "/src/a"},
		{`~^/é/`, `~^/é/`, "/é"},
		{`~^/src/\x{FFFD}/`, `~^/src/\x{FFFD}/`, "/src"}, // stands for any stray byte
		{"~^/a[b]/", "~^/a[b]/", "/ab"},
		{"~(^)/a/", "~(^)/a/", "/a"},
		{"~^^/a/", "~^^/a/", "/a"},
		{"~(^|x)/a/", "~(^|x)/a/", "/"},
		{"~^/a*$b", "~^/a*$b", "/"}, // only a, without end
		{"~.*^/a/", "~.*^/a/", "/"},
	}
	for _, test := range tests {
		p := pattern(t, test.in)
		if p.String() != test.text || p.Literal() != test.literal || p.IsRegexp() != (test.in[0] == '~') {
			t.Errorf("%q is %q with literal %q, want %q with %q", test.in, p, p.Literal(), test.text, test.literal)
		}
	}
}

func TestPatternMatch(t *testing.T) {
	tests := []struct {
		pattern, path string
		want          bool
	}{
		{"/a/b", "/a/b", true},
		{"/a/b", "/a/b/c", true},
		{"/a/b", "/a", false},
		{"/a/b", "/a/bc", false},
		{"/", "/", true},
		{"/", "/a", true},
		{"/", "", false},
		{"~b", "/abc", true},
		{"~^/b", "/abc", false},
		{"~^/src/lib(/|$)", "/src/lib", true},
		{"~^/src/lib(/|$)", "/src/lib/x", true},
		{"~^/src/lib(/|$)", "/src/library", false},
		{"~^/.$", "/\xff", true},
		{"~^/[^/]$", "/\xff", true},
		{`~^/\x{FFFD}$`, "/\xff", true},
		{`~^/\x{FFFD}$`, "/\uFFFD", true},
		{"~^/..$", "/\xe2\x82", true}, // the first two bytes of three are two characters
		{"~^/.$", "/\xe2\x82", false},
		{"~^/.$", "/\n", true},
		{"~^/(?-s:.)$", "/\n", false},
		{"~(?i)^/SRC$", "/src", true},
	}
	for _, test := range tests {
		if got := pattern(t, test.pattern).Match(test.path); got != test.want {
			t.Errorf("%q matches %q: %v, want %v", test.pattern, test.path, got, test.want)
		}
	}
	var zero policy.Pattern
	if zero.Match("/") || zero.Match("") {
		t.Error("the zero pattern matches something")
	}
}

func TestPatternErrors(t *testing.T) {
	const (
		pcre  = " of the expression is PCRE's: want the syntax of Go's regexp (RE2)"
		never = "can match no canonical path: those begin with / and have no empty, . or .. components"
	)
	tests := []struct{ in, want string }{
		{`~a(?=b)`, `lookahead "(?=" at offset 1` + pcre},
		{`~a(?!b)`, `lookahead "(?!" at offset 1` + pcre},
		{`~(?<=a)b`, `lookbehind "(?<=" at offset 0` + pcre},
		{`~(?<!a)b`, `lookbehind "(?<!" at offset 0` + pcre},
		{`~(?>a)b`, `atomic group "(?>" at offset 0` + pcre},
		{`~(?|a|b)`, `branch reset group "(?|" at offset 0` + pcre},
		{`~a(?#why)`, `comment "(?#" at offset 1` + pcre},
		{`~(a)?(?(1)b|c)`, `conditional group "(?(" at offset 4` + pcre},
		{`~a(?R)b`, `recursion "(?R)" at offset 1` + pcre},
		{`~(a)(?1)`, `recursion "(?1)" at offset 3` + pcre},
		{`~(a)(?-1)`, `recursion "(?-1)" at offset 3` + pcre},
		{`~(?<n>a)(?&n)`, `subroutine call "(?&" at offset 7` + pcre},
		{`~(?<n>a)(?P>n)`, `subroutine call "(?P>" at offset 7` + pcre},
		{`~(?P<n>a)(?P=n)`, `backreference "(?P=" at offset 8` + pcre},
		{`~(a)\1`, `backreference "\\1" at offset 3` + pcre},
		{`~(a)\g{1}`, `backreference "\\g{1" at offset 3` + pcre},
		{`~(?<n>a)\k<n>`, `backreference "\\k" at offset 7` + pcre},
		{`~(?C1)a`, `callout "(?C" at offset 0` + pcre},
		{`~(?'n'a)`, `quoted group name "(?'" at offset 0` + pcre},
		{`~(?x)a b`, `option "(?x" at offset 0` + pcre},
		{`~(?ix)a b`, `option "(?ix" at offset 0` + pcre},
		{`~(*UTF8)a`, `verb "(*" at offset 0` + pcre},
		{`~^/a*+b`, `possessive quantifier "*+" at offset 3` + pcre},
		{`~a++`, `possessive quantifier "++" at offset 1` + pcre},
		{`~a?+`, `possessive quantifier "?+" at offset 1` + pcre},
		{`~a{2,3}+`, `possessive quantifier "{2,3}+" at offset 1` + pcre},
		{`~a\Kb`, `match reset "\\K" at offset 1` + pcre},
		{`~a\Z`, `escape "\\Z" at offset 1` + pcre},
		{`~\Rb`, `escape "\\R" at offset 0` + pcre},
		{`~[a\h]`, `escape "\\h" at offset 2` + pcre},
		{`~[[:alpha:]\N]`, `escape "\\N" at offset 10` + pcre},
		{`~[]\K(?=]\Q(?=\E\\1(?=x)`, `lookahead "(?=" at offset 18` + pcre},

		{`~a(b`, `missing closing ) "a(b" at offset 0 of the expression`},
		{`~a)b`, `unexpected ) "a)b" at offset 0 of the expression`},
		{`~[b-a]`, `invalid character class range "b-a" at offset 1 of the expression`},
		{`~a**`, `invalid nested repetition operator "**" at offset 1 of the expression`},
		{`~*a`, "missing argument to repetition operator \"*\" at offset 0 of the expression"},
		{`~a{1001}`, `invalid repeat count "{1001}" at offset 1 of the expression`},
		{"~a\xff", "invalid UTF-8 \"\\xff\" at offset 1 of the expression"},

		{`~^src/`, never},
		{`~^$`, never},
		{`~^(a|b)`, never},
		{`~^/tmp//x`, never},
		{`~^/tmp/\./x`, never},
		{`~^/tmp/\.\./x`, never},
		{`~^/a$b`, never},
		{`~^/a^b`, never},
		{`~^[^\x00-\x{10FFFF}]`, never},
	}
	for _, test := range tests {
		_, err := policy.ParsePattern(test.in)
		if err == nil {
			t.Errorf("%q is accepted", test.in)
			continue
		}
		if got, want := err.Error(), quoted(test.in)+": "+test.want; got != want {
			t.Errorf("%q gives\n%s, want\n%s", test.in, got, want)
		}
	}
}
