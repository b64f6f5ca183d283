package stage

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/idmap"
	"github.com/catbox-go/catbox/internal/sys/spawn"
)

// Config says how the init is started, and what it is to do.
type Config struct {
	// Spec is called once the init has been started, beside which it is made.
	Spec func() (Spec, error)
	// Front is the command line of a program that is started in the init's place. It makes namespaces, of which that of
	// processes ends with it, and executes what follows in its line, with the descriptors that it has. It has to die with
	// the thread that started it (PR_SET_PDEATHSIG of prctl(2)). Empty: there is none.
	Front []string
	// Prepare, if not nil, is called in the thread that starts the init: see spawn.Request.
	Prepare    func() error
	Cloneflags uintptr
	UIDMap     idmap.Map
	GIDMap     idmap.Map
	Setgroups  bool // whether setgroups(2) may be allowed in the user namespace
	// IDTools are newuidmap(1) and newgidmap(1), by which an ordinary user maps more than its own ids; "" is
	// the kernel's own way.
	IDTools [2]string
	// Caps are those that the command keeps (1<<capability), where it has a user namespace.
	Caps uint64

	Stdin  io.Reader
	Stdout io.Writer
	Stderr io.Writer
	Files  []*os.File // for the command, from descriptor 3
	// WaitDelay is as in exec.Cmd.
	WaitDelay time.Duration
	// Cgroup is an open directory of a control group to start in; nil is the caller's.
	Cgroup *os.File
	// Early starts the command as soon as it is confined: what it sends to the listener waits there until somebody
	// listens. To execute it must not need the listener. Without Early the command does not run before Go.
	Early bool
	// Anew has a new init started though one was begun (see package spawn): mounts were made since.
	Anew bool
	// Gone has Wait wait until the namespaces, and what they hold (mounts, a control group), are taken down
	// as well, and not only until all processes have ended. Without it that is so for all but a brief run.
	Gone bool
	// Died is called for each process of the run that a signal ended.
	Died func(Death)
	// TakeBack, if not nil, is asked at the end which files, with all below them, are to be the user's again;
	// Taken is told what they were.
	TakeBack func() []string
	Taken    func([]Owned)
	// Stopped is called when a signal stopped the command (SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU).
	Stopped func(syscall.Signal)
}

// ErrNoInit says that the re-executed program did not become the init.
var ErrNoInit = errors.New("this program, started again, did not become the first process of a run")

// Run is a run whose init has been started.
type Run struct {
	// Listener gets the notifications of the run's filter; nil if it has none.
	Listener *os.File
	// Netns is the cookie of the run's network namespace (SO_NETNS_COOKIE), 0
	// if the kernel has none.
	Netns uint64

	init      *process
	pid       int  // of the init, which need not be the process that was started
	behind    bool // see Config.Front
	ownPIDs   bool // the run has a pid namespace, which ends with init
	begun     time.Time
	gone      bool // see Config.Gone
	waitDelay time.Duration

	conn     *conn
	reading  bool // read has been started
	died     func(Death)
	stopped  func(syscall.Signal)
	takeBack func() []string
	taken    func([]Owned)
	remove   string // for removeLeft
	started  chan startResult
	sockets  chan socketResult
	socketMu sync.Mutex
	made     chan syscall.Errno
	makeMu   sync.Mutex
	ended    chan struct{}
	result   *Ended
}

type startResult struct {
	pid int
	err error
}

type socketResult struct {
	file *os.File
	err  error
}

// Error says at which step the set-up failed. Errno is 0 if no call was the reason.
type Error struct {
	Step, Text string
	Errno      syscall.Errno
	// Exec tells that everything was set up and the command could not be executed.
	Exec bool
}

func (e *Error) Error() string { return e.Step + ": " + e.Text }

// Unwrap returns the error number, so that errors.Is sees it.
func (e *Error) Unwrap() error {
	if e.Errno == 0 {
		return nil
	}
	return e.Errno
}

// Start starts the init and has it set everything up. The command does not run before Go, but for Config.Early.
func Start(cfg Config) (*Run, error) {
	if os.Getenv(spawn.Variable) != "" {
		return nil, ErrNoInit
	}
	behind := len(cfg.Front) > 0
	r := &Run{
		behind: behind, ownPIDs: behind || cfg.Cloneflags&unix.CLONE_NEWPID != 0, gone: behind || cfg.Gone,
		begun: time.Now(), waitDelay: cfg.WaitDelay, died: cfg.Died, stopped: cfg.Stopped, takeBack: cfg.TakeBack, taken: cfg.Taken,
		started: make(chan startResult, 1), sockets: make(chan socketResult, 1), made: make(chan syscall.Errno, 1), ended: make(chan struct{}),
	}
	var err error
	if r.init, err = startProcess(cfg); err != nil {
		return nil, fmt.Errorf("start the first process: %w", err)
	}
	r.pid, r.conn = r.init.PID, &conn{fd: r.init.Control}
	if err := unix.SetsockoptInt(r.init.Control, unix.SOL_SOCKET, unix.SO_PASSCRED, 1); err != nil {
		r.Abort()
		return nil, os.NewSyscallError("setsockopt SO_PASSCRED", err)
	}
	if err := r.setUp(cfg); err != nil {
		r.Abort()
		return nil, instead(cfg.Front, err)
	}
	r.reading = true
	go r.read()
	return r, nil
}

// helloTime is how long a program may take to come to catbox.Init.
const helloTime = 30 * time.Second

// setUp hands the specification over and waits until it is carried out. It does not
// wait for the init to be there, which takes longer than to make the specification;
// one that takes its time to carry it out says Hello before.
func (r *Run) setUp(cfg Config) error {
	if err := r.mapIDs(cfg); err != nil {
		return r.mapError(err)
	}
	var spare descriptors
	if cfg.Early {
		// What runs is not to be ended for want of a descriptor: the listener, the supervisor's view.
		if err := spare.reserve(4); err != nil {
			return err
		}
		defer spare.release()
	}
	spec, err := cfg.Spec()
	if err != nil {
		return err
	}
	spec.Early, spec.Behind = cfg.Early, r.behind
	r.remove, spec.TakeBack = spec.Remove, cfg.TakeBack != nil
	spec.Files, spec.Caps, spec.Blocked = len(cfg.Files), cfg.Caps, r.init.Blocked
	late := time.AfterFunc(helloTime, func() { r.init.kill() })
	sent := r.conn.send(message{Spec: &spec})
	spare.release()
	m, with, err := r.conn.receive()
	switch {
	case !late.Stop():
		return fmt.Errorf("%w: nothing came from it in %v", ErrNoInit, helloTime)
	case err != nil:
		return fmt.Errorf("%w: it ended (%w)", ErrNoInit, err)
	case sent != nil:
		return sent
	}
	if m.Hello {
		if m, with, err = r.conn.receive(); err != nil {
			return fmt.Errorf("the first process ended during set-up: %w", err)
		}
	}
	return r.ready(m, with)
}

// ready takes what the init says when it has set everything up, or could not.
func (r *Run) ready(m message, with beside) error {
	switch {
	case m.Failed != nil:
		return m.Failed.error()
	case m.Ready == nil:
		return errors.New("the first process sent something unexpected during set-up")
	}
	r.Netns = m.Ready.Netns
	if r.behind {
		return r.takeFrom(m.Ready, with)
	}
	return r.takeListener(m.Ready.Listener)
}

// takeListener takes the listener out of the init, whose confined thread cannot send it.
func (r *Run) takeListener(number int) error {
	if number < 0 {
		return nil
	}
	fd, err := r.init.descriptor(number)
	if err != nil {
		return err
	}
	r.Listener = os.NewFile(uintptr(fd), "seccomp listener")
	return nil
}

func (f *failure) error() error {
	return &Error{Step: f.Step, Text: f.Text, Errno: f.Errno, Exec: f.Exec}
}

// PID returns the init's process id.
func (r *Run) PID() int { return r.pid }

// Go starts the command, or tells that there is a listener, and returns its process id as the caller sees it.
func (r *Run) Go() (int, error) {
	if err := r.conn.send(message{Go: true}); err != nil {
		return 0, err
	}
	s := <-r.started
	return s.pid, s.err
}

// Signal sends sig to the command, unless the process group that the caller
// and the command share got it already.
func (r *Run) Signal(sig syscall.Signal) error {
	return r.conn.send(message{Signal: sig})
}

// Kill ends the whole run at once. Where there is no pid namespace the init
// ends the processes, so it is asked first.
func (r *Run) Kill() {
	if r.ownPIDs {
		r.init.kill()
		return
	}
	r.conn.send(message{Kill: true})
}

// Socket makes a socket in the run's namespaces.
func (r *Run) Socket(family, typ, protocol int) (*os.File, error) {
	r.socketMu.Lock()
	defer r.socketMu.Unlock()
	if err := r.conn.send(message{Socket: &SocketRequest{family, typ, protocol}}); err != nil {
		return nil, err
	}
	select {
	case s := <-r.sockets:
		return s.file, s.err
	case <-r.ended:
		return nil, syscall.ESRCH
	}
}

// Abort ends a run whose command was not started, and everything that belongs to it.
func (r *Run) Abort() {
	if r.conn != nil {
		r.conn.shutdown()
		if r.reading {
			// The descriptor's number must not become another's while it is read.
			<-r.ended
		}
		r.conn.close()
	}
	r.init.kill()
	<-r.init.Waited
	r.init.end(r.waitDelay)
	r.removeLeft()
	if r.Listener != nil {
		r.Listener.Close()
	}
}

// removeLeft removes the run's directory for temporary files where the init
// could not, as it was killed.
func (r *Run) removeLeft() {
	if r.remove != "" {
		os.RemoveAll(r.remove)
	}
}

// brief is a run whose end is told at once. To take the namespaces down takes the kernel a
// millisecond, which is a tenth of the shortest run and nothing for others; these have the
// processor time of their processes in the caller's own (getrusage(2), time(1)).
const brief = 100 * time.Millisecond

// Wait waits until every process of the run has ended, for a brief run but for the init, which only
// has to end itself, and the run's output is copied. The error is
// about the copying, or says that the init was ended before the command
// (Ended is nil then).
func (r *Run) Wait() (*Ended, error) {
	<-r.ended
	if r.gone || !r.ownPIDs || r.result == nil || time.Since(r.begun) > brief {
		<-r.init.Waited
	}
	err := r.init.end(r.waitDelay)
	r.conn.close()
	r.removeLeft()
	if r.result == nil && err == nil {
		err = fmt.Errorf("the run was ended: %s", describe(r.init.Status))
	}
	return r.result, err
}

// read takes what the init tells until it ends.
func (r *Run) read() {
	defer close(r.ended)
	for {
		m, with, err := r.conn.receive()
		switch {
		case err != nil:
			r.noStart(errors.New("the first process ended"))
			return
		case m.Failed != nil:
			r.noStart(m.Failed.error())
		case m.Started != 0:
			r.started <- startResult{pid: r.pidOf(m.Started, with)}
		case m.Died != nil:
			if r.died != nil {
				r.died(*m.Died)
			}
		case m.Stopped != 0:
			if r.stopped != nil {
				r.stopped(m.Stopped)
			}
		case m.Ending:
			// It goes on or ends; either is seen by the next message.
			_ = r.conn.send(message{Take: &takeRequest{r.takeBack()}})
		case m.Taken != nil:
			r.taken(m.Taken.Files)
		case m.Made != nil:
			r.made <- m.Made.Errno
		case m.Socketed != nil:
			r.socketMade(m.Socketed.Errno, with.fd)
		case m.Ended != nil:
			r.result = m.Ended
			return
		}
	}
}

// pidOf returns the command's process id as seen from here.
func (r *Run) pidOf(inner int, with beside) int {
	switch {
	case r.behind:
		return r.seeStarted()
	case r.ownPIDs:
		return with.pid
	}
	return inner
}

// noStart tells Go that the command does not run, if Go is still to be told.
func (r *Run) noStart(err error) {
	select {
	case r.started <- startResult{err: err}:
	default:
	}
}

func (r *Run) socketMade(errno syscall.Errno, fd int) {
	if errno != 0 {
		r.sockets <- socketResult{err: errno}
		return
	}
	r.sockets <- socketResult{file: os.NewFile(uintptr(fd), "socket")}
}
