package record

import (
	"encoding/json"
	"time"
)

// The types below are the wire forms: their members are an interface, as are
// those of a violation. Times have nanoseconds; one that is not known is left
// out, as is what is empty, 0 or false.

type jsonStart struct {
	Type    string    `json:"type"`
	Time    time.Time `json:"time,omitzero"`
	Args    []string  `json:"args,omitempty"`
	Dir     string    `json:"dir,omitempty"`
	Root    string    `json:"root,omitempty"`
	Version string    `json:"version,omitempty"`
	System  string    `json:"system,omitempty"`
	Detail  string    `json:"detail,omitempty"`
	Escaped []string  `json:"escaped,omitempty"`
}

// MarshalJSON writes one object, as MarshalJSON of a Violation does.
func (s Start) MarshalJSON() ([]byte, error) {
	var e escapes
	w := jsonStart{
		Type: s.Kind(), Time: s.Time.UTC(), Args: e.list("args", s.Args), Dir: e.text("dir", s.Dir), Root: e.text("root", s.Root),
		Version: e.text("version", s.Version), System: e.text("system", s.System), Detail: e.text("detail", s.Detail),
	}
	w.Escaped = e.members
	return wire(w)
}

// UnmarshalJSON reads what MarshalJSON wrote. Unknown members are ignored.
func (s *Start) UnmarshalJSON(data []byte) error {
	var w jsonStart
	if err := json.Unmarshal(data, &w); err != nil {
		return err
	}
	e := escapes{members: w.Escaped}
	*s = Start{
		Time: w.Time, Args: e.plainList("args", w.Args), Dir: e.plainText("dir", w.Dir), Root: e.plainText("root", w.Root),
		Version: e.plainText("version", w.Version), System: e.plainText("system", w.System), Detail: e.plainText("detail", w.Detail),
	}
	return e.err
}

type jsonEnd struct {
	Type   string    `json:"type"`
	Time   time.Time `json:"time,omitzero"`
	Exit   int       `json:"exit"`
	Signal string    `json:"signal,omitempty"`
	Calls  uint64    `json:"calls,omitempty"`
}

// MarshalJSON writes one object, as MarshalJSON of a Violation does.
func (n End) MarshalJSON() ([]byte, error) {
	return wire(jsonEnd{n.Kind(), n.Time.UTC(), n.Exit, SignalName(n.Signal), n.Calls})
}

// UnmarshalJSON reads what MarshalJSON wrote. Unknown members are ignored.
func (n *End) UnmarshalJSON(data []byte) error {
	var w jsonEnd
	if err := json.Unmarshal(data, &w); err != nil {
		return err
	}
	*n = End{w.Time, w.Exit, SignalByName(w.Signal), w.Calls}
	return nil
}

type jsonProcess struct {
	Type   string    `json:"type"`
	ID     int64     `json:"id"`
	Parent int64     `json:"parent,omitempty"`
	PID    int       `json:"pid,omitempty"`
	Time   time.Time `json:"time,omitzero"`
}

// MarshalJSON writes one object, as MarshalJSON of a Violation does.
func (p Process) MarshalJSON() ([]byte, error) {
	return wire(jsonProcess{p.Kind(), p.ID, p.Parent, p.PID, p.Time.UTC()})
}

// UnmarshalJSON reads what MarshalJSON wrote. Unknown members are ignored.
func (p *Process) UnmarshalJSON(data []byte) error {
	var w jsonProcess
	if err := json.Unmarshal(data, &w); err != nil {
		return err
	}
	*p = Process{w.ID, w.Parent, w.PID, w.Time}
	return nil
}

type jsonExit struct {
	Type    string        `json:"type"`
	Process int64         `json:"process"`
	Time    time.Time     `json:"time,omitzero"`
	Known   bool          `json:"known"`
	Status  int           `json:"status,omitempty"`
	Signal  string        `json:"signal,omitempty"`
	User    time.Duration `json:"user_ns,omitempty"`
	System  time.Duration `json:"system_ns,omitempty"`
	MaxRSS  int64         `json:"max_rss_kib,omitempty"`
}

// MarshalJSON writes one object, as MarshalJSON of a Violation does.
func (x Exit) MarshalJSON() ([]byte, error) {
	return wire(jsonExit{x.Kind(), x.Process, x.Time.UTC(), x.Known, x.Status, SignalName(x.Signal), x.User, x.System, x.MaxRSS})
}

// UnmarshalJSON reads what MarshalJSON wrote. Unknown members are ignored.
func (x *Exit) UnmarshalJSON(data []byte) error {
	var w jsonExit
	if err := json.Unmarshal(data, &w); err != nil {
		return err
	}
	*x = Exit{w.Process, w.Time, w.Known, w.Status, SignalByName(w.Signal), w.User, w.System, w.MaxRSS}
	return nil
}

type jsonBlind struct {
	Type    string    `json:"type"`
	Time    time.Time `json:"time,omitzero"`
	What    string    `json:"what"`
	By      string    `json:"by,omitempty"`
	Process int64     `json:"process,omitempty"`
	Count   *int      `json:"count"`
	Escaped []string  `json:"escaped,omitempty"`
}

// MarshalJSON writes one object, as MarshalJSON of a Violation does.
func (b Blind) MarshalJSON() ([]byte, error) {
	var e escapes
	w := jsonBlind{
		Type: b.Kind(), Time: b.Time.UTC(), What: e.text("what", b.What), By: e.text("by", b.By),
		Process: b.Process, Count: &b.Count,
	}
	w.Escaped = e.members
	return wire(w)
}

// UnmarshalJSON reads what MarshalJSON wrote. Unknown members are ignored.
func (b *Blind) UnmarshalJSON(data []byte) error {
	var w jsonBlind
	if err := json.Unmarshal(data, &w); err != nil {
		return err
	}
	e := escapes{members: w.Escaped}
	*b = Blind{w.Time, e.plainText("what", w.What), e.plainText("by", w.By), w.Process, once(w.Count)}
	return e.err
}

// once is a count, which is 1 where it was left out.
func once(count *int) int {
	if count == nil {
		return 1
	}
	return *count
}
