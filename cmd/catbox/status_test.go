package main

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox"
	"github.com/catbox-go/catbox/record"
)

// statusLines returns what do writes to a status descriptor, parsed.
func statusLines(t *testing.T, do func(s *status)) []map[string]any {
	t.Helper()
	path := filepath.Join(t.TempDir(), "status")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	do(&status{lines: jsonLines{w: f}})
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var lines []map[string]any
	for line := range strings.Lines(string(data)) {
		var object map[string]any
		if err := json.Unmarshal([]byte(line), &object); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		lines = append(lines, object)
	}
	return lines
}

func TestStatusBeginsWithStarted(t *testing.T) {
	lines := statusLines(t, func(s *status) {
		s.write(denied(1, record.Write, "/x", "sh"))
		s.started(&catbox.Cmd{}, 1)
		s.write(denied(2, record.Write, "/x", "sh"))
		s.ended(&catbox.Result{Violations: make([]record.Violation, 2)}, 0)
	})
	var types []string
	for _, line := range lines {
		types = append(types, line["type"].(string))
	}
	if got := strings.Join(types, " "); got != "started violation violation ended" {
		t.Errorf("lines %s", got)
	}
}

func TestStatusOfAnEndBySignal(t *testing.T) {
	lines := statusLines(t, func(s *status) {
		s.ended(&catbox.Result{ExitCode: -1, Signal: syscall.SIGKILL, TimedOut: true, Elapsed: 1500 * time.Millisecond}, 124)
	})
	end := lines[0]
	if exit, there := end["exit"]; exit != nil || !there || end["signal"] != "SIGKILL" || end["status"] != 124.0 ||
		end["timed_out"] != true || end["elapsed_s"] != 1.5 {
		t.Errorf("ended: %v", end)
	}
}

func TestStatusOfAFailure(t *testing.T) {
	lines := statusLines(t, func(s *status) {
		s.write(denied(1, record.Exec, "/x", "sh"))
		s.failed(&catbox.ExecError{Path: "/x", Err: unix.EACCES}, statusCannotExec)
	})
	if len(lines) != 2 || lines[0]["type"] != "failed" || lines[0]["status"] != 126.0 || lines[0]["error"] != "execute /x: permission denied" {
		t.Errorf("lines %v", lines)
	}
}

func TestSignalNames(t *testing.T) {
	for sig, want := range map[syscall.Signal]string{syscall.SIGKILL: "SIGKILL", syscall.SIGTERM: "SIGTERM", 40: "SIG40"} {
		if got := signalName(sig); got != want {
			t.Errorf("signal %d is %s, want %s", int(sig), got, want)
		}
	}
}

func TestExitStatusOfAResult(t *testing.T) {
	violated := []record.Violation{denied(1, record.Write, "/x", "sh")}
	for _, tt := range []struct {
		name   string
		result catbox.Result
		strict bool
		want   int
	}{
		{"success", catbox.Result{}, true, 0},
		{"its own", catbox.Result{ExitCode: 9}, false, 9},
		{"violations", catbox.Result{Violations: violated}, false, 0},
		{"violations, strict", catbox.Result{Violations: violated}, true, 123},
		{"its own before strict", catbox.Result{ExitCode: 9, Violations: violated}, true, 9},
		{"signal", catbox.Result{ExitCode: -1, Signal: syscall.SIGSEGV}, false, 139},
		{"signal before strict", catbox.Result{ExitCode: -1, Signal: syscall.SIGSEGV, Violations: violated}, true, 139},
		{"stopped", catbox.Result{ExitCode: -1, Signal: syscall.SIGKILL, Stopped: true}, false, 123},
		{"out of time", catbox.Result{ExitCode: -1, Signal: syscall.SIGKILL, TimedOut: true}, true, 124},
	} {
		if got := resultStatus(&tt.result, tt.strict); got != tt.want {
			t.Errorf("%s: status %d, want %d", tt.name, got, tt.want)
		}
	}
}

func TestLostLinesAreCounted(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer full.Close()
	l := &jsonLines{w: full}
	for range 3 {
		l.write(1)
	}
	if l.lost != 3 || !errors.Is(l.err, unix.ENOSPC) {
		t.Errorf("lost %d, %v", l.lost, l.err)
	}
}
