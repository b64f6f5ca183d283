package main

import (
	"fmt"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox"
	"github.com/catbox-go/catbox/record"
)

// status writes the lines of --json-status-fd: "started", the violations,
// "ended"; or "failed". Violations that come while the command is being started
// wait for the first.
type status struct {
	lines   jsonLines
	begun   bool
	waiting []record.Violation
}

type startedLine struct {
	Type        string               `json:"type"`
	PID         int                  `json:"pid"`
	Tier        int                  `json:"tier"`
	Enforcement []catbox.Enforcement `json:"enforcement"`
	Degraded    []string             `json:"degraded"`
}

type endedLine struct {
	Type       string   `json:"type"`
	Exit       *int     `json:"exit"`   // null if a signal ended it
	Signal     *string  `json:"signal"` // null if it exited
	Status     int      `json:"status"` // that of catbox itself
	TimedOut   bool     `json:"timed_out"`
	Stopped    bool     `json:"stopped"`
	Elapsed    float64  `json:"elapsed_s"`
	Rusage     rusage   `json:"rusage"`
	Calls      uint64   `json:"calls"`
	Leftover   []string `json:"leftover"`
	Violations int      `json:"violations"`
}

type rusage struct {
	User   float64 `json:"utime_s"`
	System float64 `json:"stime_s"`
	MaxRSS int64   `json:"maxrss_bytes"`
}

type failedLine struct {
	Type   string `json:"type"`
	Error  string `json:"error"`
	Status int    `json:"status"`
}

func (s *status) started(c *catbox.Cmd, tier int) {
	if s == nil {
		return
	}
	s.begin(startedLine{"started", c.PID(), tier, notNull(c.Enforcement()), notNull(c.Degraded())})
}

// begin writes the first line, and what waited for it.
func (s *status) begin(line any) {
	s.lines.write(line)
	s.begun = true
	for _, v := range s.waiting {
		s.lines.write(v)
	}
	s.waiting = nil
}

// notNull makes an empty list "[]" in JSON.
func notNull[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

func (s *status) write(v record.Violation) {
	switch {
	case s == nil:
	case s.begun:
		s.lines.write(v)
	default:
		s.waiting = append(s.waiting, v)
	}
}

func (s *status) ended(r *catbox.Result, exit int) {
	if s == nil {
		return
	}
	line := endedLine{
		Type: "ended", Status: exit, TimedOut: r.TimedOut, Stopped: r.Stopped, Elapsed: r.Elapsed.Seconds(),
		Rusage: rusage{r.Usage.User.Seconds(), r.Usage.System.Seconds(), r.Usage.MaxRSS},
		Calls:  r.Calls, Leftover: notNull(r.Leftover), Violations: len(r.Violations),
	}
	if r.Signal != 0 {
		name := signalName(r.Signal)
		line.Signal = &name
	} else {
		line.Exit = &r.ExitCode
	}
	s.lines.write(line)
}

func (s *status) failed(err error, exit int) {
	if s == nil {
		return
	}
	s.begin(failedLine{"failed", err.Error(), exit})
}

func signalName(sig unix.Signal) string {
	if name := unix.SignalName(sig); name != "" {
		return name
	}
	return fmt.Sprintf("SIG%d", int(sig)) // a real-time signal
}

// sayDetails is what --verbose adds.
func sayDetails(r *catbox.Result, tier int) {
	say("tier %d (see 'catbox doctor')", tier)
	for _, e := range r.Enforcement {
		say("%s: %s", e.Part, e.By)
	}
	say("%d calls answered", r.Calls)
	ms := time.Millisecond
	say("took %v; user %v, system %v, largest process %d KiB",
		r.Elapsed.Round(ms), r.Usage.User.Round(ms), r.Usage.System.Round(ms), r.Usage.MaxRSS>>10)
}

// quotedList lists names, of which a long list is cut.
func quotedList(names []string) string {
	const most = 10
	var b strings.Builder
	for i, name := range names {
		if i == most {
			fmt.Fprintf(&b, " and %d more", len(names)-most)
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(record.Quote(name))
	}
	return b.String()
}

func processes(n int) string {
	if n == 1 {
		return "1 process"
	}
	return fmt.Sprintf("%d processes", n)
}
