package main

import (
	"os"
	"sync"
	"syscall"

	"github.com/catbox-go/catbox"
	"github.com/catbox-go/catbox/record"
)

// outputs are those who are told about a run: a person, the file of
// violations, and the reader of the status descriptor. Each is nil if there is
// none.
type outputs struct {
	initialized func(pid int) error // called before the command runs
	stopped     func(syscall.Signal)
	reading     func(root string) (done func()) // nil: nobody is told
	mu          sync.Mutex
	person      *person
	file        *jsonLines
	status      *status
	verbose     bool
	noNetwork   bool // there are no network namespaces, and no network was asked for
	tier        int  // how much of catbox this run has, as 'catbox doctor' counts it
}

// open takes the status descriptor over: whoever reads it hears of every failure.
func (o *runOptions) open() (*outputs, error) {
	out := &outputs{verbose: o.verbose}
	if !o.quiet {
		out.person = newPerson(os.Stderr, o.violations == "")
		out.reading = showReading
	}
	if o.statusFD == 0 {
		return out, nil
	}
	f, err := inherited(o.statusFD)
	if err != nil {
		return nil, err
	}
	out.status = &status{lines: jsonLines{w: f, name: "--json-status-fd"}}
	return out, nil
}

// openViolations opens the file of violations, which the command does not see
// wherever it lies: what is reported cannot be taken back.
func (out *outputs) openViolations(path string, s *spec) error {
	switch path {
	case "":
		return nil
	case "-":
		out.file = &jsonLines{w: os.Stderr, name: "standard error"}
		return nil
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o666)
	if err != nil {
		return err
	}
	out.file = &jsonLines{w: f, name: record.Quote(path)}
	if st, err := f.Stat(); err == nil && st.Mode().IsRegular() {
		s.ownFiles = append(s.ownFiles, absolutePath(s.cwd, path))
	}
	return nil
}

// violation is called by the run, from one goroutine, while it may be starting still.
func (out *outputs) violation(v record.Violation) {
	out.mu.Lock()
	defer out.mu.Unlock()
	out.person.violation(v)
	out.file.write(v)
	out.status.write(v)
}

func (out *outputs) started(c *catbox.Cmd) {
	out.mu.Lock()
	defer out.mu.Unlock()
	for _, part := range c.Degraded() {
		say("not enforced: %s", part)
	}
	out.tier = c.Tier()
	out.status.started(c, out.tier)
}

func (out *outputs) ended(r *catbox.Result, exit int) {
	out.mu.Lock()
	defer out.mu.Unlock()
	out.person.summary(r.Violations)
	if out.person != nil && len(r.Leftover) > 0 {
		say("ended %s that outlived the command: %s", processes(len(r.Leftover)), quotedList(r.Leftover))
	}
	if out.noNetwork && (out.verbose || out.person != nil && len(r.Violations) > 0) {
		say("there are no network namespaces here: the network was none")
	}
	if r.TimedOut {
		say("out of time: the run was ended")
	}
	if r.Stopped {
		say("the run was ended by a violation")
	}
	if out.verbose {
		sayDetails(r, out.tier)
	}
	out.status.ended(r, exit)
	out.sayLost()
}

// failed tells the reader of the status descriptor about an error, and returns it.
func (out *outputs) failed(err error) error {
	cause, status := err, failureStatus(err)
	if e, told := err.(*ended); told {
		cause, status = e.cause, e.status
	}
	if cause == nil {
		return err
	}
	out.mu.Lock()
	defer out.mu.Unlock()
	out.status.failed(cause, status)
	out.sayLost()
	return err
}

func (out *outputs) sayLost() {
	out.file.sayLost()
	if out.status != nil {
		out.status.lines.sayLost()
	}
}
