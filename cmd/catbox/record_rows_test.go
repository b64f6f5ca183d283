package main

import (
	"bufio"
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestATableHasItsColumnsBelowEachOther(t *testing.T) {
	var out bytes.Buffer
	w := &tableWriter{w: bufio.NewWriter(&out)}
	print := func(f func() error) {
		t.Helper()
		if err := f(); err != nil {
			t.Fatal(err)
		}
	}
	print(func() error { return w.columns([]string{"path", "n", "é"}) })
	print(func() error { return w.row([]any{"/usr/lib", int64(7), nil}) })
	print(func() error { return w.row([]any{[]byte("\xff\x1b[2J"), 1.25, "日本"}) })
	print(w.flush)
	want := `path         n     é
-----------  ----  --
/usr/lib        7
\xff\x1b[2J  1.25  日本
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Error(diff)
	}
}

// What comes after the rows that the widths are from is printed as it comes.
func TestALongTableIsNotHeld(t *testing.T) {
	var out bytes.Buffer
	w := &tableWriter{w: bufio.NewWriter(&out)}
	if err := w.columns([]string{"n"}); err != nil {
		t.Fatal(err)
	}
	for i := range 3 * tableRows {
		if err := w.row([]any{int64(i)}); err != nil {
			t.Fatal(err)
		}
		if len(w.rows) > tableRows {
			t.Fatalf("%d rows are held", len(w.rows))
		}
	}
	if err := w.flush(); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(out.String(), "\n"); n != 3*tableRows+2 {
		t.Errorf("%d lines", n)
	}
}

func TestACellEndsNeitherCellNorLine(t *testing.T) {
	for _, test := range []struct {
		value any
		want  string
	}{
		{`say "hi" it's`, `say "hi" it's`}, {"a\tb\nc", `a\tb\nc`}, {`a\"b`, `a\\"b`}, {[]byte("\xff\""), `\xff"`},
		{"\u009b2J", `\u009b2J`}, {int64(-1), "-1"}, {1e300, "1e+300"}, {nil, ""}, {"", ""},
	} {
		if got := cell(test.value); got != test.want {
			t.Errorf("%q is %s, want %s", test.value, got, test.want)
		}
	}
}
