package features

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const (
	probeName   = "catbox-probe" // argv[0] of a child
	stageEnv    = "CATBOX_STAGE" // set in a child, so that it starts no further ones
	childLimit  = 10 * time.Second
	replyFD     = 3
	releaseFD   = 4
	lineStarted = "started"
	lineDone    = "done"
)

// errNoInit means that our own program ran in place of the child's side.
var errNoInit = errors.New("catbox.Init() must be called first in main")

// errDied means that the child's side began and did not come to an end.
var errDied = errors.New("the probe's child died")

// A child is this program, run again for one probe.
type child struct {
	cmd     *exec.Cmd
	replies *bufio.Reader
	ends    []io.Closer // ours of the pipes
	release io.Closer   // closing it lets a child that waits go on
}

// inChild runs a function of the table children in a process of its own.
func inChild(name string, attr *syscall.SysProcAttr) error {
	// The kernel sends a parent death signal when the thread ends that made the child (prctl(2)).
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	c, err := startChild(name, attr)
	if err != nil {
		return err
	}
	_, err = c.line()
	return c.end(err)
}

// startChild returns when the child's side runs.
func startChild(name string, attr *syscall.SysProcAttr) (*child, error) {
	if os.Getenv(stageEnv) != "" {
		return nil, errNoInit
	}
	if attr == nil {
		attr = &syscall.SysProcAttr{}
	}
	attr.Pdeathsig = unix.SIGKILL
	c := &child{cmd: &exec.Cmd{
		Path: "/proc/self/exe", Args: []string{probeName, name},
		Env: []string{stageEnv + "=probe"}, SysProcAttr: attr,
	}}
	if err := c.start(); err != nil {
		return nil, err
	}
	if line, err := c.line(); err != nil || line != lineStarted {
		return nil, c.end(errNoInit)
	}
	return c, nil
}

func (c *child) start() error {
	reply, replyChild, err := os.Pipe()
	if err != nil {
		return err
	}
	defer replyChild.Close()
	releaseChild, release, err := os.Pipe()
	if err != nil {
		reply.Close()
		return err
	}
	defer releaseChild.Close()
	c.cmd.ExtraFiles = []*os.File{replyChild, releaseChild} // replyFD, releaseFD
	c.replies, c.release, c.ends = bufio.NewReader(reply), release, []io.Closer{reply, release}
	reply.SetReadDeadline(time.Now().Add(childLimit))
	if err := c.cmd.Start(); err != nil {
		c.close()
		return err
	}
	return nil
}

// line returns the child's next line; an error that it reports is returned as such.
func (c *child) line() (string, error) {
	line, err := c.replies.ReadString('\n')
	if err != nil {
		return "", errDied
	}
	line = strings.TrimSuffix(line, "\n")
	return line, decode(line)
}

// end ends the child, waits for it and returns err, to which it adds how a child died that did not end by itself.
func (c *child) end(err error) error {
	if err != nil && !errors.Is(err, errDied) {
		c.cmd.Process.Kill()
	}
	c.close()
	timer := time.AfterFunc(childLimit, func() { c.cmd.Process.Kill() })
	defer timer.Stop()
	c.cmd.Wait()
	if !errors.Is(err, errDied) {
		return err
	}
	err = fmt.Errorf("%w: %s", err, c.cmd.ProcessState)
	if c.killedByFilter() {
		return refusal{err}
	}
	return err
}

// killedByFilter tells whether a seccomp filter did away with the child, which is an answer.
func (c *child) killedByFilter() bool {
	status, ok := c.cmd.ProcessState.Sys().(syscall.WaitStatus)
	return ok && status.Signaled() && status.Signal() == unix.SIGSYS
}

func (c *child) close() {
	for _, e := range c.ends {
		e.Close()
	}
}

// An answer goes through the pipe as one line: "done", or "refused" or "failed" with errno and text.
func encode(err error) string {
	if err == nil {
		return lineDone
	}
	var errno syscall.Errno
	errors.As(err, &errno)
	verb := "failed"
	if errors.Is(err, errors.ErrUnsupported) {
		verb = "refused"
	}
	return fmt.Sprintf("%s %d %s", verb, int(errno), strings.ReplaceAll(err.Error(), "\n", " "))
}

func decode(line string) error {
	verb, rest, _ := strings.Cut(line, " ")
	if verb != "refused" && verb != "failed" {
		return nil
	}
	number, text, _ := strings.Cut(rest, " ")
	errno, _ := strconv.Atoi(number)
	err := error(told{text, syscall.Errno(errno)})
	if verb == "refused" {
		return refusal{err}
	}
	return err
}

// told is an error that came from a child, with its text and its errno.
type told struct {
	text  string
	errno syscall.Errno
}

func (t told) Error() string { return t.text }

func (t told) Unwrap() error {
	if t.errno == 0 {
		return nil
	}
	return t.errno
}
