package within

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/stage"
)

// Config says what is started, and how.
type Config struct {
	// Outer is the command line of the program in front, which executes what follows
	// it, with the descriptors that it has, and dies with the process that started it. Empty: there is none.
	Outer []string
	// Prepare, if not nil, is called in the thread that then starts the first process.
	// The thread has descriptors, root and mounts of its own afterwards if Prepare unshares them, and ends with the run.
	Prepare func() error
	// OwnPIDs tells that the program in front makes a pid namespace, which ends with it.
	OwnPIDs bool
	Spec    Spec // without Files and Blocked

	// The rest is as in stage.Config.
	Stdin     io.Reader
	Stdout    io.Writer
	Stderr    io.Writer
	Files     []*os.File
	WaitDelay time.Duration
	Cgroup    *os.File
	Died      func(stage.Death)
	Stopped   func(syscall.Signal)
}

// Run is a run whose inner process has been started: see stage.Run, which has the
// same methods.
type Run struct {
	// Listener gets the notifications of the run's filter.
	Listener *os.File
	// Netns is the cookie of the run's network namespace (SO_NETNS_COOKIE), 0 if the
	// kernel has none.
	Netns uint64

	cfg     Config
	cmd     *exec.Cmd
	socket  *os.File
	reports *json.Decoder
	inner   int // process id
	waited  chan struct{}
	waitErr error // of cmd
	reading chan struct{}
	ended   *stage.Ended
}

// Start starts the program in front and has the inner process set everything up.
// The command does not run before Go.
func Start(cfg Config) (*Run, error) {
	program, err := os.Open("/proc/self/exe")
	if err != nil {
		return nil, err
	}
	defer program.Close()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("socketpair", err)
	}
	theirs := os.NewFile(uintptr(fds[1]), "control")
	defer theirs.Close()
	r := &Run{cfg: cfg, socket: os.NewFile(uintptr(fds[0]), "control"), waited: make(chan struct{}), reading: make(chan struct{})}
	if err := unix.SetsockoptInt(fds[0], unix.SOL_SOCKET, unix.SO_PASSCRED, 1); err != nil {
		r.socket.Close()
		return nil, os.NewSyscallError("setsockopt SO_PASSCRED", err)
	}
	if err := r.launch(program, theirs); err != nil {
		r.socket.Close()
		return nil, err
	}
	theirs.Close() // or the end of the inner process would not be seen
	if err := r.setUp(); err != nil {
		r.Abort()
		return nil, r.instead(err)
	}
	return r, nil
}

// command is what the first process executes.
func (r *Run) command(program, control *os.File) *exec.Cmd {
	path := programPath
	if len(r.cfg.Outer) == 0 {
		path = "/proc/self/exe"
	}
	args := append(append([]string{}, r.cfg.Outer...), path, innerName)
	c := &exec.Cmd{
		Path: args[0], Args: args, Env: []string{}, Dir: "/",
		Stdin: r.cfg.Stdin, Stdout: r.cfg.Stdout, Stderr: r.cfg.Stderr, WaitDelay: r.cfg.WaitDelay,
		ExtraFiles: append([]*os.File{control, program}, r.cfg.Files...),
	}
	if r.cfg.Cgroup != nil {
		c.SysProcAttr = &syscall.SysProcAttr{UseCgroupFD: true, CgroupFD: int(r.cfg.Cgroup.Fd())}
	}
	return c
}

// launch starts the first process from a thread that lives as long as that does:
// bwrap asks to die with its parent, which is the thread (prctl(2), PR_SET_PDEATHSIG).
func (r *Run) launch(program, control *os.File) error {
	r.cmd = r.command(program, control)
	started := make(chan error)
	go OnThread(func() {
		blocked, err := block()
		r.cfg.Spec.Blocked, r.cfg.Spec.Files = blocked, len(r.cfg.Files)
		if err == nil && r.cfg.Prepare != nil {
			err = r.cfg.Prepare()
		}
		if err == nil {
			err = r.cmd.Start()
		}
		started <- err
		if err == nil {
			r.waitErr = r.cmd.Wait()
			close(r.waited)
		}
	})
	if err := <-started; err != nil {
		return fmt.Errorf("start the first process: %w", err)
	}
	return nil
}

// instead says what became of a program in front that never came to execute the
// inner process: what the reason was it has written to standard error itself.
func (r *Run) instead(err error) error {
	var failed *stage.Error
	if errors.As(err, &failed) || len(r.cfg.Outer) == 0 {
		return err
	}
	name := path.Base(r.cfg.Outer[0])
	return &stage.Error{Step: name, Text: fmt.Sprintf("it did not come to execute the command (%s): its message is on standard error", r.cmd.ProcessState)}
}

// PID returns the process id of the inner process, which has the command's root.
func (r *Run) PID() int { return r.inner }

// Go starts the command and returns its process id as the caller sees it.
func (r *Run) Go() (int, error) {
	if err := r.tell(request{Go: true}); err != nil {
		return 0, err
	}
	var answer report
	if err := r.reports.Decode(&answer); err != nil {
		return 0, errors.New("the inner process ended")
	}
	if answer.Failed != nil {
		return 0, answer.Failed.error()
	}
	pid := childOf(r.inner)
	go r.read()
	return pid, r.tell(request{Seen: true})
}

// childOf returns the child of a process that has one, which has not been reaped; 0
// if the kernel does not tell (before Linux 4.2, CONFIG_PROC_CHILDREN).
func childOf(pid int) int {
	dir := fmt.Sprintf("/proc/%d/task", pid)
	tasks, _ := os.ReadDir(dir)
	for _, t := range tasks {
		data, _ := os.ReadFile(path.Join(dir, t.Name(), "children"))
		if fields := strings.Fields(string(data)); len(fields) > 0 {
			child, _ := strconv.Atoi(fields[0])
			return child
		}
	}
	return 0
}

func (r *Run) tell(m request) error { return json.NewEncoder(r.socket).Encode(m) }

// read takes what the inner process tells until it ends.
func (r *Run) read() {
	defer close(r.reading)
	for {
		var m report
		if r.reports.Decode(&m) != nil {
			return
		}
		switch {
		case m.Died != nil && r.cfg.Died != nil:
			r.cfg.Died(*m.Died)
		case m.Stopped != 0 && r.cfg.Stopped != nil:
			r.cfg.Stopped(m.Stopped)
		case m.Ended != nil:
			r.ended = m.Ended
		}
	}
}

// Signal sends sig to the command, unless the process group that the caller and
// the command share got it already.
func (r *Run) Signal(sig syscall.Signal) error { return r.tell(request{Signal: sig}) }

// Kill ends the whole run at once. Where there is no pid namespace the inner
// process ends the others, so it is asked.
func (r *Run) Kill() {
	if r.cfg.OwnPIDs || r.tell(request{Kill: true}) != nil {
		r.cmd.Process.Kill()
	}
}

// Abort ends a run whose command was not started, or could not be.
func (r *Run) Abort() {
	unix.Shutdown(int(r.socket.Fd()), unix.SHUT_RDWR) // by which the inner process ends
	r.cmd.Process.Kill()
	<-r.waited
	r.socket.Close()
	if r.Listener != nil {
		r.Listener.Close()
	}
}

// Wait waits until the run has ended and its output is copied. The error is about
// the copying, or says that the run was ended from outside (Ended is nil then).
func (r *Run) Wait() (*stage.Ended, error) {
	<-r.waited
	<-r.reading
	r.socket.Close()
	var exit *exec.ExitError
	if r.ended == nil {
		return nil, fmt.Errorf("the run was ended: %s", r.cmd.ProcessState)
	}
	if r.waitErr != nil && !errors.As(r.waitErr, &exit) {
		return r.ended, r.waitErr
	}
	return r.ended, nil
}
