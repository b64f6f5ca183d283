//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// command is one thing to measure, in the tree.
type command struct {
	argv    []string
	status  bool // descriptor 3 takes JSON status lines
	watched bool // sample the memory of the first process, the supervisor
}

// outcome is what one run did. Failure is empty if it succeeded; else the
// times are those until it failed.
type outcome struct {
	wall      time.Duration
	user, sys time.Duration // of all processes
	stdout    string
	memory    memory
	status    status
	failure   string
}

func (s *session) environ() []string {
	return []string{
		"PATH=/usr/local/bin:/usr/bin:/bin",
		"HOME=" + s.tree(),
		"XDG_CACHE_HOME=" + s.cache,
		"TMPDIR=" + s.tmp(),
		"USER=" + s.who.name,
		"LC_ALL=C",
	}
}

// streams are files and not pipes, so that no goroutine of the driver runs
// while the command does, and a process left behind can't block the driver.
type streams struct {
	stdout, stderr, status *os.File
}

func (s *session) openStreams() (streams, error) {
	var st streams
	for _, f := range []struct {
		file **os.File
		name string
	}{{&st.stdout, "stdout"}, {&st.stderr, "stderr"}, {&st.status, "status"}} {
		var err error
		if *f.file, err = os.Create(filepath.Join(s.dir, f.name)); err != nil {
			st.close()
			return st, err
		}
	}
	return st, nil
}

func (st streams) close() {
	st.stdout.Close()
	st.stderr.Close()
	st.status.Close()
}

// command is exec's, in a process group of its own: killing the group takes
// down what a shell, make or strace has started.
func (s *session) command(ctx context.Context, c command, st streams) *exec.Cmd {
	cmd := exec.CommandContext(ctx, c.argv[0], c.argv[1:]...)
	cmd.Dir = s.tree()
	cmd.Env = s.environ()
	cmd.Stdout, cmd.Stderr = st.stdout, st.stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Credential: s.who.cred}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	if c.status {
		cmd.ExtraFiles = []*os.File{st.status}
	}
	return cmd
}

// run runs c and says what it did. An error is the driver's own, or the
// interrupt; a command that fails is an outcome.
func (s *session) run(ctx context.Context, c command) (outcome, error) {
	st, err := s.openStreams()
	if err != nil {
		return outcome{}, err
	}
	defer st.close()
	limited, cancel := context.WithTimeout(ctx, s.opt.timeout)
	defer cancel()

	o, err := timed(s.command(limited, c, st), c.watched)
	if ctx.Err() != nil {
		return o, ctx.Err()
	}
	o.stdout = readAll(st.stdout)
	o.status = parseStatus(readAll(st.status))
	if o.status.calls == nil {
		o.status.calls = floorCalls(readAll(st.stderr))
	}
	if err != nil {
		if limited.Err() != nil {
			err = fmt.Errorf("stopped after %v (-timeout)", s.opt.timeout)
		}
		o.failure = explain(err, o.wall, readAll(st.stderr), o.stdout)
	}
	return o, nil
}

func timed(cmd *exec.Cmd, watched bool) (outcome, error) {
	var o outcome
	start := time.Now()
	if err := cmd.Start(); err != nil {
		return o, err
	}
	var w *watcher
	if watched {
		w = watch(cmd.Process.Pid)
	}
	err := cmd.Wait()
	o.wall = time.Since(start)
	o.memory = w.stop()
	user, sys := reapOrphans(2 * time.Second)
	o.user = user + cmd.ProcessState.UserTime()
	o.sys = sys + cmd.ProcessState.SystemTime()
	return o, err
}

func readAll(f *os.File) string {
	data, err := os.ReadFile(f.Name())
	if err != nil {
		return ""
	}
	return string(data)
}

// explain puts a failure on one line: how it ended, when, and its last words.
func explain(err error, wall time.Duration, stderr, stdout string) string {
	text := err.Error()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		text = fmt.Sprintf("%v after %.1f s", exit, wall.Seconds())
	}
	if last := lastLine(stderr, stdout); last != "" {
		text += ": " + last
	}
	return text
}

func lastLine(texts ...string) string {
	for _, t := range texts {
		lines := strings.Split(strings.TrimSpace(t), "\n")
		if last := printable(lines[len(lines)-1]); last != "" {
			return last
		}
	}
	return ""
}

// printable keeps a peer's message from writing to the terminal as it likes.
func printable(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, s)
	if r := []rune(s); len(r) > 120 {
		return string(r[:120]) + "..."
	}
	return s
}
