package catbox_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/catbox-go/catbox"
	"github.com/catbox-go/catbox/policy"
	"github.com/catbox-go/catbox/record"
)

// workDir makes a directory for an example, outside of /tmp, which a run has for itself.
func workDir() (dir string, remove func()) {
	dir, err := os.MkdirTemp(".", "example-")
	if err != nil {
		panic(err)
	}
	dir, err = filepath.Abs(dir)
	if err != nil {
		panic(err)
	}
	return dir, func() { os.RemoveAll(dir) }
}

// A program calls Init first thing in main, or in TestMain.
func ExampleCommand() {
	dir, remove := workDir()
	defer remove()
	c := catbox.Command("sh", "-c", "echo made > here; echo more > /etc/hostname")
	c.Dir = dir
	c.Policy = c.Policy.Allow(policy.Write, dir)
	err := c.Run()
	made, _ := os.ReadFile(filepath.Join(dir, "here"))
	fmt.Printf("%s%v\n", made, err)
	for _, v := range c.Result().Violations {
		fmt.Println(v.Action, v.Operation, v.Canonical, v.Call)
	}
	// Output:
	// made
	// exit status 2
	// denied write /etc/hostname openat
}

func ExampleCmd_Output() {
	out, err := catbox.Command("echo", "hello").Output()
	fmt.Printf("%s%v\n", out, err)
	// Output:
	// hello
	// <nil>
}

// Violations are told as they happen, and the action Log lets them happen.
func ExampleCmd_onViolation() {
	dir, remove := workDir()
	defer remove()
	c := catbox.Command("sh", "-c", "echo x > new && cat new")
	c.Dir = dir
	c.Policy = c.Policy.WithAction(policy.Log)
	c.OnViolation = func(v catbox.Violation) { fmt.Println(v.Action, v.Operation, filepath.Base(v.Canonical)) }
	out, err := c.Output()
	fmt.Printf("%s%v\n", out, err)
	// Output:
	// logged write new
	// x
	// <nil>
}

// A hook can look at what was set up before the command runs, and stop it.
func ExampleHooks() {
	c := catbox.Command("true")
	c.Hooks.Initialized = func(pid int) error { return errors.New("not today") }
	fmt.Println(c.Run())
	// Output:
	// set up sandbox: initialized hook: not today
}

func ExampleHooks_died() {
	c := catbox.Command("sh", "-c", "kill -SEGV $$")
	c.Hooks.Died = func(pid int, sig syscall.Signal) { fmt.Println("died by", sig) }
	fmt.Println(c.Run())
	// Output:
	// died by segmentation fault
	// signal: segmentation fault
}

// A Handler sees the calls that it is put on, and can answer them.
func ExampleHandler() {
	c := catbox.Command("uname", "-n")
	c.Handlers = map[string]catbox.Handler{
		"sethostname": func(*catbox.Call) catbox.Answer { return catbox.Return(0) },
		"openat": func(c *catbox.Call) catbox.Answer {
			if strings.HasSuffix(c.Args[1].Text, ".so.6") {
				fmt.Println(c.Program, "opens", filepath.Base(c.Args[1].Text))
			}
			return catbox.Continue()
		},
	}
	c.Run()
	// Output:
	// uname opens libc.so.6
}

// A Handler can refuse a call, with the errno that it likes.
func ExampleRefuse() {
	c := catbox.Command("sh", "-c", "mkdir d || true")
	dir, remove := workDir()
	defer remove()
	c.Dir = dir
	c.Policy = c.Policy.Allow(policy.Write, dir)
	c.Handlers = map[string]catbox.Handler{
		"mkdir": func(*catbox.Call) catbox.Answer { return catbox.Refuse(syscall.ENOSPC) },
	}
	out, err := c.CombinedOutput()
	fmt.Println(strings.Contains(string(out), "No space left on device"), err)
	// Output:
	// true <nil>
}

// count is registered before main, so that the confined process finds it.
var count = catbox.NewFunction("count", func(dir string) (int, error) {
	if err := os.WriteFile("/etc/counted", nil, 0o644); err == nil {
		return 0, errors.New("could write to /etc")
	}
	entries, err := os.ReadDir(dir)
	return len(entries), err
})

// A Go function runs confined, and its value comes back.
func ExampleFunction() {
	dir, remove := workDir()
	defer remove()
	os.WriteFile(filepath.Join(dir, "a"), nil, 0o644)
	c := &catbox.Cmd{Policy: policy.ReadOnly()}
	n, err := count.Run(c, dir)
	fmt.Println(n, err, len(c.Result().Violations))
	_, err = count.Run(&catbox.Cmd{Policy: policy.ReadOnly()}, filepath.Join(dir, "missing"))
	var failed *catbox.FunctionError
	fmt.Println(errors.As(err, &failed), strings.Contains(err.Error(), "no such file"))
	// Output:
	// 1 <nil> 1
	// true true
}

// A sink hears what a run does while it does it.
func ExampleRecord() {
	dir, remove := workDir()
	defer remove()
	c := catbox.Command("sh", "-c", "cat /etc/debian_version >copy; cat not-there; true")
	c.Dir = dir
	c.Policy = c.Policy.Allow(policy.Write, dir)
	paths := map[record.Class]string{}
	c.Record = &catbox.Record{Sink: record.SinkFunc(func(e record.Event) error {
		if a, ok := e.(record.Access); ok {
			switch filepath.Base(a.Path) {
			case "debian_version", "copy", "not-there":
				paths[a.Class] = filepath.Base(a.Path)
			}
		}
		return nil
	})}
	if err := c.Run(); err != nil {
		fmt.Println(err)
	}
	for _, class := range []record.Class{record.ClassRead, record.ClassCreate, record.ClassAbsent} {
		fmt.Println(class, paths[class])
	}
	// Output:
	// read debian_version
	// create copy
	// absent not-there
}
