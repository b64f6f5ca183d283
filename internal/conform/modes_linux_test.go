package conform

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox"
	"github.com/catbox-go/catbox/features"
	"github.com/catbox-go/catbox/internal/abi"
	"github.com/catbox-go/catbox/internal/seccomp"
	"github.com/catbox-go/catbox/internal/testenv"
	"github.com/catbox-go/catbox/policy"
)

// mode is a way to run a program.
type mode struct {
	name   string
	policy func(dir string) policy.Policy
	tier2  bool
}

// modes are the confined ones.
var modes = []mode{
	{"explain", exact, false},
	{"mediate", byExpression, false},
	{"tier 2", func(dir string) policy.Policy { return exact(dir).WithNetwork(policy.NetworkNone) }, true},
}

// exact is held by walls: the supervisor only looks.
func exact(dir string) policy.Policy { return policy.ReadOnly().Allow(policy.Write, dir) }

// byExpression is held by no wall: the supervisor does every writing call.
func byExpression(dir string) policy.Policy {
	return policy.ReadOnly().Allow(policy.Write, "~^"+regexp.QuoteMeta(dir)+"/.*$")
}

const deadline = 30 * time.Second

// need skips where the mode cannot be had.
func (m mode) need(t *testing.T) {
	t.Helper()
	if m.tier2 {
		testenv.Need(t, "Landlock", features.Landlock)
		testenv.Need(t, "notification", features.Notify)
		return
	}
	for _, f := range []struct {
		what  string
		probe func() error
	}{
		{"user namespaces", features.UserNamespaces}, {"mount namespaces", features.MountNamespaces}, {"notification", features.Notify},
	} {
		testenv.Need(t, f.what, f.probe)
	}
}

// run runs args, name first, confined, and returns its standard output.
func (m mode) run(t *testing.T, dir string, path string, args []string) ([]byte, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), deadline)
	defer cancel()
	work := filepath.Join(dir, "w")
	if m.tier2 {
		return tier2(ctx, m.policy(dir), work, path, args)
	}
	var out bytes.Buffer
	c := command(ctx, m.policy(dir), work, path, args)
	c.Stdout, c.Stderr = &out, os.Stderr
	err := c.Run()
	if r := c.Result(); r != nil {
		for _, v := range r.Violations {
			t.Logf("violation: %s", v)
		}
	}
	return out.Bytes(), err
}

func command(ctx context.Context, p policy.Policy, dir, path string, args []string) *catbox.Cmd {
	c := catbox.CommandContext(ctx, path)
	c.Args, c.Dir, c.Policy = args, dir, p
	return c
}

// native runs args unconfined, but without the capabilities that root loses in a run.
func native(t *testing.T, dir string, path string, args []string) ([]byte, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), deadline)
	defer cancel()
	c := exec.CommandContext(ctx, testenv.Executable(t))
	c.Args = testenv.HelperArgs("native", append([]string{path}, args...)...)
	c.Dir, c.Stderr = filepath.Join(dir, "w"), os.Stderr
	return c.Output()
}

// keptCaps are the capabilities that root keeps in a run.
const keptCaps = 1<<unix.CAP_CHOWN | 1<<unix.CAP_DAC_OVERRIDE | 1<<unix.CAP_FOWNER | 1<<unix.CAP_FSETID | 1<<unix.CAP_KILL |
	1<<unix.CAP_SETGID | 1<<unix.CAP_SETUID | 1<<unix.CAP_SETPCAP | 1<<unix.CAP_NET_BIND_SERVICE | 1<<unix.CAP_SETFCAP

// runNative is the helper "native".
func runNative(args []string) int {
	runtime.LockOSThread()
	// As in a run, nothing else is inherited.
	must(unix.CloseRange(3, ^uint(0)>>1, unix.CLOSE_RANGE_CLOEXEC))
	for c := range uintptr(64) {
		if keptCaps&(1<<c) == 0 {
			// EINVAL: this kernel has no such capability. EPERM: not root.
			_ = unix.Prctl(unix.PR_CAPBSET_DROP, c, 0, 0, 0)
		}
	}
	fmt.Fprintln(os.Stderr, syscall.Exec(args[0], args[1:], os.Environ()))
	return 125
}

// order is what tier 2's helper is told.
type order struct {
	Policy, Dir, Path string
	Args              []string
	Fake              bool
}

// tier2 runs a helper that can make no user namespace, so that catbox has no
// namespaces; the helper runs the command.
func tier2(ctx context.Context, p policy.Policy, dir, path string, args []string) ([]byte, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	o, err := json.Marshal(order{p.String(), dir, path, args, false})
	if err != nil {
		return nil, err
	}
	c := exec.CommandContext(ctx, self)
	c.Args = testenv.HelperArgs("tier 2", string(o))
	c.Stderr = os.Stderr
	return c.Output()
}

// runTier2 is the helper "tier 2". The filter is on one thread, so it is begun
// again by that one as the helper "no namespaces".
func runTier2(args []string) int {
	runtime.LockOSThread()
	must(unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
	prog, err := seccomp.Compile(abi.Native(), noUserNamespaces)
	must(err)
	_, err = seccomp.Install(prog, 0)
	must(err)
	self, err := os.Executable()
	must(err)
	must(syscall.Exec(self, testenv.HelperArgs("no namespaces", args...), os.Environ()))
	return 125
}

// noUserNamespaces refuses them as container runtimes do.
var noUserNamespaces = []seccomp.Rule{
	{Name: "clone", When: []seccomp.Cond{{Arg: 0, Mask: unix.CLONE_NEWUSER, Op: seccomp.AnySet}}, Do: seccomp.Errno(unix.EPERM)},
	{Name: "clone3", Do: seccomp.Errno(unix.ENOSYS)},
	{Name: "unshare", When: []seccomp.Cond{{Arg: 0, Mask: unix.CLONE_NEWUSER, Op: seccomp.AnySet}}, Do: seccomp.Errno(unix.EPERM)},
}

// runNoNamespaces is the helper "no namespaces".
func runNoNamespaces(args []string) int {
	var o order
	must(json.Unmarshal([]byte(args[0]), &o))
	p, err := policy.Parse(o.Policy)
	must(err)
	c := command(context.Background(), p, o.Dir, o.Path, o.Args)
	c.Stdout, c.Stderr = os.Stdout, os.Stderr
	if o.Fake {
		c.FakeRoot = &catbox.FakeRoot{}
		c.Stdout = struct{ io.Writer }{os.Stdout} // a pipe of its own, which belongs to the user
	}
	if err := c.Run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		if r := c.Result(); r != nil && r.ExitCode > 0 {
			return r.ExitCode
		}
		return 125
	}
	return 0
}
