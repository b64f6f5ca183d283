// Package perfetto writes a run as a trace of Perfetto's own format, TrackEvent,
// for ui.perfetto.dev or trace_processor.
//
// Each lane of [report.Process] is a track whose slices are processes. A file that
// one process made and another used is an instant event in each, joined by a flow.
// A counter has how many processes were at work. The fields are those of
// protos/perfetto/trace in Perfetto's source.
package perfetto

import (
	"bufio"
	"cmp"
	"encoding/binary"
	"io"
	"slices"
	"time"

	"github.com/catbox-go/catbox/record"
	"github.com/catbox-go/catbox/report"
)

// The numbers of fields, by message.
const (
	tracePacket = 1 // Trace

	packetTimestamp  = 8 // TracePacket
	packetSequence   = 10
	packetEvent      = 11
	packetDescriptor = 60

	trackUUID     = 1 // TrackDescriptor
	trackName     = 2
	trackParent   = 5
	trackCounter  = 8
	trackOrdering = 11
	trackRank     = 12

	eventAnnotation  = 4 // TrackEvent
	eventType        = 9
	eventTrack       = 11
	eventCategory    = 22
	eventName        = 23
	eventCounter     = 30
	eventFlow        = 47
	eventFlowsToHere = 48

	annotationInt  = 4 // DebugAnnotation
	annotationText = 6
	annotationName = 10
)

// Values of TrackEvent.Type and TrackDescriptor.ChildTracksOrdering.
const (
	sliceBegin, sliceEnd, instant, counter = 1, 2, 3, 4
	orderExplicit                          = 3
)

// The identifiers of the tracks. That of a lane is laneTrack and its number.
const (
	runTrack     = 1
	counterTrack = 2
	laneTrack    = 16
)

// Write writes the trace of a run.
func Write(w io.Writer, r *report.Run) error {
	out := bufio.NewWriter(w)
	t := trace{Run: r}
	t.events()
	for _, p := range append(t.tracks(), t.sorted()...) {
		// A write that fails makes all later ones fail, and Flush tells.
		_, _ = out.Write(message{}.message(tracePacket, p))
	}
	return out.Flush()
}

// message is the encoded fields of a message: each a tag, which has the field's number and
// the wire type, and a value (https://protobuf.dev/programming-guides/encoding/). The
// library for it reads the whole program's file when it is set up, at each start of catbox.
type message []byte

// The wire types.
const (
	wireVarint  = 0
	wireFixed64 = 1
	wireBytes   = 2
)

func (m message) tag(field, wire uint64) message { return binary.AppendUvarint(m, field<<3|wire) }

func (m message) number(field, v uint64) message {
	return binary.AppendUvarint(m.tag(field, wireVarint), v)
}

func (m message) text(field uint64, s string) message {
	return append(binary.AppendUvarint(m.tag(field, wireBytes), uint64(len(s))), s...)
}

func (m message) fixed(field, v uint64) message {
	return binary.LittleEndian.AppendUint64(m.tag(field, wireFixed64), v)
}

func (m message) message(field uint64, inner message) message { return m.text(field, string(inner)) }

// tracks are the packets that describe the tracks.
func (t *trace) tracks() []message {
	describe := func(track message) message { return packet().message(packetDescriptor, track) }
	all := []message{
		describe(message{}.number(trackUUID, runTrack).text(trackName, t.Command()).number(trackOrdering, orderExplicit)),
		describe(message{}.number(trackUUID, counterTrack).text(trackName, "processes at work").number(trackParent, runTrack).message(trackCounter, nil)),
	}
	for lane := range t.ends {
		all = append(all, describe(message{}.number(trackUUID, laneTrack+uint64(lane)).text(trackName, "lane "+report.Thousands(lane+1)).
			number(trackParent, runTrack).number(trackRank, uint64(lane+1))))
	}
	return all
}

// packet is one of the only sequence.
func packet() message { return message{}.number(packetSequence, 1) }

// event is a packet with its time, by which they are sorted.
type event struct {
	time time.Duration
	// order is for events of the same time: ends, begins, what is in them.
	order int
	message
}

type trace struct {
	*report.Run
	all  []event
	ends []time.Duration // of the last slice in each lane
	span []slice         // of each process
}

// slice is where a process is drawn: no shorter than a nanosecond, and after the
// one before it in its lane.
type slice struct{ from, to time.Duration }

func (t *trace) add(at time.Duration, order int, fields message) {
	p := packet().number(packetTimestamp, uint64(at)).message(packetEvent, fields)
	t.all = append(t.all, event{at, order, p})
}

func (t *trace) sorted() []message {
	slices.SortStableFunc(t.all, func(a, b event) int { return cmp.Or(cmp.Compare(a.time, b.time), cmp.Compare(a.order, b.order)) })
	packets := make([]message, len(t.all))
	for i, e := range t.all {
		packets[i] = e.message
	}
	return packets
}

func (t *trace) events() {
	order := make([]int, len(t.Processes))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(t.Processes[a].Began, t.Processes[b].Began) })
	t.span = make([]slice, len(t.Processes))
	for _, i := range order {
		t.process(i)
	}
	for i, e := range t.Edges {
		t.flow(uint64(i+1), e)
	}
	t.counter()
}

func (t *trace) process(i int) {
	p := &t.Processes[i]
	for len(t.ends) <= p.Lane {
		t.ends = append(t.ends, 0)
	}
	s := slice{max(p.Began, t.ends[p.Lane]), 0}
	s.to = max(p.Ended, s.from+1)
	t.span[i], t.ends[p.Lane] = s, s.to
	track := laneTrack + uint64(p.Lane)
	t.add(s.from, 1, t.annotated(i, message{}.number(eventType, sliceBegin).number(eventTrack, track).text(eventCategory, "process").text(eventName, report.Visible(t.Program(i)))))
	t.add(s.to, 0, message{}.number(eventType, sliceEnd).number(eventTrack, track))
}

// annotated adds what is known of the process.
func (t *trace) annotated(i int, m message) message {
	p := &t.Processes[i]
	text := func(name, s string) {
		m = m.message(eventAnnotation, message{}.text(annotationName, name).text(annotationText, s))
	}
	number := func(name string, n int64) {
		m = m.message(eventAnnotation, message{}.text(annotationName, name).number(annotationInt, uint64(n)))
	}
	number("pid", int64(p.PID))
	if image := t.Main(i); image >= 0 {
		text("command", report.VisibleArgs(t.Images[image].Args))
		text("directory", report.Visible(t.Images[image].Dir))
	}
	if x := p.Exit; x != nil && x.Known {
		number("exit status", int64(x.Status))
		if x.Signal != 0 {
			text("signal", record.SignalName(x.Signal))
		}
		number("user time in µs", x.User.Microseconds())
		number("system time in µs", x.System.Microseconds())
		number("peak memory in KiB", x.MaxRSS)
	}
	return m
}

// flow is an instant in the process that made a file and one in that which used it.
func (t *trace) flow(id uint64, e report.Edge) {
	name := report.Visible(t.Paths.Path(e.Path))
	mark := func(process int, at time.Duration, what string) (time.Duration, message) {
		s := t.span[process]
		at = min(max(at, s.from), s.to)
		return at, message{}.number(eventType, instant).number(eventTrack, laneTrack+uint64(t.Processes[process].Lane)).text(eventCategory, "file").text(eventName, what+" "+name)
	}
	made, from := mark(e.From, e.Made, "made")
	used, to := mark(e.To, e.Used, "used")
	t.add(made, 2, from.fixed(eventFlow, id))
	t.add(max(used, made), 3, to.fixed(eventFlowsToHere, id))
}

func (t *trace) counter() {
	const parts = 1000
	for i, n := range t.Parallel(parts).Over {
		at := t.Length * time.Duration(i) / parts
		t.add(at, 2, message{}.number(eventType, counter).number(eventTrack, counterTrack).number(eventCounter, uint64(n+0.5)))
	}
}
