package catbox

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"syscall"
	"time"

	"github.com/catbox-go/catbox/policy"
	"github.com/catbox-go/catbox/record"
)

// Violation is one act that the policy did not allow.
type Violation = record.Violation

// Cmd is a command to be run confined. It is used like exec.Cmd: fill it in,
// then Run it, or Start and Wait. It cannot be used again.
type Cmd struct {
	// Path is the program. Command sets it by looking in PATH; a command of Command's that
	// gets a Root, an Overlay or Mounts is looked for again, in what it will see.
	Path string
	// Args holds the command line, Args[0] being the program's name.
	// Empty means {Path}.
	Args []string
	// Env is the environment, each entry "key=value". Nil means that of the
	// calling process.
	Env []string
	// Dir is the working directory, as the command sees it. Empty means that of
	// the calling process, and / in a root filesystem.
	Dir string

	// Root is a directory of the host that the command has as its root directory,
	// with a /proc and a /dev of its own. All other paths (Path, Dir, Policy, the
	// targets of Mounts) are paths in it then, and a Path without a slash is looked
	// for in it. Like the host's it can be written where the policy says so and
	// nowhere else. A place that a mount needs and that is not there is made.
	// Empty is the host's root.
	Root string
	// Mounts are mounted in their order on top of the root. What has no option "ro"
	// may be written, whatever the policy says.
	Mounts []Mount

	// Stdin, Stdout and Stderr are as in exec.Cmd: nil is the null device, an
	// *os.File is handed to the command as it is, anything else is copied.
	Stdin  io.Reader
	Stdout io.Writer
	Stderr io.Writer
	// ExtraFiles are handed to the command as descriptors 3 and up. They go
	// past every wall: a descriptor of a directory lets it write there. No
	// other descriptor of the caller is inherited.
	ExtraFiles []*os.File

	// Overlay has what the command changes of its tree kept apart from it: the command may
	// write everywhere, and what is there stays as it is. Nil: there is none. What the policy
	// opens for writing is not in the overlay but written where it is, and has to be there.
	// See Overlay.Dir for one that is only read.
	Overlay *Overlay

	// Policy says what the command may do. Its zero value allows nothing, not
	// even to read the program.
	Policy policy.Policy
	// FakeRoot has the command be root without being it. Nil: it is the caller.
	FakeRoot *FakeRoot
	// Record has the run recorded. Nil: it is not.
	Record *Record
	// Limits bounds what the command may use. The zero value sets no limit.
	Limits Limits
	// NoNamespaces has the run held without namespaces and mounts, by Landlock, the filter
	// and the supervisor, as it is where this host allows none.
	NoNamespaces bool
	// Wrapper has something else make the command's root, mounts and namespaces. Nil: catbox does.
	Wrapper *Wrapper
	// Degrade allows parts of the policy that this host cannot enforce to be
	// given up. What was given up is listed in Result.Degraded. If false, such
	// a part makes Start fail.
	Degrade bool

	// OnViolation, if not nil, is called for each violation as it happens, in
	// order, from one goroutine. The command's call is answered before it
	// returns, so it may take its time, but the run's result waits for it.
	OnViolation func(Violation)
	// Hooks are called at turning points of the run.
	Hooks Hooks
	// Handlers are asked before the policy on the calls that they name: see Handler.
	Handlers map[string]Handler

	// Cancel is called when the context of CommandContext is done; nil means
	// to end the whole run by SIGKILL. WaitDelay is as in exec.Cmd.
	Cancel    func() error
	WaitDelay time.Duration

	ctx      context.Context
	name     string // that Command was given
	lookup   error
	function bool // run this program itself: see Function
	run      *run
}

// Overlay is a place for what a command changes. See package overlay for what can be
// done with it afterwards.
type Overlay struct {
	// Dir is a directory of the host that holds the changes; it is made if it is not
	// there. With one of an earlier run the command sees what that run changed.
	// Empty: the command changes nothing, and sees what is in Lower.
	Dir string
	// Lower are directories of other overlays, of which the command sees the
	// changes, and which stay as they are; the topmost is the first.
	Lower []string
	// Type says what is to show the layers as one tree. "": the kernel's overlayfs, or
	// fuse-overlayfs(1) where that cannot be had; Result.Enforcement says which it is.
	Type OverlayType
}

// OverlayType is a file system that shows layers as one tree.
type OverlayType string

// The types of overlays.
const (
	// OverlayKernel is the kernel's overlayfs.
	OverlayKernel OverlayType = "overlay"
	// OverlayFUSE is fuse-overlayfs(1), which has to be installed, with fusermount3(1). It
	// needs no overlayfs of the kernel, takes an upper layer of any file system, and is slower.
	OverlayFUSE OverlayType = "fuse-overlayfs"
)

// Hooks are called at turning points of a run, from goroutines of the run.
type Hooks struct {
	// Initialized is called when everything is set up and before the command
	// runs, with the process id of the run's first process, as the caller
	// sees it. If it returns an error, the command is not run, and Start
	// returns the error in a *SetupError.
	Initialized func(pid int) error
	// Died is called when a process of the run is ended by a signal that
	// catbox did not send.
	Died func(pid int, signal syscall.Signal)
	// Stopped is called when the command is stopped by a signal, be it its own
	// or one that the caller got too, as from a terminal (Ctrl-Z).
	Stopped func(signal syscall.Signal)
	// Reading is called by Start when all directories of root have to be read,
	// which can take half a minute: before an ordinary user's first overlay over
	// it. What it returns, if that is not nil, is called when they are.
	Reading func(root string) (done func())
}

// Limits bounds what a run may use. In every field 0 means no limit.
type Limits struct {
	// CPU is processor time of each process, rounded up to whole seconds
	// (RLIMIT_CPU).
	CPU time.Duration
	// Memory is in bytes: of the whole run where a cgroup is delegated to
	// the caller, else of the address space of each process (RLIMIT_AS).
	Memory uint64
	// Processes counts processes and threads: of the whole run where a cgroup
	// is delegated, else by RLIMIT_NPROC, which does not bind root.
	Processes uint64
	// OpenFiles is of each process (RLIMIT_NOFILE).
	OpenFiles uint64
	// FileSize is in bytes, of each file written (RLIMIT_FSIZE).
	FileSize uint64
	// Time is by the clock; when it is over, the whole run is ended.
	Time time.Duration
}

// Result says how a run ended and what it did.
type Result struct {
	// PID was the command's process id as the caller saw it; 0 if it never ran.
	PID int
	// ExitCode is the command's exit status, -1 if a signal ended it.
	ExitCode int
	// Signal ended the command; 0 if it exited.
	Signal syscall.Signal
	// CoreDump tells that the signal made it dump core.
	CoreDump bool
	// TimedOut: Limits.Time was over. Stopped: a violation ended the run, as
	// the policy's action Stop asks. Both leave Signal at SIGKILL.
	TimedOut, Stopped bool
	// Elapsed is by the clock, from the command's start to its end.
	Elapsed time.Duration
	// Usage is of the command and the processes of the run that it outlived.
	Usage Usage
	// Violations are in the order of the supervisor's decisions.
	Violations []Violation
	// Enforcement says what enforced each part of the policy.
	Enforcement []Enforcement
	// Degraded lists what was asked for and given up (see Cmd.Degrade).
	Degraded []string
	// Calls counts the system calls that the supervisor answered.
	Calls uint64
	// Leftover names the processes that outlived the command and were ended.
	Leftover []string
	// RecordError is the error of Cmd.Record's sink, after which it got no more.
	RecordError error
}

// Usage is what a run used, as getrusage(2) counts it.
type Usage struct {
	User, System time.Duration
	// MaxRSS is of the largest process, in bytes.
	MaxRSS int64
}

// Enforcement names a part of a policy and the walls that hold it.
type Enforcement struct {
	Part string `json:"part"` // e.g. "writable paths", "network"
	By   string `json:"by"`   // e.g. "read-only mounts, landlock"
}

// Success tells whether the command ran and exited with status 0.
func (r *Result) Success() bool { return r != nil && r.ExitCode == 0 && r.Signal == 0 }

// SetupError says that the command did not run, and which step of the set-up
// is the reason.
type SetupError struct {
	Step string
	Err  error
}

func (e *SetupError) Error() string { return "set up sandbox: " + e.Step + ": " + e.Err.Error() }
func (e *SetupError) Unwrap() error { return e.Err }

// ExecError says that the program could not be executed: Err is ENOENT if it
// is not there, EACCES if it may not be executed, or what else execve(2) gave.
type ExecError struct {
	Path string
	Err  error
}

func (e *ExecError) Error() string { return "execute " + record.Quote(e.Path) + ": " + e.Err.Error() }
func (e *ExecError) Unwrap() error { return e.Err }

// ExitError says that the command ran and did not succeed.
type ExitError struct {
	*Result
	// Stderr holds the end of standard error if it was collected by Output.
	Stderr []byte
}

func (e *ExitError) Error() string {
	switch {
	case e.TimedOut:
		return "out of time"
	case e.Stopped:
		return "ended by a violation"
	case e.Signal != 0:
		return "signal: " + e.Signal.String()
	}
	return "exit status " + itoa(e.ExitCode)
}

// UnsupportedError says that this host cannot enforce a part of the policy.
type UnsupportedError struct {
	Part string // what was asked for, e.g. "hidden paths"
	Err  error  // why it cannot be had
}

func (e *UnsupportedError) Error() string {
	return e.Part + " cannot be enforced here: " + e.Err.Error()
}
func (e *UnsupportedError) Unwrap() error { return e.Err }

// Command returns a Cmd to run the named program, which is looked for in PATH
// as by exec.Command, under a policy that allows to read everything and to
// write nothing, with a network of its own.
func Command(name string, arg ...string) *Cmd {
	inner := exec.Command(name, arg...)
	return &Cmd{Path: inner.Path, Args: inner.Args, Policy: policy.ReadOnly(), name: name, lookup: inner.Err}
}

// CommandContext is like Command; the run is ended when ctx is done.
func CommandContext(ctx context.Context, name string, arg ...string) *Cmd {
	if ctx == nil {
		panic("catbox: nil Context")
	}
	c := Command(name, arg...)
	c.ctx = ctx
	return c
}

// Run starts the command and waits for it. The error is nil if it exited with
// status 0, an *ExitError if it ran and did not, an *ExecError if the program
// cannot be executed, and a *SetupError or *UnsupportedError if catbox did not
// come to run it.
func (c *Cmd) Run() error {
	if err := c.Start(); err != nil {
		return err
	}
	return c.Wait()
}

// Output runs the command and returns its standard output.
func (c *Cmd) Output() ([]byte, error) {
	if c.Stdout != nil {
		return nil, errors.New("catbox: Stdout already set")
	}
	var stdout, stderr tailBuffer
	c.Stdout = &stdout
	keep := c.Stderr == nil
	if keep {
		stderr.limit = 64 << 10
		c.Stderr = &stderr
	}
	err := c.Run()
	var exit *ExitError
	if keep && errors.As(err, &exit) {
		exit.Stderr = stderr.data
	}
	return stdout.data, err
}

// CombinedOutput runs the command and returns its standard output and error.
func (c *Cmd) CombinedOutput() ([]byte, error) {
	if c.Stdout != nil || c.Stderr != nil {
		return nil, errors.New("catbox: Stdout or Stderr already set")
	}
	var out tailBuffer
	c.Stdout, c.Stderr = &out, &out
	err := c.Run()
	return out.data, err
}
