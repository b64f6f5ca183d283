package lazyregexp

import "testing"

func TestItIsCompiledWhenItIsUsed(t *testing.T) {
	bad := New("(") // does not panic yet
	if bad.String() != "(" {
		t.Error(bad)
	}
	defer func() {
		if recover() == nil {
			t.Error("a bad expression was used")
		}
	}()
	bad.MatchString("x")
}

func TestItIsARegexp(t *testing.T) {
	r := New("a(b+)")
	if !r.MatchString("xabb") || r.MatchString("ba") || r.FindStringSubmatch("abb")[1] != "bb" || r.Get().NumSubexp() != 1 {
		t.Error(r)
	}
}
