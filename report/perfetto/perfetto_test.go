package perfetto

import (
	"bytes"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/catbox-go/catbox/record"
	"github.com/catbox-go/catbox/report"
	"github.com/catbox-go/catbox/report/internal/made"
)

// field is a decoded field: a number, or bytes.
type field struct {
	number protowire.Number
	value  uint64
	bytes  []byte
}

// decode splits a message into its fields, and fails on what is none.
func decode(t testing.TB, data []byte) []field {
	t.Helper()
	var all []field
	for len(data) > 0 {
		number, kind, n := protowire.ConsumeTag(data)
		if n < 0 {
			t.Fatal(protowire.ParseError(n))
		}
		data = data[n:]
		f := field{number: number}
		switch kind {
		case protowire.VarintType:
			f.value, n = protowire.ConsumeVarint(data)
		case protowire.Fixed64Type:
			f.value, n = protowire.ConsumeFixed64(data)
		case protowire.BytesType:
			f.bytes, n = protowire.ConsumeBytes(data)
		default:
			t.Fatalf("field %d is of kind %d", number, kind)
		}
		if n < 0 {
			t.Fatal(protowire.ParseError(n))
		}
		data = data[n:]
		all = append(all, f)
	}
	return all
}

func get(fields []field, number protowire.Number) (field, bool) {
	for _, f := range fields {
		if f.number == number {
			return f, true
		}
	}
	return field{}, false
}

// packets are those of the trace of a run.
func packets(t testing.TB, each report.Each) [][]field {
	t.Helper()
	r, err := report.Load(each, nil)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := Write(&b, r); err != nil {
		t.Fatal(err)
	}
	var all [][]field
	for _, f := range decode(t, b.Bytes()) {
		if f.number != tracePacket {
			t.Fatalf("field %d in a trace", f.number)
		}
		all = append(all, decode(t, f.bytes))
	}
	return all
}

// checkTrace reads a trace as trace_processor does: time goes on, every track was
// described, slices of a track nest, and a flow begins before it ends. It
// returns the names of the slices and instants.
func checkTrace(t testing.TB, each report.Each) (slices, instants []string) {
	t.Helper()
	tracks, depth, flows := map[uint64]bool{}, map[uint64]int{}, map[uint64]bool{}
	now := uint64(0)
	for _, p := range packets(t, each) {
		if d, ok := get(p, packetDescriptor); ok {
			uuid, _ := get(decode(t, d.bytes), trackUUID)
			tracks[uuid.value] = true
			continue
		}
		at, _ := get(p, packetTimestamp)
		if at.value < now {
			t.Fatalf("time goes from %d to %d", now, at.value)
		}
		now = at.value
		body, ok := get(p, packetEvent)
		if !ok {
			t.Fatal("a packet that is neither a track nor an event")
		}
		event := decode(t, body.bytes)
		track, _ := get(event, eventTrack)
		if !tracks[track.value] {
			t.Fatalf("event in track %d, which was not described", track.value)
		}
		kind, _ := get(event, eventType)
		name, _ := get(event, eventName)
		if !utf8.Valid(name.bytes) {
			t.Fatalf("%q is no text", name.bytes)
		}
		switch kind.value {
		case sliceBegin:
			if depth[track.value]++; depth[track.value] > 1 {
				t.Fatalf("%s begins within another", name.bytes)
			}
			slices = append(slices, string(name.bytes))
		case sliceEnd:
			if depth[track.value]--; depth[track.value] < 0 {
				t.Fatal("an end without a begin")
			}
		case instant:
			instants = append(instants, string(name.bytes))
		}
		if f, ok := get(event, eventFlow); ok {
			flows[f.value] = true
		}
		if f, ok := get(event, eventFlowsToHere); ok && !flows[f.value] {
			t.Fatalf("flow %d ends before it begins", f.value)
		}
	}
	for track, n := range depth {
		if n != 0 {
			t.Errorf("%d slices of track %d do not end", n, track)
		}
	}
	return slices, instants
}

func TestATraceIsReadAsItWasMeant(t *testing.T) {
	slices, instants := checkTrace(t, made.Hello.Each)
	if len(slices) != 188 || slices[0] != "sh" {
		t.Errorf("%d slices: %q", len(slices), slices[:min(len(slices), 5)])
	}
	if all := strings.Join(instants, "\n"); !strings.Contains(all, "made /home/me/hello-2.10/hello\nused /home/me/hello-2.10/hello") {
		t.Errorf("no flow of the program from ld to install:\n%s", all)
	}
}

func FuzzTimes(f *testing.F) {
	f.Add("a", "\xff\n", int64(0), int64(0), int64(5), int64(5))
	f.Add("", "b", int64(1<<62), int64(-1), int64(7), int64(3))
	f.Fuzz(func(t *testing.T, a, b string, from, to, made1, used int64) {
		checkTrace(t, func(f func(record.Event) error) error {
			now := made.Zero
			events := []record.Event{record.Start{Time: now, Args: []string{a, b}}}
			for i, name := range []string{a, b, a + b} {
				id := int64(i + 1)
				events = append(events, record.Process{ID: id, Parent: id / 3, Time: now.Add(1000)},
					record.Image{ID: id, Process: id, Path: name, Args: []string{name}, Time: now},
					record.Access{Image: id, Class: record.ClassCreate, Path: a, First: now.Add(dur(made1))},
					record.Access{Image: id, Class: record.ClassRead, Path: a, First: now.Add(dur(used))},
					record.Exit{Process: id, Time: now.Add(dur(from + to*id)), Known: true})
			}
			for _, e := range events {
				if err := f(e); err != nil {
					return err
				}
			}
			return nil
		})
	})
}

// dur is a time within a year of anything that is drawn.
func dur(n int64) time.Duration { return time.Duration(n % int64(365*24*time.Hour)) }
