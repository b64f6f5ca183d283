package relation

import (
	"strings"
	"testing"
)

func join(clauses []Clause) string {
	var all []string
	for _, c := range clauses {
		all = append(all, c.String())
	}
	return strings.Join(all, ", ")
}

func TestRPM(t *testing.T) {
	for text, want := range map[string]string{
		"libc.so.6(GLIBC_2.34)(64bit)":       "libc.so.6(GLIBC_2.34)(64bit)",
		"a, b >= 1.2 c\tpkgconfig(zlib) > 3": "a, b (>= 1.2), c, pkgconfig(zlib) (>> 3)",
		"(a or b or c)":                      "a | b | c",
		"(a and b >= 2)":                     "a, b (>= 2)",
		"(langpacks-core if langpacks)":      "langpacks-core",
		"((a or b) and perl(Carp))":          "a | b, perl(Carp)",
		"(a with (b or c))":                  "a, b | c",
		"(perl(A::B) >= 1 with perl(C))":     "perl(A::B) (>= 1), perl(C)",
		"(foo unless bar)":                   "foo",
		"( a   or   b )":                     "a | b",
		"(crate(x/default) >= 1 with y )":    "crate(x/default) (>= 1), y",
		"a, (b if c), (d or e) f":            "a, f, b, d | e",
		">= 1":                               "",
		"a >=":                               "a",
		"or a":                               "a",
		"":                                   "",
	} {
		if got := join(RPM(text)); got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

func TestAPK(t *testing.T) {
	for text, want := range map[string]string{
		"zlib": "zlib", "so:libz.so.1=1.3.1": "so:libz.so.1 (= 1.3.1)", "foo>=1.2-r0": "foo (>= 1.2-r0)", "foo~1": "foo (~ 1)",
		"foo@edge": "foo", "foo>1@edge": "foo (> 1)",
	} {
		if got := APK(text).String(); got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}
