package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// session is a program that leads a session on a terminal of its own (pty(7)).
type session struct {
	cmd    *exec.Cmd
	master *os.File
	output *bufio.Reader
	dir    string // in which it works, and where temporary files go
}

// withoutNamespaces has a program run where no namespaces can be had, see tier2.txtar.
const withoutNamespaces = `exec unshare --user --map-root-user sh -c 'echo 0 >/proc/sys/user/max_user_namespaces && exec "$@"' sh "$@"`

// startSession starts a shell command in which $catbox is catbox.
func startSession(t *testing.T, command string) *session {
	t.Helper()
	master, tty := openTerminal(t)
	defer tty.Close()
	s := &session{master: master, output: bufio.NewReader(master), dir: t.TempDir()}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	// By this name the test binary is catbox (TestMain).
	if err := os.Symlink(exe, filepath.Join(s.dir, "catbox")); err != nil {
		t.Fatal(err)
	}
	s.cmd = exec.Command("sh", "-c", command)
	s.cmd.Dir, s.cmd.Stdin, s.cmd.Stdout, s.cmd.Stderr = s.dir, tty, tty, tty
	s.cmd.Env = append(os.Environ(), "catbox="+filepath.Join(s.dir, "catbox"), "without="+withoutNamespaces, "TMPDIR="+s.dir)
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.cmd.Process.Kill(); s.cmd.Wait(); master.Close() })
	return s
}

func openTerminal(t *testing.T) (master, tty *os.File) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	number, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0)
	}
	if err == nil {
		tty, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	}
	if err != nil {
		t.Fatal(err)
	}
	return master, tty
}

// expect reads until a line with the text comes.
func (s *session) expect(t *testing.T, text string) {
	t.Helper()
	late := time.AfterFunc(20*time.Second, func() { s.cmd.Process.Kill() })
	defer late.Stop()
	var all strings.Builder
	for {
		line, err := s.output.ReadString('\n')
		all.WriteString(line)
		if strings.Contains(line, text) {
			return
		}
		if err != nil {
			t.Fatalf("no %q: %q, %v", text, all.String(), err)
		}
	}
}

// wait waits until the session's first process has ended.
func (s *session) wait(t *testing.T) syscall.WaitStatus {
	t.Helper()
	go io.Copy(io.Discard, s.output) // what nobody reads would hold the writer
	late := time.AfterFunc(20*time.Second, func() { s.cmd.Process.Kill() })
	defer late.Stop()
	var exit *exec.ExitError
	if err := s.cmd.Wait(); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return s.cmd.ProcessState.Sys().(syscall.WaitStatus)
}

// left lists what the run left: processes of the session, and temporary files.
func (s *session) left() []string {
	left, _ := filepath.Glob(filepath.Join(s.dir, "catbox-*"))
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, file := range stats {
		stat, _ := os.ReadFile(file)
		// After the name: state, parent, group, session (proc_pid_stat(5)).
		_, fields, _ := strings.Cut(string(stat), ") ")
		var state string
		var parent, group, session int
		if fmt.Sscan(fields, &state, &parent, &group, &session); session == s.cmd.Process.Pid && state != "Z" {
			left = append(left, string(stat))
		}
	}
	return left
}

// They are ready some time after they were executed: see withUnblocked in
// internal/stage.
const (
	waits   = `sh -c 'sleep 0.1; echo ready; exec sleep 60'`
	catches = `sh -c 'trap "exit 7" INT; sleep 0.1; echo ready; while :; do sleep 0.01; done'`
	hangup  = "" // no key: the terminal goes away
)

// What ends a command on a terminal ends the run: nothing is left of it, and the
// caller sees what it would see of the command. Of SIGINT catbox dies itself.
func TestKeysEndTheRun(t *testing.T) {
	exit := func(status int) syscall.WaitStatus { return syscall.WaitStatus(status << 8) }
	for _, test := range []struct {
		name, command, key string
		want               syscall.WaitStatus
	}{
		{"interrupt", waits, "\x03", syscall.WaitStatus(unix.SIGINT)},
		{"interrupt caught", catches, "\x03", exit(7)},
		{"quit", waits, "\x1c", exit(128 + int(unix.SIGQUIT))},
		{"hangup", waits, hangup, exit(128 + int(unix.SIGHUP))},
	} {
		for tier, prefix := range map[string]string{"tier 1": "exec ", "tier 2": `exec sh -c "$without" sh `} {
			t.Run(test.name+" "+tier, func(t *testing.T) {
				s := startSession(t, prefix+"$catbox run -q "+test.command)
				s.expect(t, "ready")
				if test.key == hangup {
					s.master.Close()
				} else if _, err := s.master.WriteString(test.key); err != nil {
					t.Fatal(err)
				}
				if got := s.wait(t); got != test.want {
					t.Errorf("wait status %#x, want %#x", got, test.want)
				}
				if left := s.left(); left != nil {
					t.Errorf("left: %q", left)
				}
			})
		}
	}
}

// Only a SIGINT that catbox got itself is one to die of.
func TestInterruptOfTheCommandAlone(t *testing.T) {
	s := startSession(t, `exec $catbox run -q sh -c 'kill -INT $$'`)
	if got := s.wait(t); !got.Exited() || got.ExitStatus() != statusInterrupted {
		t.Errorf("wait status %#x", got)
	}
}

func TestTerminalModes(t *testing.T) {
	for _, test := range []struct {
		name, command string
		kept          bool
	}{
		{"killed", `sh -c 'stty raw -echo; kill -9 $$'`, true},
		{"out of time", `--limit time=500ms sh -c 'stty raw -echo; sleep 60'`, true},
		{"exited", `stty -echo`, false}, // a program that is to set them
	} {
		t.Run(test.name, func(t *testing.T) {
			s := startSession(t, "exec $catbox run -q "+test.command)
			before := s.modes(t)
			s.wait(t)
			if diff := cmp.Diff(before, s.modes(t)); (diff == "") != test.kept {
				t.Errorf("modes (-before +after)\n%s", diff)
			}
		})
	}
}

func (s *session) modes(t *testing.T) unix.Termios {
	t.Helper()
	modes, err := unix.IoctlGetTermios(int(s.master.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	return *modes
}

// A run that was put into the background leaves the terminal to the shell.
func TestBackgroundRunLeavesTheTerminal(t *testing.T) {
	s := startSession(t, `set -m
		(while ! test -e ran; do sleep 0.01; done; kill -STOP $(cat pid)) &
		sh -c 'echo $$ >pid; exec $catbox run -q sh -c "touch ran; while test -e ran; do sleep 0.01; done; exit 5"'
		rm ran; bg %2; wait %2; echo "ended $?"
		test $(ps -o tpgid= -p $$) = $(ps -o pgid= -p $$) && echo "the shell has the terminal"`)
	s.expect(t, "ended 5")
	s.expect(t, "the shell has the terminal")
}

// A command that stops itself, as an editor does for Ctrl-Z, stops catbox too:
// else the shell would wait for what nobody can let go on.
func TestCommandThatStopsItself(t *testing.T) {
	for name, stop := range map[string]string{"itself": "kill -STOP $$", "its group": "kill -TSTP 0"} {
		for tier, prefix := range map[string]string{"tier 1": "", "tier 2": `sh -c "$without" sh `} {
			t.Run(name+" "+tier, func(t *testing.T) {
				s := startSession(t, `set -m
					`+prefix+`$catbox run -q sh -c '`+stop+`; exit 5'
					echo "stopped $?"; fg; echo "ended $?"`)
				s.expect(t, "stopped 1")
				s.expect(t, "ended 5")
			})
		}
	}
}
