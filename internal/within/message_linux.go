package within

import (
	"encoding/json"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/landlock"
	"github.com/catbox-go/catbox/internal/stage"
)

// Spec is what the inner process has to do. Paths are those that it sees.
type Spec struct {
	Path text
	Args texts
	Env  texts
	// Root is a directory to make the root; "" is the one that is there.
	Root text
	// Dir is the working directory, in Root.
	Dir   text
	Files int // descriptors for the command beyond 0 to 2

	Landlock *Rules // nil: none
	Filter   []unix.SockFilter
	Flags    uintptr // of seccomp(2)
	// Caps are what is kept of the capabilities that there are, bit n for number n.
	Caps uint64
	// Blocked are those of the signals that the inner process holds back which the
	// command starts with blocked, bit n for number n.
	Blocked uint64
}

// Rules are landlock.Rules.
type Rules struct {
	Write, Devices, Exec texts
	AnyWrite, Scope      bool
}

// NewSpec makes the inner process do what the init of package stage would, as far as
// it has a part in it. caps are those that are kept.
func NewSpec(s stage.Spec, caps uint64) Spec {
	return Spec{
		Path: text(s.Path), Args: s.Args, Env: s.Env, Dir: text(s.Dir),
		Landlock: newRules(s.Landlock), Filter: s.Filter, Flags: s.FilterFlags, Caps: caps,
	}
}

// SetRoot has a directory made the root; "/" is the one that is there.
func (s *Spec) SetRoot(dir string) {
	if dir != "/" {
		s.Root = text(dir)
	}
}

// newRules returns the rules; nil for nil. Reading is left alone.
func newRules(r *landlock.Rules) *Rules {
	if r == nil {
		return nil
	}
	return &Rules{texts(r.Write), texts(r.Devices), texts(r.Exec), r.AnyWrite, r.Scope}
}

// text is a string of any bytes, which JSON has no strings of.
type text string

func (t text) MarshalJSON() ([]byte, error) { return json.Marshal([]byte(t)) }

func (t *text) UnmarshalJSON(data []byte) error {
	var b []byte
	err := json.Unmarshal(data, &b)
	*t = text(b)
	return err
}

// texts are several. Nil stays nil.
type texts []string

func (t texts) MarshalJSON() ([]byte, error) {
	if t == nil {
		return []byte("null"), nil
	}
	all := make([]text, len(t))
	for i, s := range t {
		all[i] = text(s)
	}
	return json.Marshal(all)
}

func (t *texts) UnmarshalJSON(data []byte) error {
	var all []text
	if err := json.Unmarshal(data, &all); err != nil || all == nil {
		return err
	}
	*t = make(texts, len(all))
	for i, s := range all {
		(*t)[i] = string(s)
	}
	return nil
}

// request is what the caller tells the inner process: first the Spec, then Go,
// then Seen when it has seen who was started, then the rest. One member is set.
type request struct {
	Spec     *Spec          `json:",omitempty"`
	Go, Seen bool           `json:",omitempty"`
	Kill     bool           `json:",omitempty"`
	Signal   syscall.Signal `json:",omitempty"`
}

// report is what the inner process tells. The first one is ready or failed.
type report struct {
	Failed  *failure       `json:",omitempty"`
	Ready   *ready         `json:",omitempty"`
	Started bool           `json:",omitempty"`
	Stopped syscall.Signal `json:",omitempty"`
	Died    *stage.Death   `json:",omitempty"`
	Ended   *stage.Ended   `json:",omitempty"`
}

// ready tells that everything is set up, with the listener beside it.
type ready struct {
	Netns uint64 // SO_NETNS_COOKIE of the run's network namespace, 0 if it cannot be had
}

// failure is why the command did not run: see stage.Error.
type failure struct {
	Step, Text string
	Errno      syscall.Errno
	Exec       bool
}

func (f *failure) error() error {
	return &stage.Error{Step: f.Step, Text: f.Text, Errno: f.Errno, Exec: f.Exec}
}
