package relation

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestParse(t *testing.T) {
	got, err := Parse("debhelper-compat (= 13), a|b (>> 1:2~rc1-3) [linux-any !x] ,\n python3:any (>= 3.9) <!nocheck x> <cross>, ,")
	want := []Clause{
		{{Name: "debhelper-compat", Operator: "=", Version: "13"}},
		{{Name: "a"}, {Name: "b", Operator: ">>", Version: "1:2~rc1-3", Arch: []string{"linux-any", "!x"}}},
		{{Name: "python3", Qualifier: "any", Operator: ">=", Version: "3.9", Profiles: [][]string{{"!nocheck", "x"}, {"cross"}}}},
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v %s", err, diff)
	}
}

func TestParseSaysWhatIsWrong(t *testing.T) {
	for text, want := range map[string]string{
		"a (1)":       `"a (1)": (1) is not a version with an operator`,
		"a (>= 1":     `"a (>= 1": ) is missing`,
		"a | | b":     `"a | | b": a name is missing`,
		"a [amd64":    `"a [amd64": ] is missing`,
		"a b":         `"a b": unexpected "b"`,
		"a (<=> 1)":   `"a (<=> 1)": unknown operator <=>`,
		"ok, (>= 12)": `"(>= 12)": a name is missing`,
	} {
		if _, err := Parse(text); err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}

func TestStringIsWhatParseReads(t *testing.T) {
	for _, text := range []string{
		"a", "a:any (>= 1) | b", "a [amd64 i386] <!nocheck> <cross stage1>", "b:native (<< 2:1-1~) [!hurd-any] <x>",
	} {
		c, err := ParseClause(text)
		if err != nil || c.String() != text {
			t.Errorf("%s became %s (%v)", text, c, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("a:b (>= 1) [c !d] <e !f> | g, h")
	f.Fuzz(func(t *testing.T, text string) {
		first, err := ParseClause(text)
		if err != nil {
			return
		}
		again, err := ParseClause(first.String())
		if err != nil || again.String() != first.String() {
			t.Errorf("%q became %q, and that %q (%v)", text, first, again, err)
		}
	})
}

func TestApplies(t *testing.T) {
	for _, test := range []struct {
		text, arch string
		profiles   []string
		want       bool
	}{
		{"a", "amd64", nil, true},
		{"a [amd64]", "amd64", nil, true},
		{"a [i386 arm64]", "amd64", nil, false},
		{"a [!amd64]", "amd64", nil, false},
		{"a [!i386 !arm64]", "amd64", nil, true},
		{"a [linux-any]", "amd64", nil, true},
		{"a [kfreebsd-any]", "amd64", nil, false},
		{"a [any-amd64]", "amd64", nil, true},
		{"a [any-arm64]", "amd64", nil, false},
		{"a [musl-linux-any]", "amd64", nil, false},
		{"a [musl-any-any]", "musl-linux-amd64", nil, true},
		{"a [hurd-any]", "hurd-i386", nil, true},
		{"a <!nocheck>", "amd64", nil, true},
		{"a <!nocheck>", "amd64", []string{"nocheck"}, false},
		{"a <cross>", "amd64", nil, false},
		{"a <!nocheck !cross>", "amd64", []string{"cross"}, false},
		{"a <!nocheck> <cross>", "amd64", []string{"cross", "nocheck"}, true},
	} {
		c, err := ParseClause(test.text)
		if err != nil {
			t.Fatal(err)
		}
		if got := c[0].Applies(test.arch, test.profiles); got != test.want {
			t.Errorf("%s on %s with %q: %v", test.text, test.arch, test.profiles, got)
		}
	}
}

// The order of deb-version(7).
func TestCompare(t *testing.T) {
	ordered := []string{
		"~~", "~~a", "~", "0", "0a", "0.9", "1~rc1", "1-0~", "1", "1-1", "1-1+b1", "1-1.1", "1-1.10", "1a", "1+x", "1.0.1", "1.2", "1.10", "2-1", "1:0", "10:0",
	}
	for i, a := range ordered {
		for j, b := range ordered {
			if got := Compare(a, b); got != sign(i-j) {
				t.Errorf("%s, %s: %d", a, b, got)
			}
		}
	}
	for _, same := range [][2]string{{"1", "01"}, {"0:1", "1"}, {"1-0", "1"}, {"", "0"}} {
		if Compare(same[0], same[1]) != 0 {
			t.Errorf("%q", same)
		}
	}
}

func TestCompareIsAnOrder(t *testing.T) {
	version := rapid.StringMatching(`([0-9]:)?[0-9a-z.+~]{0,6}(-[0-9a-z.+~]{0,3})?`)
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := version.Draw(t, "a"), version.Draw(t, "b"), version.Draw(t, "c")
		if Compare(a, b) != -Compare(b, a) || Compare(a, a) != 0 {
			t.Fatal("not symmetric")
		}
		if Compare(a, b) <= 0 && Compare(b, c) <= 0 && Compare(a, c) > 0 {
			t.Fatal("not transitive")
		}
	})
}

func TestSatisfied(t *testing.T) {
	for text, want := range map[string]bool{
		"a": true, "a (>= 1)": true, "a (>> 1)": false, "a (<= 1)": true, "a (<< 1)": false, "a (= 1)": true, "a (= 2)": false,
		"a (<< 1.1)": true, "a (>> 0.9)": true, "a (< 1)": true, "a (> 1)": true,
	} {
		c, err := ParseClause(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := c[0].Satisfied("1"); got != want {
			t.Errorf("%s by version 1: %v", text, got)
		}
	}
}
