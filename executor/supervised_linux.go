package executor

import (
	"context"
	"slices"

	"github.com/catbox-go/catbox"
	"github.com/catbox-go/catbox/features"
)

// Supervised is an executor of which catbox can stand in front of the commands,
// inside of what the executor has set up: it refuses and tells violations, and can
// record the run and have the command be root without being it. A program that uses
// it has to call catbox.Init first thing in main.
type Supervised interface {
	Executor
	// Command returns the Spec's command as one to be run by catbox. Its streams are not
	// connected; all of it but Root, Mounts and Wrapper may be changed. The errors
	// are those of Run.
	Command(ctx context.Context, spec Spec) (*catbox.Cmd, error)
}

// supervisable adds what catbox can do where it can stand in front of a command.
func supervisable(c Capabilities) Capabilities {
	tier, _ := features.Tier()
	can := c.Err == nil && tier > 0
	c.Violations, c.Record, c.FakeRoot = can, can, can
	return c
}

// Command is that of Supervised.
func (b *Bubblewrap) Command(ctx context.Context, spec Spec) (*catbox.Cmd, error) {
	return supervised(ctx, b, spec, func(s *Spec) *catbox.Wrapper {
		return &catbox.Wrapper{Name: "bubblewrap", Line: func(w catbox.Walls) ([]string, error) { return b.innerLine(s, w) }}
	})
}

// innerLine is the command line of bwrap, to be followed by what it executes. It
// has a /proc and a /dev in any case, as catbox's own runs have.
func (b *Bubblewrap) innerLine(s *Spec, w catbox.Walls) ([]string, error) {
	own := *s
	own.Writable = WritableAll()
	if !w.Everywhere {
		own.Writable = WritableOnly(append(slices.Clone(w.Writable), "/proc", "/dev/shm")...)
	}
	own.Network = Undefined
	if w.Network {
		own.Network = Isolated
	}
	own.ExtraMounts = append([]Mount{{Target: "/dev", Type: "dev"}, {Target: "/dev/shm", Type: "tmpfs", Options: []string{"mode=1777"}}, {Target: "/proc", Type: "proc"}},
		slices.DeleteFunc(slices.Clone(own.ExtraMounts), isUsual)...)
	args, err := bwrapArgs(&own, true)
	return append(append([]string{b.program().path}, args...), "--"), err
}

// supervised is the command for an executor that wraps it.
func supervised(ctx context.Context, e Executor, spec Spec, wrapper func(*Spec) *catbox.Wrapper) (*catbox.Cmd, error) {
	spec, err := check(e, spec)
	if err != nil {
		return nil, err
	}
	if err := spec.checkDir(); err != nil {
		return nil, err
	}
	c, err := nativeCommand(ctx, &spec)
	if err != nil {
		return nil, err
	}
	// These each run has, and not as something of the caller's that may be written.
	c.Mounts = slices.DeleteFunc(c.Mounts, func(m catbox.Mount) bool { return isUsual(Mount{Type: m.Type, Target: m.Target}) })
	c.Wrapper = wrapper(&spec)
	return c, nil
}

// isUsual tells whether the mount is of a /proc or a /dev in its usual place.
func isUsual(m Mount) bool { return (m.Type == "proc" || m.Type == "dev") && targetOf(m) == "/"+m.Type }

// runSupervised runs the Spec's command by an executor in which catbox stands in front of it.
func runSupervised(ctx context.Context, e Supervised, spec Spec, configure func(*catbox.Cmd)) (Result, error) {
	if err := ctx.Err(); err != nil {
		return Result{}, err
	}
	c, err := e.Command(ctx, spec)
	if err != nil {
		return Result{}, err
	}
	return runCommand(ctx, c, &spec, configure)
}
