package idmap

import "testing"

func TestHas(t *testing.T) {
	one := parse("      1000       1000          1\n")
	two := parse("         0          0       1000\n     10000      10000          5\n")
	all := parse("         0          0 4294967295\n")
	for _, test := range []struct {
		name string
		ids  Map
		id   int64
		want bool
	}{
		{"one", one, 1000, true}, {"one", one, 999, false}, {"one", one, 1001, false}, {"one", one, 0, false},
		{"two", two, 0, true}, {"two", two, 999, true}, {"two", two, 1000, false}, {"two", two, 10004, true}, {"two", two, 10005, false},
		{"all", all, 1<<32 - 2, true}, {"none", parse(""), 0, false}, {"bad", parse("0 0 5\nx"), 0, false},
	} {
		if got := test.ids.Has(test.id); got != test.want {
			t.Errorf("%s has %d: %v", test.name, test.id, got)
		}
	}
}

func TestInside(t *testing.T) {
	m := parse("0 1001 1\n1 100000 65536\n")
	for outside, want := range map[uint32]int64{1001: 0, 100000: 1, 165535: 65536, 0: -1, 1002: -1, 165536: -1} {
		if id, ok := m.Inside(outside); ok != (want >= 0) || ok && int64(id) != want {
			t.Errorf("%d is %d, %v; want %d", outside, id, ok, want)
		}
	}
	if again := parse(m.String()); again.String() != "0 1001 1\n1 100000 65536\n" {
		t.Errorf("%q", again)
	}
}
