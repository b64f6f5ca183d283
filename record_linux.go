package catbox

import (
	"os"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/recorder"
	"github.com/catbox-go/catbox/internal/seccomp"
	"github.com/catbox-go/catbox/record"
)

// recordFilter has the calls sent that a record is made of.
func (p *plan) recordFilter(o *seccomp.Options) {
	if p.cmd.Record == nil {
		return
	}
	o.Exec, o.Traced = true, true
	if !p.recordsFiles() {
		return
	}
	o.Record, o.Connect = true, true
	o.Calls = append(o.Calls, "fchdir")
}

// recordsFiles tells whether it is of more than processes.
func (p *plan) recordsFiles() bool { return p.cmd.Record != nil && p.cmd.Record.Detail != RecordExec }

// beginRecord starts the record of a run: what the sink gets first is what is run.
func (r *run) beginRecord() {
	c := r.plan.cmd
	if c.Record == nil {
		return
	}
	r.recorder = recorder.New(c.Record.Sink)
	detail := c.Record.Detail
	if detail == "" {
		detail = RecordFull
	}
	r.recorder.Tell(record.Start{
		Time: time.Now(), Args: slices.Clone(c.Args), Dir: r.plan.dir, Root: r.plan.rootDir(),
		Version: c.Record.Version, System: systemName(), Detail: string(detail),
	})
}

// systemName is the kernel's name, release and machine, as uname -srm shows them.
func systemName() string {
	var u unix.Utsname
	if unix.Uname(&u) != nil {
		return ""
	}
	return unix.ByteSliceToString(u.Sysname[:]) + " " + unix.ByteSliceToString(u.Release[:]) + " " + unix.ByteSliceToString(u.Machine[:])
}

// command is what the run begins with, for the recorder.
func (p *plan) command() *recorder.Exec {
	if p.cmd.Record == nil {
		return nil
	}
	env := p.cmd.Env
	if env == nil {
		env = os.Environ()
	}
	return &recorder.Exec{Path: p.cmd.Path, Args: p.cmd.Args, Env: p.environment(env), Dir: p.dir}
}

// violation has each violation recorded besides being told to the caller.
func (p *plan) violation(r *run) func(Violation) {
	if r.recorder == nil {
		return p.cmd.OnViolation
	}
	return func(v Violation) {
		r.recorder.Tell(v)
		if p.cmd.OnViolation != nil {
			p.cmd.OnViolation(v)
		}
	}
}

// Progress counts what was recorded of a run that was started; zero if it is not recorded.
func (c *Cmd) Progress() Progress {
	if c.run == nil || c.run.recorder == nil {
		return Progress{}
	}
	t := c.run.recorder.Totals()
	return Progress{Processes: int(t.Processes), Living: t.Living, Accesses: int(t.Accesses), Made: t.Made}
}

// endRecord ends the record.
func (r *run) endRecord(res *Result) {
	if r.recorder == nil {
		return
	}
	res.RecordError = r.recorder.Close(record.End{Time: time.Now(), Exit: max(0, res.ExitCode), Signal: res.Signal, Calls: res.Calls})
}
