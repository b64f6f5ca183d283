package record

import (
	"encoding/json"
	"time"
)

type jsonImage struct {
	Type         string    `json:"type"`
	ID           int64     `json:"id"`
	Process      int64     `json:"process"`
	Previous     int64     `json:"previous,omitempty"`
	Forked       bool      `json:"forked,omitempty"`
	Time         time.Time `json:"time,omitzero"`
	Path         string    `json:"path"`
	Interpreters []string  `json:"interpreters,omitempty"`
	Args         []string  `json:"args,omitempty"`
	Dir          string    `json:"dir,omitempty"`
	Env          []string  `json:"env,omitempty"`
	EnvUnset     []string  `json:"env_unset,omitempty"`
	EnvBase      int64     `json:"env_base,omitempty"`
	Searched     int       `json:"searched,omitempty"`
	Escaped      []string  `json:"escaped,omitempty"`
}

// MarshalJSON writes one object, as MarshalJSON of a Violation does.
func (i Image) MarshalJSON() ([]byte, error) {
	var e escapes
	w := jsonImage{
		Type: i.Kind(), ID: i.ID, Process: i.Process, Previous: i.Previous, Forked: i.Forked, Time: i.Time.UTC(),
		Path: e.text("path", i.Path), Interpreters: e.list("interpreters", i.Interpreters),
		Args: e.list("args", i.Args), Dir: e.text("dir", i.Dir), Env: e.list("env", i.Env),
		EnvUnset: e.list("env_unset", i.EnvUnset), EnvBase: i.EnvBase, Searched: i.Searched,
	}
	w.Escaped = e.members
	return wire(w)
}

// UnmarshalJSON reads what MarshalJSON wrote. Unknown members are ignored.
func (i *Image) UnmarshalJSON(data []byte) error {
	var w jsonImage
	if err := json.Unmarshal(data, &w); err != nil {
		return err
	}
	e := escapes{members: w.Escaped}
	*i = Image{
		ID: w.ID, Process: w.Process, Previous: w.Previous, Forked: w.Forked, Time: w.Time,
		Path: e.plainText("path", w.Path), Interpreters: e.plainList("interpreters", w.Interpreters),
		Args: e.plainList("args", w.Args), Dir: e.plainText("dir", w.Dir), Env: e.plainList("env", w.Env),
		EnvUnset: e.plainList("env_unset", w.EnvUnset), EnvBase: w.EnvBase, Searched: w.Searched,
	}
	return e.err
}

type jsonAccess struct {
	Type    string    `json:"type"`
	Image   int64     `json:"image"`
	Class   string    `json:"class"`
	Path    string    `json:"path"`
	To      string    `json:"to,omitempty"`
	Errno   string    `json:"errno,omitempty"`
	Dir     bool      `json:"dir,omitempty"`
	Made    bool      `json:"made,omitempty"`
	Mark    string    `json:"mark,omitempty"`
	Count   *int      `json:"count"`
	First   time.Time `json:"first,omitzero"`
	Last    time.Time `json:"last,omitzero"`
	Escaped []string  `json:"escaped,omitempty"`
}

// MarshalJSON writes one object, as MarshalJSON of a Violation does.
func (a Access) MarshalJSON() ([]byte, error) {
	var e escapes
	w := jsonAccess{
		Type: a.Kind(), Image: a.Image, Class: e.text("class", string(a.Class)), Path: e.text("path", a.Path), To: e.text("to", a.To),
		Errno: ErrnoName(a.Errno), Dir: a.Dir, Made: a.Made, Mark: e.text("mark", a.Mark),
		Count: &a.Count, First: a.First.UTC(), Last: a.Last.UTC(),
	}
	w.Escaped = e.members
	return wire(w)
}

// UnmarshalJSON reads what MarshalJSON wrote. Unknown members are ignored.
func (a *Access) UnmarshalJSON(data []byte) error {
	var w jsonAccess
	if err := json.Unmarshal(data, &w); err != nil {
		return err
	}
	e := escapes{members: w.Escaped}
	*a = Access{
		Image: w.Image, Class: Class(e.plainText("class", w.Class)), Path: e.plainText("path", w.Path), To: e.plainText("to", w.To),
		Errno: ErrnoByName(w.Errno), Dir: w.Dir, Made: w.Made, Mark: e.plainText("mark", w.Mark),
		Count: once(w.Count), First: w.First, Last: w.Last,
	}
	return e.err
}

type jsonCall struct {
	Type    string    `json:"type"`
	Image   int64     `json:"image"`
	Name    string    `json:"name"`
	Mark    string    `json:"mark,omitempty"`
	Count   *int      `json:"count"`
	First   time.Time `json:"first,omitzero"`
	Last    time.Time `json:"last,omitzero"`
	Escaped []string  `json:"escaped,omitempty"`
}

// MarshalJSON writes one object, as MarshalJSON of a Violation does.
func (c Call) MarshalJSON() ([]byte, error) {
	var e escapes
	w := jsonCall{
		Type: c.Kind(), Image: c.Image, Name: e.text("name", c.Name), Mark: e.text("mark", c.Mark),
		Count: &c.Count, First: c.First.UTC(), Last: c.Last.UTC(),
	}
	w.Escaped = e.members
	return wire(w)
}

// UnmarshalJSON reads what MarshalJSON wrote. Unknown members are ignored.
func (c *Call) UnmarshalJSON(data []byte) error {
	var w jsonCall
	if err := json.Unmarshal(data, &w); err != nil {
		return err
	}
	e := escapes{members: w.Escaped}
	*c = Call{
		Image: w.Image, Name: e.plainText("name", w.Name), Mark: e.plainText("mark", w.Mark),
		Count: once(w.Count), First: w.First, Last: w.Last,
	}
	return e.err
}

type jsonNetwork struct {
	Type        string    `json:"type"`
	Image       int64     `json:"image"`
	Operation   Operation `json:"operation"`
	Destination string    `json:"destination"`
	Errno       string    `json:"errno,omitempty"`
	Count       *int      `json:"count"`
	First       time.Time `json:"first,omitzero"`
	Last        time.Time `json:"last,omitzero"`
	Escaped     []string  `json:"escaped,omitempty"`
}

// MarshalJSON writes one object, as MarshalJSON of a Violation does.
func (n Network) MarshalJSON() ([]byte, error) {
	var e escapes
	w := jsonNetwork{
		Type: n.Kind(), Image: n.Image, Operation: n.Operation, Destination: e.text("destination", n.Destination),
		Errno: ErrnoName(n.Errno), Count: &n.Count, First: n.First.UTC(), Last: n.Last.UTC(),
	}
	w.Escaped = e.members
	return wire(w)
}

// UnmarshalJSON reads what MarshalJSON wrote. Unknown members are ignored.
func (n *Network) UnmarshalJSON(data []byte) error {
	var w jsonNetwork
	if err := json.Unmarshal(data, &w); err != nil {
		return err
	}
	e := escapes{members: w.Escaped}
	*n = Network{
		Image: w.Image, Operation: w.Operation, Destination: e.plainText("destination", w.Destination),
		Errno: ErrnoByName(w.Errno), Count: once(w.Count), First: w.First, Last: w.Last,
	}
	return e.err
}
