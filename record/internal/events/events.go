// Package events makes up events for tests: any that could be told.
package events

import (
	"fmt"
	"syscall"
	"time"

	"pgregory.net/rapid"

	"github.com/catbox-go/catbox/record"
)

// Names are any sequences of bytes, above all those that are hard to hold.
var Names = rapid.OneOf(
	rapid.SampledFrom([]string{
		"", "/usr/bin/gcc", "a b", `a\b`, `a\x41`, "'", "a\nb", "\x1b[2J", "\xff", "a\xffb\\c", "\xed\xa0\x80", "\uFFFD", "\uFFFD\xff",
		"\u202e", "日本", "<&>", "=", "=C:=x", "A=", "A=b=c", "A\xff=\xfe", "\x00", "a\x00b", "x'41'", "1", "1.0", "1e3", "NULL",
	}),
	rapid.String(),
	rapid.Map(rapid.SliceOfN(rapid.Byte(), 0, 20), func(b []byte) string { return string(b) }),
)

var lists = rapid.SliceOfN(Names, 0, 4)

var times = rapid.Custom(func(t *rapid.T) time.Time {
	if rapid.IntRange(0, 9).Draw(t, "unknown") == 0 {
		return time.Time{}
	}
	return time.Unix(rapid.Int64Range(-1<<32, 1<<32).Draw(t, "s"), rapid.Int64Range(0, 1e9-1).Draw(t, "ns")).UTC()
})

var errnos = rapid.Map(rapid.IntRange(-40, 4000), func(n int) syscall.Errno { return syscall.Errno(max(0, n)) })

var signals = rapid.Map(rapid.IntRange(-40, 64), func(n int) syscall.Signal { return syscall.Signal(max(0, n)) })

// Record is a whole record, in the order in which a store gives events back
// except for the accesses, of which some are told in two parts.
var Record = rapid.Custom(func(t *rapid.T) []record.Event {
	m := &maker{T: t}
	if m.some() {
		m.add(record.Start{
			Time: m.time(), Args: m.list(), Dir: m.name(), Root: m.name(), Version: m.name(), System: m.name(), Detail: m.name(),
		})
	}
	m.processes()
	m.images()
	m.uses()
	m.endings()
	return m.events
})

type maker struct {
	*rapid.T
	events             []record.Event
	lastProc, lastImag int64
}

func (m *maker) add(e record.Event) { m.events = append(m.events, e) }

func (m *maker) name() string             { return Names.Draw(m.T, "name") }
func (m *maker) list() []string           { return lists.Draw(m.T, "list") }
func (m *maker) time() time.Time          { return times.Draw(m.T, "time") }
func (m *maker) some() bool               { return rapid.Bool().Draw(m.T, "some") }
func (m *maker) upTo(n int64) int64       { return rapid.Int64Range(0, n).Draw(m.T, "number") }
func (m *maker) anInt() int               { return rapid.Int().Draw(m.T, "int") }
func (m *maker) errno() syscall.Errno     { return errnos.Draw(m.T, "errno") }
func (m *maker) signal() syscall.Signal   { return signals.Draw(m.T, "signal") }
func (m *maker) duration() time.Duration  { return time.Duration(rapid.Int64().Draw(m.T, "duration")) }
func word(t *rapid.T, w ...string) string { return rapid.SampledFrom(w).Draw(t, "word") }

// times calls f up to three times.
func (m *maker) times(f func(i int)) {
	for i := range rapid.IntRange(0, 3).Draw(m.T, "times") {
		f(i)
	}
}

func (m *maker) processes() {
	m.times(func(int) {
		parent := m.upTo(m.lastProc)
		m.lastProc += 1 + m.upTo(2)
		m.add(record.Process{ID: m.lastProc, Parent: parent, PID: m.anInt(), Time: m.time()})
	})
}

func (m *maker) images() {
	m.times(func(int) {
		previous, base := m.upTo(m.lastImag), m.upTo(m.lastImag)
		m.lastImag += 1 + m.upTo(2)
		i := record.Image{
			ID: m.lastImag, Process: m.upTo(m.lastProc), Previous: previous, Forked: m.some(), Time: m.time(),
			Path: m.name(), Interpreters: m.list(), Args: m.list(), Dir: m.name(),
			Env: m.list(), EnvUnset: m.list(), EnvBase: base, Searched: m.anInt(),
		}
		m.add(i)
		if m.some() { // a fork
			i.Previous, i.ID, i.Forked = i.ID, i.ID+1, true
			m.lastImag = i.ID
			m.add(i)
		}
	})
}

func (m *maker) uses() {
	m.times(func(int) {
		a := record.Access{
			Image: m.upTo(m.lastImag), Class: record.Class(word(m.T, "read", "write", "absent", "rename", "novel", "\xff")),
			Path: m.name(), To: m.name(), Errno: m.errno(), Dir: m.some(), Made: m.some(), Mark: word(m.T, "", "time", "\xff"),
			Count: int(m.upTo(1000)), First: m.time(), Last: m.time(),
		}
		m.add(a)
		if m.some() {
			a.Count, a.First, a.Last, a.Made, a.Dir = int(m.upTo(9)), m.time(), m.time(), m.some(), m.some()
			m.add(a)
		}
	})
	m.times(func(i int) {
		m.add(record.Call{
			Image: m.upTo(m.lastImag), Name: fmt.Sprint(i) + m.name(), Mark: m.name(), Count: m.anInt(), First: m.time(), Last: m.time(),
		})
	})
	m.times(func(i int) {
		m.add(record.Network{
			Image: m.upTo(m.lastImag), Operation: record.Operation(word(m.T, "connect", "bind", "send")),
			Destination: fmt.Sprint(i) + m.name(), Errno: m.errno(), Count: m.anInt(), First: m.time(), Last: m.time(),
		})
	})
	m.times(func(i int) {
		m.add(record.Violation{
			Seq: i + 1, Time: m.time(), Operation: record.Write, Call: "openat", Path: m.name(), Canonical: m.name(),
			Errno: m.errno(), Action: record.Denied, Program: m.name(), PID: m.anInt(),
		})
	})
	m.times(func(i int) {
		m.add(record.Blind{
			Time: m.time(), What: fmt.Sprint(i) + m.name(), By: m.name(), Process: m.upTo(m.lastProc), Count: m.anInt(),
		})
	})
}

func (m *maker) endings() {
	for id := range m.lastProc {
		if !m.some() {
			continue
		}
		m.add(record.Exit{
			Process: id + 1, Time: time.Unix(1000+id, 0).UTC(), Known: m.some(), Status: m.anInt(), Signal: m.signal(),
			User: m.duration(), System: m.duration(), MaxRSS: rapid.Int64().Draw(m.T, "rss"),
		})
	}
	if m.some() {
		m.add(record.End{Time: m.time(), Exit: m.anInt(), Signal: m.signal(), Calls: rapid.Uint64().Draw(m.T, "calls")})
	}
}

// Sum returns the events with the accesses of the same image, class, path, To
// and errno added up: the most that a store may change.
func Sum(events []record.Event) (sum []record.Event) {
	type key struct {
		image           int64
		class, path, to string
		errno           syscall.Errno
	}
	index := map[key]int{}
	for _, e := range events {
		a, is := e.(record.Access)
		k := key{a.Image, string(a.Class), a.Path, a.To, a.Errno}
		i, again := index[k]
		switch {
		case is && again:
			sum[i] = add(sum[i].(record.Access), a)
			continue
		case is:
			index[k] = len(sum)
		}
		sum = append(sum, e)
	}
	return sum
}

func add(a, b record.Access) record.Access {
	a.Count += b.Count
	a.Dir = a.Dir || b.Dir
	a.Made = a.Made && b.Made
	if a.Mark == "" {
		a.Mark = b.Mark
	}
	if a.First.IsZero() || !b.First.IsZero() && b.First.Before(a.First) {
		a.First = b.First
	}
	if a.Last.IsZero() || b.Last.After(a.Last) {
		a.Last = b.Last
	}
	return a
}
