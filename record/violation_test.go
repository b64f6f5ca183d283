package record

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// hostile are names that a command may give its files to be misread.
var hostile = []string{
	"", "a", "/etc/passwd", "a b", `a"b`, `a\b`, `a\x41`, `\\`, `\`, "a'b", "a`b",
	"a\nb", "a\rb", "a\tb", "\x1b[2Jb", "\x9b2J", "\u009b2J", "\x7f", "\x00",
	"\xff", "a\xffb\\c", "\xed\xa0\x80", "\xc0\xaf", "\uFFFD", "\uFFFD\xff",
	"\u202egnp.exe", "\u2028", "\u00a0", "\u200b", "caf\u00e9", "日本", "<&>", "\U000e0001", "\U0001f600",
	"x (openat by sh, pid 1)\ndenied write /etc/shadow (openat by sh, pid 1)",
}

// fataler is a test, or rapid's part of one.
type fataler interface {
	Helper()
	Errorf(string, ...any)
	Fatalf(string, ...any)
	Fatal(...any)
}

func roundTrip(t fataler, v Violation) Violation {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatalf("%#v: %v", v, err)
	}
	if !json.Valid(data) || strings.ContainsFunc(string(data), func(r rune) bool { return !strconv.IsPrint(r) }) {
		t.Fatalf("%#v is not one line that prints: %q", v, data)
	}
	var back Violation
	if err := json.Unmarshal(data, &back); err != nil {
		t.Fatalf("%s: %v", data, err)
	}
	return back
}

func TestNamesOfAnyBytesComeBackFromJSON(t *testing.T) {
	for _, name := range hostile {
		v := Violation{
			Seq: 1, Time: time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC), Operation: Write, Call: "openat", Action: Denied,
			Path: name, Canonical: "/" + name, Program: name + "!", Errno: syscall.EACCES, PID: 71,
		}
		if diff := cmp.Diff(v, roundTrip(t, v)); diff != "" {
			t.Errorf("%q: %s", name, diff)
		}
	}
}

var violations = rapid.Custom(func(t *rapid.T) Violation {
	name := rapid.OneOf(
		rapid.SampledFrom(hostile), rapid.String(),
		rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) }))
	return Violation{
		Seq:       rapid.IntMin(1).Draw(t, "seq"),
		Time:      time.Unix(rapid.Int64Range(0, 1<<35).Draw(t, "seconds"), rapid.Int64Range(0, 1e9-1).Draw(t, "nanoseconds")).UTC(),
		Operation: rapid.SampledFrom([]Operation{Write, Read, Exec, Connect, Bind, Socket, Signal}).Draw(t, "operation"),
		Call:      rapid.SampledFrom([]string{"openat", "connect", "kill"}).Draw(t, "call"),
		Path:      name.Draw(t, "path"), Canonical: name.Draw(t, "canonical"), Program: name.Draw(t, "program"),
		Errno:  syscall.Errno(rapid.IntRange(0, 4095).Draw(t, "errno")),
		Action: rapid.SampledFrom([]Action{Denied, Logged, Stopped}).Draw(t, "action"),
		PID:    rapid.IntRange(0, 1<<22).Draw(t, "pid"),
	}
})

func TestViolationsComeBackFromJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := violations.Draw(t, "violation")
		if diff := cmp.Diff(v, roundTrip(t, v)); diff != "" {
			t.Fatal(diff)
		}
	})
}

// The members are an interface: readers in other languages know these names.
func TestJSONHasTheMembersThatTheManualNames(t *testing.T) {
	v := Violation{
		Seq: 2, Time: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Operation: Write, Call: "openat", Action: Denied,
		Path: "a\xffb\\", Canonical: "/a", Program: "cc1", Errno: syscall.EROFS, PID: 71,
	}
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"type":"violation","seq":2,"time":"2026-01-02T03:04:05Z","operation":"write","call":"openat",` +
		`"path":"a\\xffb\\\\","canonical":"/a","errno":"EROFS","action":"denied","program":"cc1","pid":71,"escaped":["path"]}`
	if string(data) != want {
		t.Errorf("got  %s\nwant %s", data, want)
	}
	v.Path, v.Errno, v.Action = "a", 0, Logged
	if data, _ = json.Marshal(v); bytes.Contains(data, []byte("errno")) || bytes.Contains(data, []byte("escaped")) {
		t.Errorf("members that say nothing: %s", data)
	}
}

func TestUnknownMembersAreIgnored(t *testing.T) {
	var v Violation
	err := json.Unmarshal([]byte(`{"type":"violation","seq":3,"tomorrow":{"a":[1]},"path":"\\x41","escaped":["path","tomorrow"]}`), &v)
	if err != nil || v.Seq != 3 || v.Path != "A" {
		t.Errorf("%+v, %v", v, err)
	}
}

func TestBadJSONIsAnError(t *testing.T) {
	for _, data := range []string{
		`{"seq":"x"}`, `[]`, `{"path":"\\","escaped":["path"]}`, `{"path":"\\x4","escaped":["path"]}`,
		`{"program":"\\xzz","escaped":["program"]}`, `{"canonical":"\\n","escaped":["canonical"]}`,
	} {
		var v Violation
		if err := json.Unmarshal([]byte(data), &v); err == nil {
			t.Errorf("%s was read as %+v", data, v)
		}
	}
}

// line is what String may look like, whatever the names hold: no second line,
// nothing that a terminal takes as an order, and the quoted parts end where
// they end.
var line = regexp.MustCompile(`^(denied|logged|stopped) [a-z]+( ([^\s"'\\` + "`" + `]+|"([^"\\]|\\.)*"))? \([a-z]+ by ([^\s"'\\` + "`" + `]+|"([^"\\]|\\.)*"), pid \d+\)$`)

func checkLine(t fataler, v Violation) {
	t.Helper()
	s := v.String()
	if !line.MatchString(s) {
		t.Errorf("%#v is printed as %q", v, s)
	}
	for _, r := range s {
		if !strconv.IsPrint(r) {
			t.Errorf("%#v is printed as %q, with %q", v, s, r)
		}
	}
}

func TestALineCannotBeForged(t *testing.T) {
	for _, path := range hostile {
		for _, program := range hostile {
			checkLine(t, Violation{Operation: Write, Call: "openat", Action: Denied, Canonical: path, Program: program, PID: 7})
		}
	}
	rapid.Check(t, func(t *rapid.T) { checkLine(t, violations.Draw(t, "violation")) })
}

func TestStringIsVerbObjectCause(t *testing.T) {
	v := Violation{Operation: Write, Call: "openat", Action: Denied, Path: "passwd", Canonical: "/etc/passwd", Program: "cc1", PID: 71}
	for _, step := range []struct {
		change func()
		want   string
	}{
		{func() {}, "denied write /etc/passwd (openat by cc1, pid 71)"},
		{func() { v.Canonical = "" }, "denied write passwd (openat by cc1, pid 71)"},
		{func() { v.Path, v.Operation, v.Call, v.Action = "", Socket, "socket", Stopped }, "stopped socket (socket by cc1, pid 71)"},
		{func() { v.Program = "a b" }, `stopped socket (socket by "a b", pid 71)`},
		{func() { v.Canonical = "/a\nb\x1b" }, `stopped socket "/a\nb\x1b" (socket by "a b", pid 71)`},
		{func() { v.Program = "" }, `stopped socket "/a\nb\x1b" (socket by "", pid 71)`},
	} {
		step.change()
		if got := v.String(); got != step.want {
			t.Errorf("got  %s\nwant %s", got, step.want)
		}
	}
}

// What is quoted says which bytes it was.
func TestQuoteCanBeUndone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := string(rapid.SliceOf(rapid.Byte()).Draw(t, "s"))
		q := Quote(s)
		if q == s {
			return
		}
		back, err := strconv.Unquote(q)
		if err != nil || back != s {
			t.Fatalf("%q became %s, which is %q (%v)", s, q, back, err)
		}
	})
}

func TestErrnoNames(t *testing.T) {
	for _, test := range []struct {
		errno syscall.Errno
		name  string
	}{
		{0, ""}, {syscall.EACCES, "EACCES"}, {syscall.ENETUNREACH, "ENETUNREACH"}, {4000, "errno 4000"},
	} {
		if got := ErrnoName(test.errno); got != test.name {
			t.Errorf("%d is %q, want %q", test.errno, got, test.name)
		}
	}
	for e := range syscall.Errno(4096) {
		if got := ErrnoByName(ErrnoName(e)); got != e {
			t.Errorf("%q is %d, want %d", ErrnoName(e), got, e)
		}
	}
	for _, name := range []string{"EWHATEVER", "errno", "errno x", "errno -"} {
		if got := ErrnoByName(name); got != 0 {
			t.Errorf("%q is %d", name, got)
		}
	}
}

func FuzzUnmarshal(f *testing.F) {
	for _, name := range hostile {
		data, err := json.Marshal(Violation{Path: name, Program: name, Time: time.Unix(1, 0).UTC()})
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte(`{"escaped":["path"],"path":"\\x"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var v Violation
		if json.Unmarshal(data, &v) != nil {
			return
		}
		if y := v.Time.Year(); y < 0 || y > 9999 {
			return // time.Time has no JSON for it
		}
		checkWords(t, v)
		if back := roundTrip(t, v); back.String() != v.String() || !back.Time.Equal(v.Time) {
			t.Errorf("%#v came back as %#v", v, back)
		}
	})
}

// checkWords has the line checked if the words in it, which no command gives, are words.
func checkWords(t *testing.T, v Violation) {
	for _, word := range []string{string(v.Operation), v.Call, string(v.Action)} {
		if word == "" || strings.Trim(word, "abcdefghijklmnopqrstuvwxyz") != "" {
			return
		}
	}
	if strings.Contains("denied logged stopped", string(v.Action)) && v.PID >= 0 {
		checkLine(t, v)
	}
}
