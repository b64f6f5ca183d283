package executor

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/testenv"
)

func TestDescriptorsAreClosed(t *testing.T) {
	forEach(t, func(t *testing.T, e Executor) {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		defer w.Close()
		if _, err := unix.FcntlInt(w.Fd(), unix.F_SETFD, 0); err != nil { // as if it were inherited
			t.Fatal(err)
		}
		result := run(t, e, Spec{Command: []string{"sh", "-c", "ls -l /proc/$$/fd"}})
		if strings.Contains(string(result.Out), "pipe:["+inode(t, w)+"]") {
			t.Errorf("the command has it:\n%s", result.Out)
		}
		if flags, err := unix.FcntlInt(w.Fd(), unix.F_GETFD, 0); err != nil || flags != 0 {
			t.Errorf("flags here: %d, %v", flags, err)
		}
	})
}

func inode(t *testing.T, f *os.File) string {
	t.Helper()
	link, err := os.Readlink("/proc/self/fd/" + strconv.Itoa(int(f.Fd())))
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSuffix(strings.TrimPrefix(link, "pipe:["), "]")
}

func TestSignal(t *testing.T) {
	forEach(t, func(t *testing.T, e Executor) {
		r := run(t, e, Spec{Command: []string{"sh", "-c", "kill -TERM $$"}})
		if e.Name() == "linux-user-chroot" {
			if r.ExitCode != 1 || r.Signal != 0 {
				t.Errorf("exit %d, signal %v", r.ExitCode, r.Signal)
			}
			return
		}
		if r.ExitCode != 128+15 || r.Signal != syscall.SIGTERM {
			t.Errorf("exit %d, signal %v", r.ExitCode, r.Signal)
		}
	})
}

func TestNoSuchProgram(t *testing.T) {
	forEach(t, func(t *testing.T, e Executor) {
		for name, reason := range map[string]error{"no-such-program": fs.ErrNotExist, "/data": fs.ErrPermission, "/data/1/canary": fs.ErrPermission} {
			_, err := e.Run(t.Context(), Spec{Command: []string{name}, Root: treeFor(t, e)})
			if !errors.Is(err, reason) {
				t.Errorf("%s: %v, want %v", name, err, reason)
			}
		}
	})
}

func TestInput(t *testing.T) {
	forEach(t, func(t *testing.T, e Executor) {
		want(t, run(t, e, Spec{Command: []string{"cat"}, Stdin: strings.NewReader("abc")}), 0, "abc", "")
		want(t, run(t, e, Spec{Command: []string{"cat"}}), 0, "", "")
		much := strings.NewReader(strings.Repeat("x", 1<<20))
		want(t, run(t, e, Spec{Command: []string{"true"}, Stdin: much}), 0, "", "")
	})
}

// A command that leaves something running does not hold up the run.
func TestLeftRunning(t *testing.T) {
	forEach(t, func(t *testing.T, e Executor) {
		start := time.Now()
		want(t, run(t, e, Spec{Command: []string{"sh", "-c", "sleep 60 & echo done"}}), 0, "done\n", "")
		if took := time.Since(start); took > 20*time.Second {
			t.Errorf("took %v", took)
		}
	})
}

func TestCancel(t *testing.T) {
	forEach(t, func(t *testing.T, e Executor) {
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		defer cancel()
		start := time.Now()
		_, err := e.Run(ctx, Spec{Command: []string{"sleep", "60"}})
		if took := time.Since(start); !errors.Is(err, context.DeadlineExceeded) || took > 20*time.Second {
			t.Errorf("%v after %v", err, took)
		}
	})
}

// Runs that go on at the same time do not hold each other's pipes.
func TestRunsAtTheSameTime(t *testing.T) {
	forEach(t, func(t *testing.T, e Executor) {
		long := make(chan error)
		go func() {
			_, err := e.Run(t.Context(), Spec{Command: []string{"sleep", "0.5"}})
			long <- err
		}()
		for range 5 {
			want(t, run(t, e, Spec{Command: []string{"cat"}, Stdin: strings.NewReader("a")}), 0, "a", "")
		}
		if err := <-long; err != nil {
			t.Error(err)
		}
	})
}

func TestNothingIsLeftBehind(t *testing.T) {
	forEach(t, func(t *testing.T, e Executor) {
		testenv.Leaks(t)
		run(t, e, Spec{
			Command: []string{"sh", "-c", "echo x >/tmp/x"}, Root: treeFor(t, e), Stdin: strings.NewReader("x"),
			ExtraMounts: []Mount{{Target: "/tmp", Type: "tmpfs"}},
		})
	})
}

// The null device is no terminal: all that the command started is ended with the run.
func TestCancelWithTheNullDevice(t *testing.T) {
	forEach(t, func(t *testing.T, e Executor) {
		null, err := os.Open(os.DevNull)
		if err != nil {
			t.Fatal(err)
		}
		defer null.Close()
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		_, err = e.Run(ctx, Spec{Command: []string{"sh", "-c", "sleep 60; true"}, Stdin: null, Stdout: w})
		w.Close()
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v", err)
		}
		r.SetReadDeadline(time.Now().Add(10 * time.Second))
		if _, err := r.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("something holds the command's output still: %v", err)
		}
	})
}
