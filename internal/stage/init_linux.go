package stage

import (
	"errors"
	"io/fs"
	"os"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/landlock"
	"github.com/catbox-go/catbox/internal/namespace"
	"github.com/catbox-go/catbox/internal/sys"
	"github.com/catbox-go/catbox/internal/sys/spawn"
)

// controlFD is the init's end of the socket; extra files follow it.
const controlFD = 3

// initProcess is the state of a run's first process.
type initProcess struct {
	conn     *conn
	spec     *Spec
	proc     fs.FS    // /proc, which need not be in the command's root
	self     *os.File // this program, for when it has to be executed where its path is not there
	witness  *witness
	listener int // of the confined thread's filter, -1 if there is none
	// asCommand is for the confined thread to do, once the command has been started.
	asCommand chan func()
}

// helloPause is how long the init works on before it says that it is there, which wakes the caller.
const helloPause = time.Second

// runInit is the init's main function; it returns the exit status.
func runInit() int {
	// The thread that main runs on becomes the confined one, from which the
	// command is started. It stays locked until the init ends: no other
	// goroutine may come to run there.
	runtime.LockOSThread()
	in := &initProcess{
		listener: -1, asCommand: make(chan func()),
		witness: &witness{seen: map[syscall.Signal]time.Time{}, caught: make(chan struct{})},
	}
	go in.witness.catch() // beside the set-up
	if err := in.run(); err != nil {
		in.conn.send(message{Failed: newFailure(err)})
		return 125
	}
	return 0
}

func newFailure(err error) *failure {
	f := &failure{Step: "start", Text: err.Error()}
	var step *namespace.StepError
	if errors.As(err, &step) {
		f.Step, f.Text = step.Step, step.Err.Error()
	}
	var exec *execError
	f.Exec = errors.As(err, &exec)
	errors.As(err, &f.Errno)
	return f
}

// execError says that the command could not be executed.
type execError struct{ err error }

func (e *execError) Error() string { return e.err.Error() }
func (e *execError) Unwrap() error { return e.err }

func (in *initProcess) run() error {
	unix.CloseOnExec(controlFD)
	// For ps(1), which would show the end of the path: "exe", or a descriptor's number.
	_ = os.WriteFile("/proc/self/comm", []byte(spawn.Name), 0)
	in.conn = &conn{fd: controlFD}
	slow := time.AfterFunc(helloPause, func() { in.conn.send(message{Hello: true}) })
	m, _, err := in.conn.receive()
	if err != nil {
		return err
	}
	if m.Spec == nil {
		return errors.New("no specification came")
	}
	in.spec = m.Spec
	defer in.remove()
	if err := namespace.Run(in.steps()); err != nil {
		return err
	}
	slow.Stop()
	if !in.spec.Early {
		if wanted, err := in.awaitGo(); !wanted {
			return err
		}
	}
	return in.start()
}

// awaitGo tells that everything is set up, and waits until the command is to run, and the caller has
// the listener; false: aborted.
func (in *initProcess) awaitGo() (bool, error) {
	if err := in.tellReady(); err != nil {
		return false, err
	}
	m, _, err := in.conn.receive()
	if in.listener >= 0 {
		unix.Close(in.listener)
	}
	return err == nil && m.Go, err
}

// remove removes the run's directory for temporary files: the init does, as the
// caller may be killed before. Another thread does, as this one is confined.
func (in *initProcess) remove() {
	if in.spec.Remove == "" {
		return
	}
	done := make(chan struct{})
	go func() {
		os.RemoveAll(in.spec.Remove)
		close(done)
	}()
	<-done
}

// start starts the command from this thread, and has another one, which is not
// confined, see to the rest.
func (in *initProcess) start() error {
	// Nothing of the init may be looked into: its other threads keep their capabilities.
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		return os.NewSyscallError("prctl PR_SET_DUMPABLE", err)
	}
	if err := in.dropStill(); err != nil {
		return err
	}
	if err := in.witness.watch(); err != nil {
		return err
	}
	pid, err := in.forkUnblocked()
	if err != nil {
		return err
	}
	// Told before, the caller would come to run on this processor in place of this process: a
	// message over a unix socket wakes as if the sender were about to wait (WF_SYNC).
	if in.spec.Early {
		if wanted, err := in.awaitGo(); !wanted {
			return err
		}
	}
	served := make(chan error)
	go func() { served <- in.serve(pid) }()
	for {
		select {
		case do := <-in.asCommand:
			do()
		case err := <-served:
			return err
		}
	}
}

// tellReady tells that everything is set up.
func (in *initProcess) tellReady() error {
	r := &ready{Netns: networkCookie(), Listener: in.listener}
	if in.spec.Behind && in.listener >= 0 {
		return in.handOver(r)
	}
	return in.conn.send(message{Ready: r})
}

// networkCookie identifies the network namespace; 0 before Linux 5.14.
func networkCookie() uint64 {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0
	}
	defer unix.Close(fd)
	cookie, _ := unix.GetsockoptUint64(fd, unix.SOL_SOCKET, unix.SO_NETNS_COOKIE)
	return cookie
}

// steps is the whole set-up up to the command's start.
func (in *initProcess) steps() []namespace.Step {
	steps := []namespace.Step{
		{Name: "die with the caller", Do: in.dieWithCaller},
		{Name: "close descriptors", Do: in.closeDescriptors},
	}
	if in.spec.View != nil {
		steps = append(steps, in.spec.View.Steps()...)
	}
	if len(in.spec.Give) > 0 {
		steps = append(steps, namespace.Step{Name: "give files to their owners", Do: in.give})
	}
	steps = append(steps, namespace.Step{Name: "open /proc", Do: in.openProc})
	if in.spec.Root != "" {
		steps = append(steps, namespace.Step{Name: "change the root", Do: func() error { return namespace.ChangeRoot(in.spec.Root) }})
	}
	return append(steps,
		namespace.Step{Name: "change the directory", Do: in.changeDirectory},
		namespace.Step{Name: "confine", Do: in.confine},
	)
}

// dieWithCaller ties the init's life to that of the caller's thread that
// started it. Where the init has to end the run's processes itself, the closed
// socket tells it to.
func (in *initProcess) dieWithCaller() error {
	if !in.spec.PIDNamespace {
		return unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
	}
	return unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(unix.SIGKILL), 0, 0, 0)
}

// closeDescriptors sees to it that nothing but what is listed is inherited,
// and keeps this program open.
func (in *initProcess) closeDescriptors() error {
	// Those for the command too: they get other numbers there, and would stay
	// open under these.
	if err := unix.CloseRange(controlFD+1, ^uint(0)>>1, unix.CLOSE_RANGE_CLOEXEC); err != nil {
		return os.NewSyscallError("close_range", err)
	}
	self, err := os.Open("/proc/self/exe")
	in.self = self
	return err
}

func (in *initProcess) openProc() error {
	proc, err := os.OpenRoot("/proc")
	if err != nil {
		return err
	}
	in.proc = proc.FS()
	return nil
}

func (in *initProcess) changeDirectory() error {
	if in.spec.Dir == "" || in.spec.View != nil {
		return nil
	}
	return os.Chdir(in.spec.Dir)
}

// confine confines the calling thread. From here on it may write to the socket,
// but not sendmsg, which its filter sends to the supervisor.
func (in *initProcess) confine() error {
	if err := in.bound(); err != nil {
		return err
	}
	if in.spec.Landlock != nil {
		rules := *in.spec.Landlock
		rules.WriteFiles = writableStdio()
		if err := landlock.Restrict(rules); err != nil {
			return err
		}
	}
	if in.spec.Filter == nil {
		return nil
	}
	fd, err := installFilter(in.spec.FilterFlags, in.spec.Filter)
	if err != nil {
		return err
	}
	if in.spec.FilterFlags&unix.SECCOMP_FILTER_FLAG_NEW_LISTENER != 0 {
		in.listener = fd
	}
	return nil
}

// bound takes from the thread, and from what it starts, what they could become.
func (in *initProcess) bound() error {
	if in.spec.NewPrivs {
		return dropCaps(in.spec.Caps, admin)
	}
	if err := dropCaps(in.spec.Caps, 0); err != nil {
		return err
	}
	return os.NewSyscallError("prctl PR_SET_NO_NEW_PRIVS", unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
}

// forkUnblocked starts the command with the signals blocked that the caller has blocked.
func (in *initProcess) forkUnblocked() (pid int, err error) {
	failed := withUnblocked(in.spec.Blocked, func() { pid, err = in.fork() })
	if err != nil {
		return 0, &execError{err}
	}
	return pid, failed
}

// fork starts the command from the calling thread, which is the confined one.
func (in *initProcess) fork() (int, error) {
	path := in.spec.Path
	if in.spec.Self {
		path = sys.FDPath(int(in.self.Fd()))
	}
	attr := &syscall.ProcAttr{Env: in.spec.Env, Files: []uintptr{0, 1, 2}, Sys: &syscall.SysProcAttr{}}
	for i := range in.spec.Files {
		attr.Files = append(attr.Files, uintptr(controlFD+1+i))
	}
	if !in.spec.PIDNamespace {
		attr.Sys.Pdeathsig = syscall.SIGKILL
	}
	if len(in.spec.Limits) > 0 {
		return startLimited(path, in.spec.Args, attr, in.spec.Limits)
	}
	return syscall.ForkExec(path, in.spec.Args, attr)
}
