package executor_test

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/catbox-go/catbox"
	"github.com/catbox-go/catbox/executor"
)

// Whatever works here runs the command; it need not know which.
func ExampleForPlatform() {
	e, err := executor.ForPlatform(func(text string) { fmt.Fprintln(os.Stderr, text) })
	if err != nil {
		fmt.Println(err)
		return
	}
	r, err := e.Run(context.Background(), executor.Spec{Command: []string{"sh", "-c", "echo hello; exit 3"}})
	fmt.Printf("%s%d %v\n", r.Out, r.ExitCode, err)
	// Output:
	// hello
	// 3 <nil>
}

func ExampleGet() {
	e, err := executor.Get("linux_user_chroot")
	fmt.Println(e.Name(), err)
	_, err = executor.Get("docker")
	fmt.Println(err)
	// Output:
	// linux-user-chroot <nil>
	// executor "docker": want native, bubblewrap, linux-user-chroot, landlock or chroot
}

// The environment is what is given and nothing else.
func ExampleEnvironmentVars() {
	e, _ := executor.Get("native")
	r, err := e.Run(context.Background(), executor.Spec{
		Command: []string{"sh", "-c", "echo $LANG; echo $PATH; echo $HOME"},
		Env:     executor.EnvironmentVars("LANG=C"),
		Stderr:  executor.Merged{},
	})
	fmt.Printf("%s%v\n", r.Out, err)
	// Output:
	// C
	// /usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
	//
	// <nil>
}

// What an executor can do here can be asked for without naming it.
func ExampleMaximumIsolation() {
	e, _ := executor.Get("native")
	spec := executor.MaximumIsolation(e)
	spec.Command = []string{"sh", "-c", "ls /sys/class/net; echo x >/etc/x"}
	spec.Writable = executor.WritableNone()
	spec.Stderr = io.Discard
	r, err := e.Run(context.Background(), spec)
	fmt.Println(spec.Mounts, spec.Network, r.ExitCode != 0, err)
	for _, v := range r.Violations {
		fmt.Println(v.Action, v.Operation, v.Canonical)
	}
	// Output:
	// isolated isolated true <nil>
	// denied write /etc/x
}

// sandbox stands for an executor that can isolate nothing.
type sandbox struct{}

func (sandbox) Name() string { return "plain" }
func (sandbox) Capabilities() executor.Capabilities {
	return executor.Capabilities{Writable: []string{"all"}, Mounts: []executor.Isolation{executor.Undefined}, Network: []executor.Isolation{executor.Undefined}}
}
func (sandbox) Run(context.Context, executor.Spec) (executor.Result, error) {
	return executor.Result{}, nil
}

// Who does not mind less isolation than was asked for gives it up knowingly.
func ExampleDegrade() {
	spec := executor.Spec{Command: []string{"make"}, Network: executor.Isolated, Writable: executor.WritableOnly("/build")}
	spec, changes := executor.Degrade(sandbox{}, spec, func(text string) { fmt.Println(text) })
	fmt.Println(len(changes), spec.Network, spec.Writable)
	// Output:
	// plain: Network cannot be isolated: falling back to undefined
	// plain: Writable cannot be /build: falling back to all
	// 2 undefined all
}

// The native executor takes what only it can do by Configure.
func ExampleNative() {
	e := &executor.Native{Configure: func(c *catbox.Cmd) { c.FakeRoot = &catbox.FakeRoot{} }}
	r, err := e.Run(context.Background(), executor.Spec{Command: []string{"id", "-u"}})
	fmt.Printf("%s%v\n", r.Out, err)
	// Output:
	// 0
	// <nil>
}
