package testenv

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"
)

// fake records what a check says instead of ending this test.
type fake struct {
	testing.TB
	skipped, failed bool
	text            string
	cleanup         []func()
}

func (f *fake) Helper()          {}
func (f *fake) Failed() bool     { return f.failed }
func (f *fake) Cleanup(g func()) { f.cleanup = append(f.cleanup, g) }
func (f *fake) say(s string)     { f.text += s }
func (f *fake) Skip(args ...any) {
	f.skipped = true
	f.say(fmt.Sprint(args...))
	runtime.Goexit()
}
func (f *fake) Fatalf(format string, args ...any) {
	f.failed = true
	f.say(fmt.Sprintf(format, args...))
	runtime.Goexit()
}
func (f *fake) Fatal(args ...any) { f.Fatalf("%s", fmt.Sprint(args...)) }
func (f *fake) Error(args ...any) { f.failed = true; f.say(fmt.Sprint(args...)) }
func (f *fake) Errorf(format string, args ...any) {
	f.failed = true
	f.say(fmt.Sprintf(format, args...))
}

// on runs check as a test of its own would.
func on(check func(testing.TB)) *fake {
	f := &fake{}
	done := make(chan struct{})
	go func() {
		defer close(done)
		check(f)
	}()
	<-done
	for _, g := range f.cleanup {
		g()
	}
	return f
}

func TestSkipIsAFailureWhereEveryTestHasToRun(t *testing.T) {
	lacking := func() error { return fmt.Errorf("no: %w", errors.ErrUnsupported) }
	unknown := func() error { return errors.New("out of memory") }
	for _, test := range []struct {
		mustRun         string
		check           func(testing.TB)
		skipped, failed bool
	}{
		{"", func(t testing.TB) { Need(t, "it", func() error { return nil }) }, false, false},
		{"", func(t testing.TB) { Need(t, "it", lacking) }, true, false},
		{"1", func(t testing.TB) { Need(t, "it", lacking) }, false, true},
		{"", func(t testing.TB) { Need(t, "it", unknown) }, false, true},
		{"", func(t testing.TB) { Command(t, "no-such-program") }, true, false},
		{"1", func(t testing.TB) { Command(t, "no-such-program") }, false, true},
		{"", func(t testing.TB) { Command(t, "sh") }, false, false},
	} {
		t.Setenv(mustRun, test.mustRun)
		f := on(test.check)
		if f.skipped != test.skipped || f.failed != test.failed {
			t.Errorf("%+v: skipped %v, failed %v: %s", test, f.skipped, f.failed, f.text)
		}
		if (f.skipped || f.failed) && f.text == "" {
			t.Errorf("%+v: no reason given", test)
		}
	}
}

func TestLeaksAreFound(t *testing.T) {
	var undo []func()
	defer func() {
		for _, f := range undo {
			f()
		}
	}()
	for name, leak := range map[string]func(){
		"testenv_linux_test.go": func() {
			f, err := os.Open("testenv_linux_test.go")
			if err != nil {
				t.Fatal(err)
			}
			undo = append(undo, func() { f.Close() })
		},
		"Children": func() {
			c := exec.Command("sleep", "100")
			if err := c.Start(); err != nil {
				t.Fatal(err)
			}
			undo = append(undo, func() { c.Process.Kill(); c.Wait() })
		},
		"goroutines": func() {
			stop := make(chan struct{})
			go func() { <-stop }()
			undo = append(undo, func() { close(stop) })
		},
	} {
		f := on(func(t testing.TB) { leaks(t, 50*time.Millisecond); leak() })
		if !f.failed || !strings.Contains(f.text, name) {
			t.Errorf("a leak of %s was not found: %q", name, f.text)
		}
	}
}

func TestNothingLeftIsNoLeak(t *testing.T) {
	start := time.Now()
	f := on(func(t testing.TB) {
		Leaks(t)
		file, err := os.Open("/dev/null")
		if err != nil {
			t.Fatal(err)
		}
		file.Close()
	})
	if f.failed {
		t.Error(f.text)
	}
	if d := time.Since(start); d > settle {
		t.Errorf("took %v", d)
	}
}

func TestHelperRuns(t *testing.T) {
	out, err := Helper(t, "echo", "a", "b").Output()
	if err != nil || string(out) != "a b\n" {
		t.Errorf("%q, %v", out, err)
	}
	c := Helper(t, "unknown")
	c.Stderr = nil
	var exit *exec.ExitError
	if err := c.Run(); !errors.As(err, &exit) || exit.ExitCode() != 125 {
		t.Errorf("unknown helper: %v", err)
	}
}

func TestMain(m *testing.M) {
	Main(Helpers{"echo": func(args []string) int {
		fmt.Println(strings.Join(args, " "))
		return 0
	}})
	os.Exit(m.Run())
}
