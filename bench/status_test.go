//go:build linux

package main

import "testing"

func TestParseStatus(t *testing.T) {
	for _, c := range []struct {
		name, text string
		calls      int64 // -1: not told
		violations int
	}{
		{"member event", `{"event":"started","pid":7}` + "\n" + `{"event":"violation","path":"/x"}` + "\n" + `{"event":"ended","exit":0,"calls":4218,"new":[1]}`, 4218, 1},
		{"member type", `{"type":"ended","calls":3}`, 3, 0},
		{"only member", `{"violation":{"path":"/x"}}` + "\n" + `{"ended":{"exit":0,"calls":5}}`, 5, 1},
		{"calls missing", `{"event":"ended","exit":0}`, -1, 0},
		{"calls of another line", `{"event":"started","calls":9}`, -1, 0},
		{"cut off", `{"event":"violation"}` + "\n" + `{"event":"ended","ca`, -1, 1},
		{"not an object", "[1]\n\n\"x\"\nnull", -1, 0},
		{"empty", "", -1, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := parseStatus(c.text)
			if deref(got.calls) != c.calls || got.violations != c.violations {
				t.Errorf("calls %d, violations %d; want %d, %d", deref(got.calls), got.violations, c.calls, c.violations)
			}
		})
	}
}

func TestFloorCalls(t *testing.T) {
	for text, want := range map[string]int64{
		"cc1: warning\nfloor: 21001 notifications\n": 21001,
		"floor: exec: no such file\n":                -1,
		"":                                           -1,
	} {
		if got := deref(floorCalls(text)); got != want {
			t.Errorf("%q: got %d, want %d", text, got, want)
		}
	}
}

func deref(n *int64) int64 {
	if n == nil {
		return -1
	}
	return *n
}
