//go:build linux

package main

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// testSession runs as whoever runs the tests.
func testSession(t *testing.T) *session {
	t.Helper()
	if err := becomeSubreaper(); err != nil {
		t.Fatal(err)
	}
	s := &session{dir: t.TempDir(), opt: options{timeout: time.Minute}}
	if err := s.freshTree(); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestRunTellsHowACommandFailed(t *testing.T) {
	s := testSession(t)
	s.opt.timeout = time.Second
	for _, c := range []struct{ script, want string }{
		{"exit 0", ""},
		{"echo one; echo two >&2; exit 3", "exit status 3 after 0.0 s: two"},
		{`echo; printf 'a\033[31mb'; exit 1`, "exit status 1 after 0.0 s: a[31mb"},
		{"kill -TERM $$", "signal: terminated after 0.0 s"},
		{"sleep 60 & sleep 60", "stopped after 1s (-timeout)"},
	} {
		o, err := s.run(t.Context(), command{argv: []string{"sh", "-c", c.script}})
		if err != nil || o.failure != c.want {
			t.Errorf("%s: %q, %v; want %q", c.script, o.failure, err, c.want)
		}
	}
}

func TestRunGivesTheStatusDescriptor(t *testing.T) {
	s := testSession(t)
	o, err := s.run(t.Context(), command{status: true,
		argv: []string{"sh", "-c", `echo '{"event":"ended","calls":12}' >&3`}})
	if err != nil || deref(o.status.calls) != 12 {
		t.Errorf("calls %d, %v %s", deref(o.status.calls), err, o.failure)
	}
}

func TestInterruptEndsTheRun(t *testing.T) {
	s := testSession(t)
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(100*time.Millisecond, cancel)
	_, err := s.run(ctx, command{argv: []string{"sh", "-c", "sleep 60 & sleep 60"}})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if left := children(os.Getpid()); len(left) != 0 {
		t.Errorf("processes are left: %v", left)
	}
}

// The processor time of a process that nobody waited for counts too.
func TestOrphansAreReapedAndCounted(t *testing.T) {
	s := testSession(t)
	o, err := s.run(t.Context(), command{argv: []string{"sh", "-c",
		"(i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done) & exit 0"}})
	if err != nil || o.failure != "" {
		t.Fatal(err, o.failure)
	}
	if o.user < 20*time.Millisecond {
		t.Errorf("user time %v leaves the orphan out", o.user)
	}
	if left := children(os.Getpid()); len(left) != 0 {
		t.Errorf("processes are left: %v", left)
	}
}

func TestWatcherCountsTheSameProgramOnly(t *testing.T) {
	cmd := exec.Command("sh", "-c", "(sleep 60; :) & sleep 60; :")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		for _, pid := range children(cmd.Process.Pid) {
			kill(children(pid)...)
			kill(pid)
		}
		kill(cmd.Process.Pid)
		cmd.Wait()
	}()
	time.Sleep(200 * time.Millisecond) // for the shells to start both sleeps
	w := &watcher{root: cmd.Process.Pid, peak: map[int]int64{}, quit: make(chan struct{}), ended: make(chan struct{})}
	w.look()
	if len(w.peak) != 2 {
		t.Errorf("watched %v, want the two shells", w.peak)
	}
	close(w.ended)
	if m := w.stop(); m.largest == 0 || m.sum <= m.largest {
		t.Errorf("got %+v", m)
	}
}

func kill(pids ...int) {
	for _, pid := range pids {
		if p, err := os.FindProcess(pid); err == nil {
			p.Kill()
		}
	}
}

func TestStatusFlagGoesBeforeTheCommand(t *testing.T) {
	v := variant{wrap: catboxWrap("/b/catbox"), status: true}
	want := "/b/catbox run -w /d --json-status-fd 3 -- sh -c x"
	if got := strings.Join(v.argv("/d", true, "sh", "-c", "x"), " "); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := v.argv("/d", false, "x"); !slices.Equal(got, []string{"/b/catbox", "run", "-w", "/d", "--", "x"}) {
		t.Errorf("got %s", got)
	}
}

func TestGeneratedMakefile(t *testing.T) {
	s := testSession(t)
	if err := s.writeMakefile(20); err != nil {
		t.Fatal(err)
	}
	o, err := s.run(t.Context(), command{argv: []string{"sh", "-c", "make -s -j8"}})
	if err != nil || o.failure != "" {
		t.Fatal(err, o.failure)
	}
	if made, _ := filepath.Glob(filepath.Join(s.tree(), "t", "*")); len(made) != 20 {
		t.Errorf("made %d files", len(made))
	}
}

func TestBuildWithoutItsProductFails(t *testing.T) {
	s := testSession(t)
	if _, err := s.builtSeconds(outcome{wall: time.Second}, workload{product: "hello"}); err == nil {
		t.Error("an empty tree passes for a build")
	}
	writeFile(t, filepath.Join(s.tree(), "hello"), "")
	if v, err := s.builtSeconds(outcome{wall: time.Second}, workload{product: "hello"}); v != 1 || err != nil {
		t.Errorf("got %v, %v", v, err)
	}
}
