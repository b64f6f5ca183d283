package record_test

import (
	"bytes"
	"errors"
	"io"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/catbox-go/catbox/record"
	"github.com/catbox-go/catbox/record/internal/events"
)

// decodeAll reads to the end.
func decodeAll(d *record.Decoder) (all []record.Event, err error) {
	for {
		e, err := d.Next()
		if err == io.EOF {
			return all, nil
		}
		if err != nil {
			return all, err
		}
		all = append(all, e)
	}
}

func TestEventsComeBackFromJSONLines(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := events.Record.Draw(t, "record")
		var lines bytes.Buffer
		enc := record.NewEncoder(&lines)
		for _, e := range want {
			if err := enc.Event(e); err != nil {
				t.Fatal(err)
			}
		}
		text := strings.ReplaceAll(lines.String(), "\n", "")
		if strings.ContainsFunc(text, func(r rune) bool { return !strconv.IsPrint(r) }) {
			t.Fatalf("does not print: %q", text)
		}
		if n := strings.Count(lines.String(), "\n"); n != len(want) {
			t.Fatalf("%d lines for %d events", n, len(want))
		}
		got, err := decodeAll(record.NewDecoder(&lines))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
			t.Fatal(diff)
		}
	})
}

// The members are an interface: readers in other languages know these names.
func TestJSONLinesHaveTheMembersThatAreDocumented(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 6, time.FixedZone("", 3600))
	for _, test := range []struct {
		event record.Event
		want  string
	}{
		{
			record.Start{Time: at, Args: []string{"make", "a\xff\\"}, Dir: "/src", Root: "/trees/\xff", Version: "1", System: "Linux", Detail: "full"},
			`{"type":"start","time":"2026-01-02T02:04:05.000000006Z","args":["make","a\\xff\\\\"],"dir":"/src","root":"/trees/\\xff","version":"1",` +
				`"system":"Linux","detail":"full","escaped":["args","root"]}`,
		},
		{record.Process{ID: 2, Parent: 1, PID: 71}, `{"type":"process","id":2,"parent":1,"pid":71}`},
		{
			record.Image{
				ID: 3, Process: 2, Previous: 1, Forked: true, Path: "/bin/\xff", Interpreters: []string{"/bin/sh"}, Args: []string{"sh"},
				Dir: "/", Env: []string{"A=1"}, EnvUnset: []string{"B"}, EnvBase: 1, Searched: 4,
			},
			`{"type":"image","id":3,"process":2,"previous":1,"forked":true,"path":"/bin/\\xff","interpreters":["/bin/sh"],"args":["sh"],` +
				`"dir":"/","env":["A=1"],"env_unset":["B"],"env_base":1,"searched":4,"escaped":["path"]}`,
		},
		{
			record.Access{Image: 3, Class: record.ClassAbsent, Path: "/a", To: "/b", Errno: 2, Dir: true, Made: true, Mark: "time", Count: 2},
			`{"type":"access","image":3,"class":"absent","path":"/a","to":"/b","errno":"ENOENT","dir":true,"made":true,"mark":"time","count":2}`,
		},
		{
			record.Call{Image: 3, Name: "getrandom", Mark: "random", Count: 2, First: at},
			`{"type":"call","image":3,"name":"getrandom","mark":"random","count":2,"first":"2026-01-02T02:04:05.000000006Z"}`,
		},
		{
			record.Network{Image: 3, Operation: record.Send, Destination: "@x", Errno: 1, Count: 1},
			`{"type":"network","image":3,"operation":"send","destination":"@x","errno":"EPERM","count":1}`,
		},
		{record.Blind{What: "w", By: "b", Process: 2, Count: 1}, `{"type":"blind","what":"w","by":"b","process":2,"count":1}`},
		{
			record.Exit{Process: 2, Known: true, Status: 1, Signal: 9, User: 2, System: 3, MaxRSS: 4},
			`{"type":"exit","process":2,"known":true,"status":1,"signal":"SIGKILL","user_ns":2,"system_ns":3,"max_rss_kib":4}`,
		},
		{record.End{Exit: 1, Signal: 40, Calls: 5}, `{"type":"end","exit":1,"signal":"signal 40","calls":5}`},
	} {
		var b bytes.Buffer
		if err := record.NewEncoder(&b).Event(test.event); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(test.want+"\n", b.String()); diff != "" {
			t.Error(diff)
		}
	}
}

func TestUnknownMembersTypesAndBlankLines(t *testing.T) {
	d := record.NewDecoder(strings.NewReader(`{"type":"process","id":1,"novel":{"a":[1]}}
{"type":"ended","status":0}

{"novel":1,"type":"access","image":1,"class":"read","path":"\\x41","escaped":["path","novel"]}`))
	got, err := decodeAll(d)
	want := []record.Event{record.Process{ID: 1}, record.Access{Image: 1, Class: "read", Path: "A", Count: 1}}
	if diff := cmp.Diff(want, got); diff != "" || err != nil || d.Skipped() != 1 {
		t.Errorf("%v, skipped %d\n%s", err, d.Skipped(), diff)
	}
}

func TestBadLinesAreNamed(t *testing.T) {
	for _, test := range []struct{ lines, want string }{
		{"{\"type\":\"process\",\"id\":1}\nnonsense\n", "line 2: invalid character 'o' in literal null (expecting 'u')"},
		{`{"id":1}`, `line 1: no member "type"`},
		{`[]`, "line 1: a JSON array where an object should be"},
		{`{"type":"process","id":"x"}`, `line 1: process: member "id": a JSON string does not fit`},
		{`{"type":"access","path":"\\x4","escaped":["path"]}`, `line 1: access: member "path": bad escape in "\\x4"`},
		{`{"type":"start","args":["\\"],"escaped":["args"]}`, `line 1: start: member "args": bad escape in "\\"`},
		{`{"type":"process"`, "line 1: unexpected end of JSON input"},
	} {
		if _, err := decodeAll(record.NewDecoder(strings.NewReader(test.lines))); err == nil || err.Error() != test.want {
			t.Errorf("%s\ngot  %v\nwant %s", test.lines, err, test.want)
		}
	}
}

// endless is a line that does not end.
type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

func TestALineWithoutEndIsAnError(t *testing.T) {
	if _, err := record.NewDecoder(endless{}).Next(); err == nil || !strings.HasPrefix(err.Error(), "line 1: longer than") {
		t.Error(err)
	}
}

func TestReadAndWriteErrorsArePassedOn(t *testing.T) {
	broken := errors.New("broken")
	r, w := io.Pipe()
	w.CloseWithError(broken)
	if _, err := record.NewDecoder(r).Next(); !errors.Is(err, broken) {
		t.Error(err)
	}
	r.CloseWithError(broken)
	if err := record.NewEncoder(w).Event(record.End{}); err == nil {
		t.Error("written to a broken pipe")
	}
}

func TestSignalNames(t *testing.T) {
	for s := range record.SignalByName("signal 100") {
		if got := record.SignalByName(record.SignalName(s)); got != s {
			t.Errorf("%d came back as %d", s, got)
		}
	}
	if record.SignalName(11) != "SIGSEGV" || record.SignalByName("nonsense") != 0 {
		t.Error("signal names")
	}
}

func FuzzDecoder(f *testing.F) {
	f.Add([]byte(`{"type":"access","path":"\\x41","escaped":["path"],"first":"2026-01-02T03:04:05Z"}`))
	f.Add([]byte(`{"type":"image","args":["a"],"env":null}` + "\n\n{}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		first, err := decodeAll(record.NewDecoder(bytes.NewReader(data)))
		if err != nil {
			return
		}
		var lines bytes.Buffer
		for _, e := range first {
			if err := record.NewEncoder(&lines).Event(e); err != nil {
				return // a time that JSON cannot hold in UTC
			}
		}
		again, err := decodeAll(record.NewDecoder(&lines))
		if diff := cmp.Diff(first, again, cmpopts.EquateEmpty()); diff != "" || err != nil {
			t.Errorf("%v\n%s", err, diff)
		}
	})
}
