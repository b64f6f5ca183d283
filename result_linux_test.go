package catbox_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/catbox-go/catbox"
	"github.com/catbox-go/catbox/policy"
)

// mustEnd runs the command, which has to start.
func mustEnd(t *testing.T, c *catbox.Cmd) *catbox.Result {
	t.Helper()
	err := c.Run()
	var exit *catbox.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	if (err == nil) != (c.Result().Success() && !c.Result().Stopped && !c.Result().TimedOut) {
		t.Errorf("%v, and the result %+v", err, c.Result())
	}
	return c.Result()
}

func TestHowACommandEnds(t *testing.T) {
	for _, test := range []struct {
		script string
		code   int
		signal syscall.Signal
		text   string
	}{
		{"exit 0", 0, 0, ""},
		{"exit 3", 3, 0, "exit status 3"},
		{"exit 255", 255, 0, "exit status 255"},
		{"kill -TERM $$", -1, syscall.SIGTERM, "signal: terminated"},
		{"ulimit -c 0; kill -SEGV $$", -1, syscall.SIGSEGV, "signal: segmentation fault"},
	} {
		c := shell("/", test.script)
		err := c.Run()
		r := c.Result()
		text := ""
		if err != nil {
			text = err.Error()
		}
		if r == nil || r.ExitCode != test.code || r.Signal != test.signal || text != test.text || r.CoreDump || r.TimedOut || r.Stopped {
			t.Errorf("%s: %v, %+v", test.script, err, r)
			continue
		}
		if r.PID <= 1 || r.PID != c.PID() || r.Elapsed <= 0 || len(r.Enforcement) == 0 || r.Leftover != nil || len(r.Violations) > 0 {
			t.Errorf("%s: %+v", test.script, r)
		}
	}
}

func TestWhatCannotBeExecuted(t *testing.T) {
	dir := directory(t, "text")
	for _, test := range []struct {
		name string
		want error
	}{
		{"no-such-program", syscall.ENOENT}, {dir + "/missing", syscall.ENOENT}, {dir + "/text", syscall.EACCES}, {dir, syscall.EACCES},
	} {
		c := catbox.Command(test.name)
		err := c.Run()
		var exec *catbox.ExecError
		if !errors.As(err, &exec) || !errors.Is(err, test.want) || c.Result() != nil {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}

func TestWhatOutlivedTheCommandIsNamedAndEnded(t *testing.T) {
	r := mustEnd(t, shell("/", "sleep 100 & sleep 100 & (trap '' TERM; tail -f /dev/null) & exit 2"))
	if r.ExitCode != 2 || len(r.Leftover) < 3 || !slices.IsSorted(r.Leftover) {
		t.Errorf("%+v", r)
	}
	for _, name := range r.Leftover {
		if !slices.Contains([]string{"sh", "sleep", "tail"}, name) { // sh: one that was not yet the other
			t.Errorf("%q", r.Leftover)
		}
	}
	if r.Elapsed > 30*time.Second {
		t.Errorf("it was waited for: %v", r.Elapsed)
	}
}

func TestAnEndedRunSaysWhoEndedIt(t *testing.T) {
	c := shell("/", "sleep 100")
	c.Limits.Time = 50 * time.Millisecond
	if r := mustEnd(t, c); !r.TimedOut || r.Stopped || r.Signal != syscall.SIGKILL || r.ExitCode != -1 {
		t.Errorf("%+v", r)
	}
	c = shell("/", "echo x > /etc/catbox-test; sleep 100")
	c.Policy = c.Policy.WithAction(policy.Stop)
	r := mustEnd(t, c)
	if !r.Stopped || r.TimedOut || r.Signal != syscall.SIGKILL || len(r.Violations) != 1 || r.Violations[0].Action != "stopped" {
		t.Errorf("%+v", r)
	}
	c = shell("/", "sleep 100")
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	if err := c.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := c.Wait(); err == nil || c.Result().Success() || c.Result().Signal != syscall.SIGKILL {
		t.Errorf("%v, %+v", err, c.Result())
	}
}

func TestUsageIsCounted(t *testing.T) {
	r := mustEnd(t, shell("/", "i=0; while [ $i -lt 30000 ]; do i=$((i+1)); done"))
	if r.Usage.User+r.Usage.System <= 0 || r.Usage.User+r.Usage.System > 2*r.Elapsed || r.Usage.MaxRSS < 100<<10 || r.Usage.MaxRSS > 1<<30 {
		t.Errorf("%+v in %v", r.Usage, r.Elapsed)
	}
}

// started starts a command that says "ready" when it is, and returns what follows.
func started(t *testing.T, c *catbox.Cmd) *bufio.Reader {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	c.Stdout = w
	err = c.Start()
	w.Close()
	if err != nil {
		t.Fatal(err)
	}
	out := bufio.NewReader(r)
	if line, err := out.ReadString('\n'); line != "ready\n" {
		t.Fatalf("%q, %v", line, err)
	}
	return out
}

const waitForSignal = `trap 'echo got it; exit 4' USR1; echo ready; sleep 100 & wait`

func TestASignalReachesTheCommand(t *testing.T) {
	c := catbox.Command("sh", "-c", waitForSignal)
	if err := c.Signal(syscall.SIGUSR1); err == nil {
		t.Error("a command that was not started got a signal")
	}
	out := started(t, c)
	if err := c.Signal(syscall.SIGUSR1); err != nil {
		t.Error(err)
	}
	rest, _ := io.ReadAll(out)
	if err := c.Wait(); c.Result().ExitCode != 4 || string(rest) != "got it\n" {
		t.Errorf("%v, %q", err, rest)
	}
	if err := c.Signal(syscall.SIGUSR1); !errors.Is(err, os.ErrProcessDone) {
		t.Errorf("after the end: %v", err)
	}
}

func TestAContextEndsTheRun(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	c := catbox.CommandContext(ctx, "sh", "-c", "echo ready; sleep 100 & wait")
	started(t, c)
	cancel()
	if err := c.Wait(); !errors.Is(err, context.Canceled) || c.Result().Signal != syscall.SIGKILL {
		t.Errorf("%v, %+v", err, c.Result())
	}
	if err := catbox.CommandContext(ctx, "true").Run(); !errors.Is(err, context.Canceled) {
		t.Errorf("a context that is done: %v", err)
	}
}

func TestCancelDecidesHowAContextEndsTheRun(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	c := catbox.CommandContext(ctx, "sh", "-c", waitForSignal)
	c.Cancel = func() error { return c.Signal(syscall.SIGUSR1) }
	started(t, c)
	cancel()
	if err := c.Wait(); !errors.Is(err, context.Canceled) || c.Result().ExitCode != 4 {
		t.Errorf("%v, %+v", err, c.Result())
	}
	ctx, cancel = context.WithCancel(t.Context())
	c = catbox.CommandContext(ctx, "sh", "-c", waitForSignal)
	c.Cancel = func() error { return errors.New("cannot") } // then it is ended all the same
	started(t, c)
	cancel()
	if err := c.Wait(); !errors.Is(err, context.Canceled) || c.Result().Signal != syscall.SIGKILL {
		t.Errorf("%v, %+v", err, c.Result())
	}
}

func TestLimits(t *testing.T) {
	dir := directory(t)
	c := shell(dir, "ulimit -t; ulimit -n; ulimit -f; head -c 100000 /dev/zero > f")
	c.Policy = c.Policy.Allow(policy.Write, dir)
	c.Limits = catbox.Limits{CPU: 1500 * time.Millisecond, OpenFiles: 17, FileSize: 8192}
	out := look(t, c)
	if !strings.HasPrefix(out, "2\n17\n16\n") { // the file size is in blocks of 512
		t.Errorf("%q", out)
	}
	if st, err := os.Stat(dir + "/f"); err != nil || st.Size() > 8192 || c.Result().Success() {
		t.Errorf("%v, %v, %+v", st, err, c.Result())
	}
	c = shell("/", "while :; do :; done")
	c.Limits.CPU = time.Nanosecond // is rounded up
	if r := mustEnd(t, c); r.Signal != syscall.SIGXCPU && r.Signal != syscall.SIGKILL || r.TimedOut {
		t.Errorf("%+v", r)
	}
}

func TestStandardStreams(t *testing.T) {
	c := catbox.Command("cat")
	c.Stdin = strings.NewReader("from a reader\n")
	if out, err := c.Output(); err != nil || string(out) != "from a reader\n" {
		t.Errorf("%q, %v", out, err)
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	fmt.Fprintln(w, "from a pipe")
	w.Close()
	c = catbox.Command("cat")
	c.Stdin = r
	if out, err := c.Output(); err != nil || string(out) != "from a pipe\n" {
		t.Errorf("%q, %v", out, err)
	}
	if out, err := shell("/", "cat; echo end").Output(); err != nil || string(out) != "end\n" {
		t.Errorf("nothing: %q, %v", out, err)
	}
}

func TestOutputKeepsTheEndOfStderr(t *testing.T) {
	out, err := shell("/", "echo out; echo err >&2; exit 1").Output()
	var exit *catbox.ExitError
	if !errors.As(err, &exit) || string(out) != "out\n" || string(exit.Stderr) != "err\n" {
		t.Errorf("%q, %v", out, err)
	}
	if out, err := shell("/", "echo out; echo err >&2").CombinedOutput(); err != nil || string(out) != "out\nerr\n" {
		t.Errorf("%q, %v", out, err)
	}
	c := shell("/", "true")
	c.Stdout = io.Discard
	if _, err := c.Output(); err == nil || c.Result() != nil {
		t.Errorf("Stdout was set: %v", err)
	}
	if _, err := c.CombinedOutput(); err == nil {
		t.Error("Stdout was set")
	}
}

func TestACommandIsRunOnce(t *testing.T) {
	c := shell("/", "true")
	if err := c.Wait(); err == nil || c.Result() != nil || c.PID() != 0 || c.Kill() == nil {
		t.Error("it was not started")
	}
	if err := c.Run(); err != nil {
		t.Fatal(err)
	}
	if c.Start() == nil || c.Wait() == nil {
		t.Error("it ran already")
	}
}

func TestAProgramThatDoesNotCallInitIsTold(t *testing.T) {
	program := filepath.Join(t.TempDir(), "noinit")
	if out, err := exec.Command("go", "build", "-o", program, "./testdata/noinit").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	out, err := exec.Command(program).CombinedOutput()
	if err != nil || !strings.Contains(string(out), "did not call catbox.Init") || strings.Contains(string(out), "ran\n") {
		t.Errorf("%q, %v", out, err)
	}
}
