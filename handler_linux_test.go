package catbox_test

import (
	"errors"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox"
	"github.com/catbox-go/catbox/policy"
)

func TestAHandlerAnswers(t *testing.T) {
	for _, test := range []struct {
		name   string
		answer func() catbox.Answer
		want   string
		made   bool
	}{
		{"refuse", func() catbox.Answer { return catbox.Refuse(syscall.ENOSPC) }, "No space left on device", false},
		{"refuse with nothing", func() catbox.Answer { return catbox.Refuse(0) }, "Permission denied", false},
		{"the zero answer", func() catbox.Answer { return catbox.Answer{} }, "Permission denied", false},
		{"panic", func() catbox.Answer { panic("no") }, "Permission denied", false},
		{"return", func() catbox.Answer { return catbox.Return(0) }, "", false},
		{"continue", catbox.Continue, "", true},
	} {
		dir := directory(t)
		c := shell(dir, "mkdir d")
		c.Policy = c.Policy.Allow(policy.Write, dir)
		var asked atomic.Int32
		handler := func(call *catbox.Call) catbox.Answer {
			asked.Add(1)
			return test.answer()
		}
		c.Handlers = map[string]catbox.Handler{"mkdir": handler, "mkdirat": handler}
		out := look(t, c)
		if !strings.Contains(out, test.want) || (test.want == "") != c.Result().Success() || exists(dir+"/d") != test.made {
			t.Errorf("%s: %q, %+v", test.name, out, c.Result())
		}
		if asked.Load() != 1 || c.Result().Calls < 1 || len(c.Result().Violations) > 0 {
			t.Errorf("%s: asked %d times, %+v", test.name, asked.Load(), c.Result())
		}
	}
}

func TestAHandlerSeesTheCall(t *testing.T) {
	dir := directory(t)
	var program, path string
	c := shell(dir, "exec rmdir missing")
	c.Policy = c.Policy.Allow(policy.Write, dir)
	c.Handlers = map[string]catbox.Handler{"rmdir": func(call *catbox.Call) catbox.Answer {
		program, path = call.Program, call.Args[0].Text
		return catbox.Return(0)
	}}
	if err := c.Run(); err != nil || program != "rmdir" || path != "missing" {
		t.Errorf("%v: %q %q", err, program, path)
	}
}

func TestCallsThatMustNotBeHeldHaveNoHandler(t *testing.T) {
	for _, name := range []string{"close", "dup2", "clone", "wait4", "exit_group", "no_such_call"} {
		c := shell("/", "true")
		c.Handlers = map[string]catbox.Handler{name: func(*catbox.Call) catbox.Answer { return catbox.Continue() }}
		err := c.Run()
		var setup *catbox.SetupError
		if !errors.As(err, &setup) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestViolationsAreInOrderAndWithoutGaps(t *testing.T) {
	var told []catbox.Violation
	c := shell("/", `
		for i in 1 2 3 4; do
			(for j in 1 2 3 4 5; do true 2>/dev/null > /etc/catbox-$i-$j; done) &
		done; wait`)
	c.OnViolation = func(v catbox.Violation) { told = append(told, v) }
	all := mustEnd(t, c).Violations
	if len(all) != 20 || len(told) != 20 {
		t.Fatalf("%d violations, %d told", len(all), len(told))
	}
	last := map[string]int{}
	for i, v := range all {
		if v.Seq != i+1 || told[i] != v {
			t.Errorf("violation %d: %+v, told %+v", i, v, told[i])
		}
		if v.Operation != "write" || v.Action != "denied" || v.Call != "openat" || v.Program != "sh" || v.Errno == 0 || v.PID == 0 || v.Time.IsZero() {
			t.Errorf("%+v", v)
		}
		checkOrder(t, last, v)
	}
	for _, n := range last {
		if n != 5 {
			t.Errorf("%v", last)
		}
	}
}

// checkOrder tells whether the violations of each process come in its order.
func checkOrder(t *testing.T, last map[string]int, v catbox.Violation) {
	t.Helper()
	process, number, _ := strings.Cut(strings.TrimPrefix(v.Canonical, "/etc/catbox-"), "-")
	if n, err := strconv.Atoi(number); err != nil || n != last[process]+1 {
		t.Errorf("%s after %d", v.Canonical, last[process])
	}
	last[process]++
}

// descriptors lists what is open, but for what the Go runtime opens for itself
// (its event poll, the control group's share of the processors).
var descriptors = catbox.NewFunction("test-descriptors", func(struct{}) (open []string, err error) {
	for fd := range 1024 {
		what, err := os.Readlink("/proc/self/fd/" + strconv.Itoa(fd))
		if err != nil || strings.HasPrefix(what, "anon_inode:[event") || strings.HasPrefix(what, "/sys/fs/cgroup/") {
			continue
		}
		what, _, _ = strings.Cut(what, ":[")
		open = append(open, strconv.Itoa(fd)+" "+what)
	}
	return open, nil
})

func TestNoOtherDescriptorIsInherited(t *testing.T) {
	dir := directory(t, "given", "leaked")
	given, err := os.Open(dir + "/given")
	if err != nil {
		t.Fatal(err)
	}
	defer given.Close()
	leaked, err := unix.Open(dir+"/leaked", unix.O_RDONLY, 0) // not close-on-exec, as a C library might leave it
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(leaked)
	c := &catbox.Cmd{Policy: policy.ReadOnly(), ExtraFiles: []*os.File{given}}
	open, err := descriptors.Run(c, struct{}{})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"0 /dev/null", "1 /dev/null", "2 /dev/null", "3 " + dir + "/given", "5 pipe"}
	if !slices.Equal(open, want) {
		t.Errorf("open are %q, want %q", open, want)
	}
}

func TestAnExtraFileCanBeUsed(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	c := shell("/", "echo through >&3; read x <&4 2>/dev/null || echo no fourth")
	c.ExtraFiles = []*os.File{w}
	out := look(t, c)
	w.Close()
	var buf [64]byte
	n, _ := r.Read(buf[:])
	if string(buf[:n]) != "through\n" || !strings.Contains(out, "no fourth") {
		t.Errorf("%q, %q", buf[:n], out)
	}
}

// misbehave ends in the way that it is told.
var misbehave = catbox.NewFunction("test-misbehave", func(how string) (int, error) {
	switch how {
	case "error":
		return 0, errors.New("an error of its own")
	case "panic":
		panic("a panic of its own")
	case "exit":
		os.Exit(9)
	case "signal":
		syscall.Kill(os.Getpid(), syscall.SIGKILL)
	}
	return len(how), nil
})

func TestHowAFunctionEnds(t *testing.T) {
	run := func(how string) (*catbox.Cmd, int, error) {
		c := &catbox.Cmd{Policy: policy.ReadOnly()}
		n, err := misbehave.Run(c, how)
		return c, n, err
	}
	if c, n, err := run("nothing"); n != 7 || err != nil || !c.Result().Success() {
		t.Errorf("%d, %v", n, err)
	}
	var failed *catbox.FunctionError
	if _, _, err := run("error"); !errors.As(err, &failed) || failed.Panic || err.Error() != "function test-misbehave: an error of its own" {
		t.Errorf("%v", err)
	}
	if _, _, err := run("panic"); !errors.As(err, &failed) || !failed.Panic || failed.Message != "a panic of its own" || !strings.Contains(failed.Stack, "goroutine") {
		t.Errorf("%v", err)
	}
	var exit *catbox.ExitError
	if _, _, err := run("exit"); !errors.As(err, &exit) || exit.ExitCode != 9 {
		t.Errorf("%v", err)
	}
	if _, _, err := run("signal"); !errors.As(err, &exit) || exit.Signal != syscall.SIGKILL {
		t.Errorf("%v", err)
	}
	if _, err := misbehave.Run(catbox.Command("true"), ""); err == nil {
		t.Error("a function with a Path")
	}
}

func TestAFunctionsNameIsItsOwn(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("two functions have one name")
		}
	}()
	catbox.NewFunction("test-misbehave", func(int) (int, error) { return 0, nil })
}
