package executor

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"github.com/catbox-go/catbox"
)

// process is a program to be started in a process group of its own, with no
// descriptors but those that it is given.
type process struct {
	spec *Spec
	// prepare, if not nil, is called in the thread that then starts the
	// program (process_linux.go). It returns the path to execute.
	prepare func() (path string, err error)
	argv    []string
	dir     string     // "" is that of the thread, after prepare
	chroot  string     // "" is that of the thread
	extra   []*os.File // descriptors 3 and up
	started func()     // if not nil, called when the process has them
}

// leaveTime is how long a run that was cancelled waits for the end of what
// holds its output.
const leaveTime = time.Second

// run runs the process until it ends or ctx is done, and ends what it leaves of
// its process group.
func (p *process) run(ctx context.Context) (Result, error) {
	if err := ctx.Err(); err != nil {
		return Result{}, err
	}
	st, err := openStreams(p.spec)
	if err != nil {
		return Result{}, err
	}
	over := make(chan struct{})
	defer close(over)
	pid, err := p.start(st, over)
	if err != nil {
		st.closeChild()
		st.closeOurs()
		return Result{}, err
	}
	if p.started != nil {
		p.started()
	}
	st.start()
	state, err := p.wait(ctx, pid, st)
	if err == nil {
		err = ctx.Err()
	}
	if state == nil {
		return Result{}, err
	}
	r := exitOf(state)
	r.Out, r.Err = captured(st.out), captured(st.err)
	return r, err
}

// start starts the process and returns its id. over is closed when it has ended.
func (p *process) start(st *streams, over <-chan struct{}) (int, error) {
	attr := &syscall.ProcAttr{Env: p.spec.Env, Dir: p.dir, Sys: &syscall.SysProcAttr{Setpgid: p.ownGroup(), Chroot: p.chroot}}
	for _, f := range append(st.child[:], p.extra...) {
		attr.Files = append(attr.Files, f.Fd())
	}
	return launch(p.prepare, p.argv, attr, over)
}

// ownGroup tells whether the process gets a process group of its own: not on a
// terminal, where it would be stopped as soon as it reads (tty_ioctl(4), SIGTTIN).
func (p *process) ownGroup() bool {
	f, ok := p.spec.Stdin.(*os.File)
	return !ok || !isTerminal(f)
}

// wait waits for the process and its output.
func (p *process) wait(ctx context.Context, pid int, st *streams) (*os.ProcessState, error) {
	proc, err := os.FindProcess(pid)
	if err != nil {
		return nil, err
	}
	giveUp, ended := make(chan struct{}), make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		p.kill(proc)
		select {
		case <-ended:
		case <-time.After(leaveTime):
			close(giveUp)
		}
	})
	defer stop()
	defer close(ended)
	state, err := proc.Wait()
	if p.ownGroup() {
		syscall.Kill(-pid, syscall.SIGKILL) // what it left running; no such group is what is hoped for
	}
	copied := st.wait(giveUp)
	if err == nil && ctx.Err() == nil && copied != nil {
		err = fmt.Errorf("copy the command's output: %w", copied)
	}
	return state, err
}

// kill ends the process, and its group if it has one of its own. It is not
// waited for yet, so that the number is still its own.
func (p *process) kill(proc *os.Process) {
	if proc.Signal(syscall.Signal(0)) == nil && p.ownGroup() {
		syscall.Kill(-proc.Pid, syscall.SIGKILL)
	}
	proc.Kill()
}

// exitOf is how the process ended.
func exitOf(state *os.ProcessState) Result {
	status, ok := state.Sys().(syscall.WaitStatus)
	if ok && status.Signaled() {
		return Result{ExitCode: 128 + int(status.Signal()), Signal: status.Signal()}
	}
	return Result{ExitCode: state.ExitCode()}
}

// launchPrepared calls prepare, if there is one, and starts the program.
func launchPrepared(prepare func() (string, error), argv []string, attr *syscall.ProcAttr) (int, error) {
	path := argv[0]
	if prepare != nil {
		var err error
		if path, err = prepare(); err != nil {
			return 0, err
		}
	}
	pid, err := syscall.ForkExec(path, argv, attr)
	var errno syscall.Errno
	if errors.As(err, &errno) {
		err = &catbox.ExecError{Path: argv[0], Err: errno}
	}
	return pid, err
}
