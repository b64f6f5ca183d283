package within

import (
	"bufio"
	"encoding/json"
	"errors"
	"os"
	"runtime"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// innerName is the argument by which this program knows that it is the inner process.
const innerName = "catbox-within"

// The inner process's descriptors: its end of the socket, and this program, by
// which it was executed. Those for the command follow.
const (
	controlFD = 3
	programFD = 4
)

// programPath is how the inner process is executed where /proc is that of its processes.
const programPath = "/proc/self/fd/4"

// A process that was executed to be the inner one becomes it here, and goes no
// further, as in package stage.
func init() {
	if len(os.Args) == 2 && os.Args[1] == innerName && strings.HasPrefix(os.Args[0], "/proc/self/") {
		os.Exit(runInner())
	}
}

// inner is the state of the inner process.
type inner struct {
	socket   *os.File
	requests *json.Decoder
	reports  *json.Encoder
	spec     *Spec
	witness  *witness
	proc     *os.Root    // /proc, which need not be in the command's root
	confined chan func() // for the confined thread to do, one after the other
}

// runInner is the main function of the inner process; it returns the exit status.
func runInner() int {
	in := &inner{socket: os.NewFile(controlFD, "control"), witness: newWitness(), confined: make(chan func())}
	_ = os.WriteFile("/proc/self/comm", []byte(innerName), 0) // for ps(1), which would show the descriptor's number
	in.requests = json.NewDecoder(bufio.NewReader(in.socket))
	in.reports = json.NewEncoder(in.socket)
	go in.confinedThread()
	pid, err := in.start()
	if err != nil {
		in.reports.Encode(report{Failed: newFailure(err)})
		return 125
	}
	in.serve(pid)
	return 0
}

// confinedThread is the goroutine whose thread is confined: it never leaves it, so
// that no other comes to run there.
func (in *inner) confinedThread() {
	runtime.LockOSThread()
	for do := range in.confined {
		do()
	}
}

// onConfined does f on the confined thread.
func (in *inner) onConfined(f func() error) error {
	done := make(chan error)
	in.confined <- func() { done <- f() }
	return <-done
}

// stepError names the step that failed.
type stepError struct {
	step string
	err  error
	exec bool
}

func (e *stepError) Error() string { return e.step + ": " + e.err.Error() }
func (e *stepError) Unwrap() error { return e.err }

func newFailure(err error) *failure {
	f := &failure{Step: "start", Text: err.Error()}
	var step *stepError
	if errors.As(err, &step) {
		f.Step, f.Text, f.Exec = step.step, step.err.Error(), step.exec
	}
	errors.As(err, &f.Errno)
	return f
}

// start sets everything up and starts the command when it is told to.
func (in *inner) start() (pid int, err error) {
	var r request
	if err := in.requests.Decode(&r); err != nil {
		return 0, err
	}
	if in.spec = r.Spec; in.spec == nil {
		return 0, errors.New("no specification came")
	}
	listener := -1
	for _, s := range []struct {
		name string
		do   func() error
	}{
		{"close descriptors", in.closeDescriptors},
		{"open /proc", func() (err error) { in.proc, err = os.OpenRoot("/proc"); return err }},
		{"change the root", in.changeRoot},
		{"change the directory", func() error { return os.Chdir(string(in.spec.Dir)) }},
		{"adopt orphans", func() error { return unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) }},
		{"confine", func() error {
			return in.onConfined(func() (err error) { listener, err = in.spec.confine(); return err })
		}},
		{"hand the listener over", func() error { return in.handOver(listener) }},
	} {
		if err := s.do(); err != nil {
			return 0, &stepError{step: s.name, err: err}
		}
	}
	if err := in.requests.Decode(&r); err != nil || !r.Go {
		return 0, errors.New("the run was given up")
	}
	// Nothing of this process may be looked into: its other threads are not confined.
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		return 0, os.NewSyscallError("prctl PR_SET_DUMPABLE", err)
	}
	in.witness.forget()
	err = in.onConfined(func() (err error) { pid, err = in.spec.fork(); return err })
	if err != nil {
		return 0, &stepError{"execute", err, true}
	}
	return pid, nil
}

// closeDescriptors sees to it that nothing but what is listed is inherited.
func (in *inner) closeDescriptors() error {
	unix.CloseOnExec(controlFD)
	err := unix.CloseRange(programFD, ^uint(0)>>1, unix.CLOSE_RANGE_CLOEXEC)
	return os.NewSyscallError("close_range", err)
}

// changeRoot makes the directory the root of the mount namespace, and not of this
// process alone (chroot(2)): the caller sees paths of the run as they are in the
// namespace. The old root comes to lie below the new one, and goes (pivot_root(2)).
func (in *inner) changeRoot() error {
	dir := string(in.spec.Root)
	if dir == "" {
		return nil
	}
	if err := unix.Mount(dir, dir, "", unix.MS_BIND|unix.MS_REC, ""); err != nil {
		return &os.PathError{Op: "bind", Path: dir, Err: err}
	}
	if err := os.Chdir(dir); err != nil {
		return err
	}
	if err := unix.PivotRoot(".", "."); err != nil {
		return &os.PathError{Op: "pivot_root", Path: dir, Err: err}
	}
	return os.NewSyscallError("umount2", unix.Unmount(".", unix.MNT_DETACH))
}

// handOver sends the listener, beside a line that says that all is ready.
func (in *inner) handOver(listener int) error {
	line, err := json.Marshal(report{Ready: &ready{networkCookie()}})
	if err != nil {
		return err
	}
	defer unix.Close(listener)
	return unix.Sendmsg(controlFD, append(line, '\n'), unix.UnixRights(listener), nil, 0)
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

// fork starts the command from the calling thread, which is the confined one. The
// command ends with that thread: were the inner process killed, nobody would end it.
func (s *Spec) fork() (int, error) {
	if err := unblock(s.Blocked); err != nil {
		return 0, err
	}
	attr := &syscall.ProcAttr{Env: s.Env, Files: []uintptr{0, 1, 2}, Sys: &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}}
	for i := range s.Files {
		attr.Files = append(attr.Files, uintptr(programFD+1+i))
	}
	return syscall.ForkExec(string(s.Path), s.Args, attr)
}
