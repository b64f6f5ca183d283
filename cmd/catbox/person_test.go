package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/catbox-go/catbox/record"
)

func denied(seq int, operation record.Operation, canonical, program string) record.Violation {
	return record.Violation{
		Seq: seq, Operation: operation, Call: "openat", Path: canonical, Canonical: canonical,
		Action: record.Denied, Program: program, PID: 1000 + seq,
	}
}

// told is what a person reads about the violations.
func told(live bool, violations ...record.Violation) string {
	var b strings.Builder
	p := newPerson(&b, live)
	for _, v := range violations {
		p.violation(v)
	}
	p.summary(violations)
	return b.String()
}

func TestPersonReadsEachViolationOnce(t *testing.T) {
	got := told(true,
		denied(1, record.Write, "/x", "sh"), denied(2, record.Write, "/x", "sh"), denied(3, record.Write, "/x", "cc1"),
		denied(4, record.Write, "/y", "sh"), denied(5, record.Connect, "/x", "sh"), denied(6, record.Write, "/x", "sh"),
		denied(7, record.Connect, "/x", "sh"),
	)
	want := `catbox: denied write /x (openat by sh, pid 1001)
catbox: denied write /x (openat by cc1, pid 1003)
catbox: denied write /y (openat by sh, pid 1004)
catbox: denied connect /x (openat by sh, pid 1005)
catbox: denied write /x (openat by sh) 2 more times
catbox: denied connect /x (openat by sh) 1 more time
catbox: 7 violations: 5 write, 2 connect
`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("messages (-want +got)\n%s", diff)
	}
}

func TestPersonReadsOnlyTheSummaryOfWhatAFileHolds(t *testing.T) {
	got := told(false, denied(1, record.Write, "/x", "sh"))
	if want := "catbox: 1 violation: 1 write\n"; got != want {
		t.Errorf("messages %q, want %q", got, want)
	}
}

func TestPersonReadsNothingAboutNothing(t *testing.T) {
	if got := told(true); got != "" {
		t.Errorf("messages %q", got)
	}
	var quiet *person
	quiet.violation(denied(1, record.Write, "/x", "sh"))
	quiet.summary([]record.Violation{denied(1, record.Write, "/x", "sh")})
}

func TestPersonRemembersABoundedNumber(t *testing.T) {
	var violations []record.Violation
	for i := range 3 * maxLines {
		violations = append(violations, denied(i+1, record.Write, fmt.Sprintf("/x%d", i), "sh"))
	}
	violations = append(violations, violations[0], violations[maxLines])
	var b strings.Builder
	p := newPerson(&b, true)
	for _, v := range violations {
		p.violation(v)
	}
	if len(p.shown) != maxLines || len(p.index) != maxLines {
		t.Errorf("remembers %d and %d, want %d", len(p.shown), len(p.index), maxLines)
	}
	p.summary(violations)
	want := `catbox: denied write /x0 (openat by sh) 1 more time
catbox: and 101 more violations (see --violations)
catbox: 152 violations: 152 write
`
	if !strings.HasSuffix(b.String(), want) || strings.Count(b.String(), "pid ") != maxLines {
		t.Errorf("messages %s\nwant the end %s", b.String(), want)
	}
}

func TestMessagesAreSafeForATerminal(t *testing.T) {
	for given, want := range map[string]string{
		"plain text, ünïcödé":    "plain text, ünïcödé",
		"two\nlines\tand a tab":  "two\nlines\tand a tab",
		"\x1b[2Jcleared":         `\x1b[2Jcleared`,
		"\rover":                 `\rover`,
		"\u202egnol":             `\u202egnol`,
		"bad \xff byte \u009b1m": `bad \xff byte \u009b1m`,
		"a real \uFFFD":          "a real \uFFFD",
	} {
		if got := printable(given); got != want {
			t.Errorf("%q is printed as %q, want %q", given, got, want)
		}
	}
}
