package catbox

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/cgroup"
	"github.com/catbox-go/catbox/internal/recorder"
	"github.com/catbox-go/catbox/internal/seccomp"
	"github.com/catbox-go/catbox/internal/stage"
	"github.com/catbox-go/catbox/internal/supervisor"
)

// run is a started command.
type run struct {
	plan       *plan
	stage      *stage.Run
	supervisor *supervisor.Supervisor // nil without a listener
	recorder   *recorder.Recorder     // nil without a record
	group      *cgroup.Group          // nil without a control group
	pid        int
	started    time.Time
	timedOut   atomic.Bool
	stopped    atomic.Bool
	cancelled  atomic.Bool
	over       chan struct{}
	watchers   sync.WaitGroup
	result     *Result
}

// Start starts the command and does not wait for it. Its errors are those of
// Run, but for *ExitError.
func (c *Cmd) Start() error {
	if c.run != nil {
		return errors.New("catbox: already started")
	}
	if !called {
		return &SetupError{Step: "start", Err: errNoInit}
	}
	if c.ctx != nil && c.ctx.Err() != nil {
		return c.ctx.Err()
	}
	if c.lookup != nil && !c.ownTree() {
		return &ExecError{Path: c.Path, Err: lookupError(c.lookup)}
	}
	p, err := newPlan(c)
	if err != nil {
		return err
	}
	r, err := p.start()
	if err != nil {
		return errors.Join(err, p.held.leave())
	}
	p.enforcement = p.describe()
	c.run = r
	r.watch(c)
	return nil
}

// start tries the plan's tier, and the one below it if this host refuses the first.
func (p *plan) start() (*run, error) {
	r, err := p.startTier()
	if p.refusesOverlay(err) {
		if err := p.instead(cause(err)); err != nil {
			return nil, err
		}
		r, err = p.startTier()
	}
	var refused *refusedError
	if !errors.As(err, &refused) {
		return r, err
	}
	if err := p.stepDown(refused.err); err != nil {
		return nil, err
	}
	r, err = p.startTier()
	if errors.As(err, &refused) {
		return nil, setupError(refused.err)
	}
	return r, err
}

// cause is what was refused, of a run that could not be started.
func cause(err error) error {
	var refused *refusedError
	if errors.As(err, &refused) {
		return refused.err
	}
	return err
}

// refusedError says that this host does not let us have the namespaces or mounts of tier 1.
type refusedError struct{ err error }

func (e *refusedError) Error() string { return e.err.Error() }

func (p *plan) startTier() (*run, error) {
	r := &run{plan: p, over: make(chan struct{})}
	group, err := p.makeGroup()
	if err != nil {
		return nil, err
	}
	r.group = group
	if r.stage, err = p.startFirst(group); err != nil {
		group.Close()
		if p.tier == 1 && p.cmd.Wrapper == nil && isRefusal(err) {
			return nil, &refusedError{err}
		}
		return nil, startError(p.cmd.Path, err)
	}
	if err := r.begin(); err != nil {
		r.abort()
		return nil, err
	}
	return r, nil
}

// isRefusal tells whether the error is the host's refusal of namespaces or
// mounts, and not a fault of the policy or of ours.
func isRefusal(err error) bool {
	errnos := []syscall.Errno{unix.EPERM, unix.EACCES, unix.ENOSYS}
	var step *stage.Error
	if !errors.As(err, &step) { // the namespaces themselves (clone(2))
		errnos = append(errnos, unix.ENOSPC, unix.EUSERS, unix.EINVAL)
	} else if step.Step == "confine" || step.Exec {
		return false
	}
	return slices.ContainsFunc(errnos, func(e syscall.Errno) bool { return errors.Is(err, e) })
}

// startsEarly tells whether nothing is to be done between the confinement of the command
// and its start, which itself makes no call that waits for the supervisor. The supervisor, which
// takes up what the command has tried by then, sees to the
// init by the rights of the user namespace's owner.
func (p *plan) startsEarly() bool {
	c := p.cmd
	waits := p.filter().Exec || len(c.Handlers) > 0
	return p.tier == 1 && !waits && c.Hooks.Initialized == nil && c.Record == nil && p.fake == nil && p.overlay == nil && c.Wrapper == nil
}

// begin has the supervisor listen, asks the hook, and starts the command.
func (r *run) begin() error {
	p := r.plan
	r.beginRecord()
	if r.stage.Listener != nil {
		s, err := supervisor.Start(p.supervisorConfig(r))
		if err != nil {
			return &SetupError{Step: "supervise", Err: err}
		}
		r.supervisor = s
	}
	if p.fake != nil && p.overlay != nil {
		if err := p.fake.State.Rekey(p.seenAt(r.stage.PID())); err != nil {
			return &SetupError{Step: "overlay", Err: err}
		}
	}
	if hook := p.cmd.Hooks.Initialized; hook != nil {
		if err := hook(r.stage.PID()); err != nil {
			return &SetupError{Step: "initialized hook", Err: err}
		}
	}
	r.started = time.Now()
	pid, err := r.stage.Go()
	if err != nil && !r.stopped.Load() { // a violation can end the run before it is said to have started
		return startError(p.cmd.Path, err)
	}
	r.pid = pid
	if r.recorder != nil {
		r.recorder.Release()
	}
	return nil
}

func (r *run) abort() {
	r.stage.Abort()
	if r.supervisor != nil {
		r.supervisor.Close()
	}
	if r.recorder != nil {
		r.recorder.Drop()
	}
	r.group.Close()
}

func startError(path string, err error) error {
	var s *stage.Error
	if errors.As(err, &s) && s.Exec {
		return &ExecError{Path: path, Err: s.Errno}
	}
	return setupError(err)
}

func setupError(err error) error {
	var s *stage.Error
	if errors.As(err, &s) {
		cause := error(errors.New(s.Text))
		if s.Errno != 0 {
			cause = &stepCause{s.Text, s.Errno}
		}
		if s.Errno == unix.EBUSY && s.Step == "confine" {
			cause = seccomp.ErrNested
		}
		return &SetupError{Step: s.Step, Err: cause}
	}
	return &SetupError{Step: "start", Err: err}
}

// stepCause has the text of an error of the first process and its number.
type stepCause struct {
	text  string
	errno syscall.Errno
}

func (e *stepCause) Error() string { return e.text }
func (e *stepCause) Unwrap() error { return e.errno }

// watch ends the run when its time is over or its context is done.
func (r *run) watch(c *Cmd) {
	if c.Limits.Time > 0 {
		r.watchers.Go(func() {
			timer := time.NewTimer(c.Limits.Time)
			defer timer.Stop()
			select {
			case <-timer.C:
				r.timedOut.Store(true)
				r.kill()
			case <-r.over:
			}
		})
	}
	if c.ctx != nil {
		r.watchers.Go(func() {
			select {
			case <-c.ctx.Done():
				r.cancelled.Store(true)
				r.cancel(c)
			case <-r.over:
			}
		})
	}
}

func (r *run) cancel(c *Cmd) {
	if c.Cancel == nil {
		r.kill()
		return
	}
	if err := c.Cancel(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		r.kill()
	}
}

// kill ends every process of the run at once.
func (r *run) kill() { r.stage.Kill() }

// Wait waits until the command and everything that it started has ended. Its
// errors are those of Run; if the context ended the run, the context's error.
func (c *Cmd) Wait() error {
	r := c.run
	if r == nil {
		return errors.New("catbox: not started")
	}
	if r.result != nil {
		return errors.New("catbox: Wait was already called")
	}
	ended, err := r.stage.Wait()
	close(r.over)
	r.watchers.Wait()
	r.result = r.collect(ended)
	r.group.Close()
	settled := r.plan.held.settle()
	switch {
	case r.cancelled.Load():
		return c.ctx.Err()
	case ended == nil && !r.timedOut.Load() && !r.stopped.Load():
		return fmt.Errorf("catbox: the run was ended from outside: %w", err)
	case !r.result.Success() || r.result.TimedOut || r.result.Stopped:
		return &ExitError{Result: r.result}
	case err != nil && ended != nil:
		return err
	}
	return settled
}

func (r *run) collect(ended *stage.Ended) *Result {
	p := r.plan
	result := &Result{
		PID: r.pid, ExitCode: -1, Signal: syscall.SIGKILL, Elapsed: time.Since(r.started),
		TimedOut: r.timedOut.Load(), Stopped: r.stopped.Load(),
		Enforcement: p.enforcement, Degraded: p.degraded,
	}
	if r.supervisor != nil {
		result.Violations = r.supervisor.Close()
		result.Calls = r.supervisor.Calls()
	}
	if p.fake != nil && p.overlay != nil {
		_ = p.fake.State.Rekey(p.backOnDisk) // what cannot be written is found by its path
	}
	defer r.endRecord(result)
	if ended == nil {
		return result
	}
	status := ended.Status
	result.Signal = 0
	if status.Exited() {
		result.ExitCode = status.ExitStatus()
	} else {
		result.Signal, result.CoreDump = status.Signal(), status.CoreDump()
	}
	result.Leftover = ended.Leftover
	result.Usage = Usage{
		User: duration(ended.Usage.Utime), System: duration(ended.Usage.Stime), MaxRSS: ended.Usage.Maxrss << 10,
	}
	return result
}

func duration(tv syscall.Timeval) time.Duration { return time.Duration(tv.Nano()) }

// Result says how the run ended; nil before Wait has returned.
func (c *Cmd) Result() *Result {
	if c.run == nil {
		return nil
	}
	return c.run.result
}

// PID returns the command's process id as the caller sees it; 0 before Start.
func (c *Cmd) PID() int {
	if c.run == nil {
		return 0
	}
	return c.run.pid
}

// Tier says, after Start, what holds the run: 1 for namespaces, Landlock and
// the filter, 2 where no namespaces can be had; 0 before.
func (c *Cmd) Tier() int {
	if c.run == nil {
		return 0
	}
	return c.run.plan.tier
}

// Enforcement says, after Start, what enforces each part of the policy.
func (c *Cmd) Enforcement() []Enforcement {
	if c.run == nil {
		return nil
	}
	return c.run.plan.enforcement
}

// Degraded lists, after Start, what was asked for and given up (see Cmd.Degrade).
func (c *Cmd) Degraded() []string {
	if c.run == nil {
		return nil
	}
	return c.run.plan.degraded
}

// Signal sends a signal to the command. If the process group that the caller
// and the command share got the same signal, as from a terminal, it is not sent twice.
func (c *Cmd) Signal(sig syscall.Signal) error {
	if c.run == nil {
		return errors.New("catbox: not started")
	}
	if c.run.result != nil {
		return os.ErrProcessDone
	}
	return c.run.stage.Signal(sig)
}

// Kill ends the command and everything that it started, at once.
func (c *Cmd) Kill() error {
	if c.run == nil {
		return errors.New("catbox: not started")
	}
	c.run.kill()
	return nil
}
