package relation

import (
	"strconv"
	"strings"
)

// Satisfied tells whether a package of this version is what r asks for.
func (r Relation) Satisfied(version string) bool {
	if r.Operator == "" {
		return true
	}
	c := Compare(version, r.Version)
	switch r.Operator {
	case "<<":
		return c < 0
	case "<=":
		return c <= 0
	case ">=":
		return c >= 0
	case ">>":
		return c > 0
	}
	return c == 0
}

// Compare says which of two Debian versions is the later, as deb-version(7) has it.
func Compare(a, b string) int {
	epochA, a := epoch(a)
	epochB, b := epoch(b)
	if epochA != epochB {
		return sign(epochA - epochB)
	}
	upstreamA, revisionA := revision(a)
	upstreamB, revisionB := revision(b)
	if c := compare(upstreamA, upstreamB); c != 0 {
		return c
	}
	return compare(revisionA, revisionB)
}

func epoch(v string) (int, string) {
	before, after, ok := strings.Cut(v, ":")
	n, err := strconv.Atoi(before)
	if !ok || err != nil {
		return 0, v
	}
	return n, after
}

func revision(v string) (upstream, revision string) {
	if i := strings.LastIndexByte(v, '-'); i >= 0 {
		return v[:i], v[i+1:]
	}
	return v, ""
}

// compare takes parts without digits and numbers in turn.
func compare(a, b string) int {
	for a != "" || b != "" {
		var textA, textB, numberA, numberB string
		textA, a = split(a, false)
		textB, b = split(b, false)
		if c := compareText(textA, textB); c != 0 {
			return c
		}
		numberA, a = split(a, true)
		numberB, b = split(b, true)
		if c := compareNumbers(numberA, numberB); c != 0 {
			return c
		}
	}
	return 0
}

func split(s string, digits bool) (part, rest string) {
	i := 0
	for i < len(s) && isDigit(s[i]) == digits {
		i++
	}
	return s[:i], s[i:]
}

func compareText(a, b string) int {
	for i := range max(len(a), len(b)) {
		if c := order(a, i) - order(b, i); c != 0 {
			return sign(c)
		}
	}
	return 0
}

// order has the tilde before the end, the end before letters, and letters
// before everything else.
func order(s string, i int) int {
	switch {
	case i >= len(s):
		return 0
	case s[i] == '~':
		return -1
	case s[i]|0x20 >= 'a' && s[i]|0x20 <= 'z':
		return int(s[i])
	}
	return int(s[i]) + 256
}

func compareNumbers(a, b string) int {
	a, b = strings.TrimLeft(a, "0"), strings.TrimLeft(b, "0")
	if len(a) != len(b) {
		return sign(len(a) - len(b))
	}
	return strings.Compare(a, b)
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func sign(n int) int {
	switch {
	case n < 0:
		return -1
	case n > 0:
		return 1
	}
	return 0
}
