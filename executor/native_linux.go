package executor

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"slices"

	"github.com/catbox-go/catbox"
	"github.com/catbox-go/catbox/features"
	"github.com/catbox-go/catbox/internal/paths"
	"github.com/catbox-go/catbox/policy"
)

// Native runs the command by catbox itself: see the package catbox, of which a
// program that uses it has to call Init first thing in main. It is the only
// executor that promises security.
type Native struct {
	// Configure, if not nil, is called with each command before it is
	// started, to set what a Spec does not have: Record, FakeRoot, Limits.
	Configure func(*catbox.Cmd)
}

// Name is "native".
func (*Native) Name() string { return "native" }

// Capabilities says what catbox can do here. Without user namespaces it can
// still limit what is writable, in the host's file system.
func (*Native) Capabilities() Capabilities {
	c := Capabilities{
		Writable:   []string{writableAll, writableNone, writableList},
		Mounts:     []Isolation{Undefined},
		Network:    []Isolation{Undefined},
		Violations: true, Record: true, FakeRoot: true,
	}
	tier, missing := features.Tier()
	switch tier {
	case 0:
		c.Err = &UnavailableError{"native", errors.Join(missing...)}
	case 1:
		c.Root, c.Mounts, c.Network = true, []Isolation{Undefined, Isolated}, []Isolation{Undefined, Isolated}
		c.MountTypes = []string{"bind", "proc", "tmpfs", "devpts", "mqueue", "overlay", "dev"}
	}
	return c
}

// Run runs the command. What it was denied is in Result.Violations.
func (n *Native) Run(ctx context.Context, spec Spec) (Result, error) {
	return runNative(ctx, n, spec, n.Configure)
}

// runNative runs the command by a catbox.Cmd that configure, if not nil, changes.
func runNative(ctx context.Context, e Executor, spec Spec, configure func(*catbox.Cmd)) (Result, error) {
	spec, err := check(e, spec)
	if err != nil {
		return Result{}, err
	}
	if err := spec.checkDir(); err != nil {
		return Result{}, err
	}
	if err := ctx.Err(); err != nil {
		return Result{}, err
	}
	c, err := nativeCommand(ctx, &spec)
	if err != nil {
		return Result{}, err
	}
	return runCommand(ctx, c, &spec, configure)
}

// runCommand runs the Spec's command as it is configured, with its streams.
func runCommand(ctx context.Context, c *catbox.Cmd, spec *Spec, configure func(*catbox.Cmd)) (Result, error) {
	out, errs := nativeStreams(c, spec)
	if configure != nil {
		configure(c)
	}
	err := c.Run()
	var exit *catbox.ExitError
	if errors.As(err, &exit) {
		err = nil
	}
	return nativeResult(c.Result(), out, errs), errors.Join(ctx.Err(), err)
}

func nativeCommand(ctx context.Context, s *Spec) (*catbox.Cmd, error) {
	var err error
	path := s.Command[0]
	if s.hostRoot() && len(s.ExtraMounts) == 0 {
		if path, err = s.lookProgram(os.Stat); err != nil {
			return nil, err
		}
	}
	c := catbox.CommandContext(ctx, path)
	c.Args, c.Env, c.Dir = s.Command, s.Env, s.Dir
	if !s.hostRoot() {
		c.Root = s.Root
	}
	c.Policy = nativePolicy(s)
	c.Mounts, err = nativeMounts(s)
	return c, err
}

func nativePolicy(s *Spec) policy.Policy {
	p := policy.ReadOnly()
	if s.Network == Undefined {
		p = p.WithNetwork(policy.NetworkHost)
	}
	if s.Writable.All() {
		return p.Allow(policy.Write, "/")
	}
	return p.Allow(policy.Write, s.Writable.paths...)
}

// nativeMounts are the extra mounts. One that has no option "ro" is writable
// for a catbox.Cmd, whatever the policy says.
func nativeMounts(s *Spec) ([]catbox.Mount, error) {
	if _, err := s.view(); err != nil { // makes the targets, and checks what is writable, as for the others
		return nil, err
	}
	var mounts []catbox.Mount
	for _, m := range s.ExtraMounts {
		target := targetOf(m)
		if m.Has("remount") {
			i := slices.IndexFunc(mounts, func(o catbox.Mount) bool { return o.Target == target })
			if i < 0 || !m.Has("ro") {
				return nil, &UnsupportedError{"native", "ExtraMounts", m.String(), []string{"remount,ro of an extra mount"}}
			}
			mounts[i].Options = append(mounts[i].Options, "ro")
			continue
		}
		native := catbox.Mount{Source: m.Source, Target: target, Type: m.Type, Options: slices.Clone(m.Options)}
		if !s.Writable.All() && !m.Has("ro") && !paths.UnderAny(target, s.Writable.paths) {
			native.Options = append(native.Options, "ro")
		}
		mounts = append(mounts, native)
	}
	return mounts, nil
}

// nativeStreams connects the command, and returns what captures its output; nil
// where nothing is captured.
func nativeStreams(c *catbox.Cmd, s *Spec) (out, errs *bytes.Buffer) {
	c.Stdin = s.Stdin
	c.Stdout, out = nativeOutput(s.Stdout)
	if _, merged := s.Stderr.(Merged); merged {
		c.Stderr = c.Stdout
		return out, nil
	}
	c.Stderr, errs = nativeOutput(s.Stderr)
	return out, errs
}

func nativeOutput(to io.Writer) (io.Writer, *bytes.Buffer) {
	switch to {
	case nil:
		b := &bytes.Buffer{}
		return b, b
	case io.Discard:
		return nil, nil
	}
	return to, nil
}

func nativeResult(r *catbox.Result, out, errs *bytes.Buffer) Result {
	result := Result{Out: captured(out), Err: captured(errs)}
	if r == nil {
		return result
	}
	result.ExitCode, result.Signal, result.Violations = r.ExitCode, r.Signal, r.Violations
	if r.Signal != 0 {
		result.ExitCode = 128 + int(r.Signal)
	}
	return result
}
