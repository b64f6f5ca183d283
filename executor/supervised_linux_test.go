package executor

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/catbox-go/catbox"
	"github.com/catbox-go/catbox/policy"
	"github.com/catbox-go/catbox/record"
)

// forSupervised runs the test over what catbox can stand in front of, and over
// native, which has to do the same.
func forSupervised(t *testing.T, configure func(*catbox.Cmd), test func(t *testing.T, e Executor)) {
	for _, e := range []Executor{&Native{Configure: configure}, &Bubblewrap{Configure: configure}, &Chroot{Configure: configure}} {
		t.Run(e.Name(), func(t *testing.T) {
			need(t, e)
			if c := e.Capabilities(); !c.Violations || !c.Record || !c.FakeRoot {
				t.Errorf("capabilities: %+v", c)
			}
			test(t, e)
		})
	}
}

func TestViolationsAreToldByPathsOfTheRoot(t *testing.T) {
	forSupervised(t, asIs, func(t *testing.T, e Executor) {
		s := Spec{
			Command: []string{"sh", "-c", "echo x >/data/1/new; echo x >/data/2; : >/bin/sh"}, Root: tree(t), Writable: WritableOnly("/data/1"),
			ExtraMounts: []Mount{{Target: "/proc", Type: "proc"}},
		}
		r := run(t, e, s)
		var told []string
		for _, v := range r.Violations {
			told = append(told, v.Canonical)
		}
		if got := strings.Join(told, " "); got != "/data/2 /bin/busybox" {
			t.Errorf("told %q, and said %s", got, r.Err)
		}
		if contents(t, filepath.Join(s.Root, "data/1/new")) != "x\n" {
			t.Error("what may be written was not")
		}
	})
}

func TestPolicyIsTheCallers(t *testing.T) {
	configure := func(c *catbox.Cmd) { c.Policy = c.Policy.Deny(policy.Write, "/data/1/canary").WithAction(policy.Log) }
	forSupervised(t, configure, func(t *testing.T, e Executor) {
		s := Spec{Command: []string{"sh", "-c", "echo ! >/data/1/canary"}, Root: tree(t)}
		r := run(t, e, s)
		if len(r.Violations) != 1 || r.Violations[0].Action != record.Logged || contents(t, filepath.Join(s.Root, "data/1/canary")) != "!\n" {
			t.Errorf("%+v", r)
		}
	})
}

// events is a sink that keeps the programs, and counts the ends.
type events struct {
	mu    sync.Mutex
	execs []string
	ends  int
}

func (e *events) Event(event record.Event) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch v := event.(type) {
	case record.Image:
		e.execs = append(e.execs, v.Path)
	case record.End:
		e.ends++
	}
	return nil
}

func TestRecordOfAnExecutor(t *testing.T) {
	var seen *events
	configure := func(c *catbox.Cmd) { c.Record = &catbox.Record{Sink: seen} }
	forSupervised(t, configure, func(t *testing.T, e Executor) {
		seen = &events{}
		want(t, run(t, e, Spec{Command: []string{"sh", "-c", "cat /data/1/canary; ls /data/1 >/data/list"}, Root: tree(t)}), 0, "precious", "")
		if got := strings.Join(seen.execs, " "); strings.Count(got, "/bin/busybox") < 2 || seen.ends != 1 {
			t.Errorf("executed %q, %d ends", got, seen.ends)
		}
	})
}

func TestFakeRootOfAnExecutor(t *testing.T) {
	configure := func(c *catbox.Cmd) { c.FakeRoot = &catbox.FakeRoot{} }
	forSupervised(t, configure, func(t *testing.T, e Executor) {
		s := Spec{Command: []string{"sh", "-c", "id -u && chown 5:6 /data/1/canary && stat -c %u:%g /data/1/canary"}, Root: tree(t)}
		if err := os.Symlink("busybox", filepath.Join(s.Root, "bin/chown")); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink("busybox", filepath.Join(s.Root, "bin/stat")); err != nil {
			t.Fatal(err)
		}
		want(t, run(t, e, s), 0, "0\n5:6\n", "")
		if st, err := os.Stat(filepath.Join(s.Root, "data/1/canary")); err != nil || st.Sys().(*syscall.Stat_t).Uid == 5 {
			t.Errorf("the owner was changed: %v", err)
		}
	})
}

func TestWhatOutlivesASupervisedCommandIsEnded(t *testing.T) {
	var left []string
	for _, e := range []Supervised{&Bubblewrap{}, &Chroot{}} {
		t.Run(e.Name(), func(t *testing.T) {
			need(t, e)
			c, err := e.Command(t.Context(), Spec{Command: []string{"sh", "-c", "setsid sleep 100 & exit 3"}, Env: os.Environ()})
			if err != nil {
				t.Fatal(err)
			}
			err = c.Run()
			var exit *catbox.ExitError
			if !errors.As(err, &exit) || exit.ExitCode != 3 {
				t.Fatal(err)
			}
			if left = exit.Leftover; len(left) != 1 {
				t.Errorf("left %q", left)
			}
		})
	}
}

func TestWhatAWrapperCannotDo(t *testing.T) {
	for part, configure := range map[string]func(*catbox.Cmd){
		"an overlay":     func(c *catbox.Cmd) { c.Overlay = &catbox.Overlay{Dir: t.TempDir()} },
		"hidden paths":   func(c *catbox.Cmd) { c.Policy = c.Policy.Hide("/data/1") },
		"readable paths": func(c *catbox.Cmd) { c.Policy = policy.Policy{}.Allow(policy.Read|policy.Exec, "/bin") },
	} {
		e := &Bubblewrap{Configure: configure}
		need(t, e)
		_, err := e.Run(t.Context(), Spec{Command: []string{"true"}, Root: tree(t), Writable: WritableNone()})
		var unsupported *catbox.UnsupportedError
		if !errors.As(err, &unsupported) || unsupported.Part != part || !strings.Contains(err.Error(), "bubblewrap") {
			t.Errorf("%s: %v", part, err)
		}
	}
}

func TestAMessageOfTheProgramIsLeftToStandardError(t *testing.T) {
	e := &Bubblewrap{Configure: func(c *catbox.Cmd) {
		line := c.Wrapper.Line
		c.Wrapper.Line = func(w catbox.Walls) ([]string, error) {
			argv, err := line(w)
			return append(argv[:1:1], append([]string{"--no-such-option"}, argv[1:]...)...), err
		}
	}}
	need(t, e)
	r, err := e.Run(t.Context(), Spec{Command: []string{"true"}, Root: tree(t)})
	var setup *catbox.SetupError
	if !errors.As(err, &setup) || setup.Step != "bwrap" || !strings.Contains(string(r.Err), "no-such-option") {
		t.Errorf("%v, and %s", err, r.Err)
	}
}

// What a command is given as descriptors comes through the program in front; what the
// caller has open besides, and the inner process's own, does not.
func TestExtraFilesComeThrough(t *testing.T) {
	for _, e := range []Supervised{&Bubblewrap{}, &Chroot{}} {
		t.Run(e.Name(), func(t *testing.T) {
			need(t, e)
			r, w, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			c, err := e.Command(t.Context(), Spec{Command: []string{"sh", "-c", "echo given >&3; ls /proc/self/fd"}, Env: os.Environ()})
			if err != nil {
				t.Fatal(err)
			}
			c.ExtraFiles = []*os.File{w}
			out, err := c.Output()
			w.Close()
			given, _ := io.ReadAll(r)
			if err != nil || string(given) != "given\n" {
				t.Errorf("%q, %v", given, err)
			}
			if got := strings.Fields(string(out)); len(got) != 5 { // 0 to 3, and that of the directory
				t.Errorf("descriptors %q", got)
			}
		})
	}
}

// A command must not look into the process that it is started by, which is not confined.
func TestTheInnerProcessIsClosed(t *testing.T) {
	for _, e := range []Supervised{&Bubblewrap{}, &Chroot{}} {
		t.Run(e.Name(), func(t *testing.T) {
			need(t, e)
			c, err := e.Command(t.Context(), Spec{Command: []string{"sh", "-c", "cat /proc/$PPID/comm; cat /proc/$PPID/environ >/dev/null || echo closed; readlink /proc/$PPID/fd/0 >/dev/null || echo closed"}, Env: os.Environ()})
			if err != nil {
				t.Fatal(err)
			}
			c.Policy = c.Policy.WithAction(policy.Log) // without Landlock, which does not let it either
			out, err := c.Output()
			if lines := strings.Fields(string(out)); len(lines) != 3 || lines[0] != "catbox-init" || lines[1] != "closed" || lines[2] != "closed" {
				t.Errorf("%q, %v", out, err)
			}
		})
	}
}

func TestASupervisedRunIsCancelled(t *testing.T) {
	for _, e := range []Executor{&Bubblewrap{Configure: asIs}, &Chroot{Configure: asIs}} {
		t.Run(e.Name(), func(t *testing.T) {
			need(t, e)
			ctx, cancel := context.WithCancel(t.Context())
			r, w := io.Pipe()
			go func() {
				r.Read(make([]byte, 1)) // the command runs
				cancel()
				io.Copy(io.Discard, r)
			}()
			_, err := e.Run(ctx, Spec{Command: []string{"sh", "-c", "setsid sleep 1000 & echo x; sleep 1000"}, Env: os.Environ(), Stdout: w})
			if !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
		})
	}
}

func TestLimitsOfASupervisedRun(t *testing.T) {
	configure := func(c *catbox.Cmd) { c.Limits.OpenFiles = 57 }
	forSupervised(t, configure, func(t *testing.T, e Executor) {
		want(t, run(t, e, Spec{Command: []string{"sh", "-c", "ulimit -n"}, Env: os.Environ()}), 0, "57\n", "")
	})
}
