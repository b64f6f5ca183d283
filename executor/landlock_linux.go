package executor

import (
	"context"
	"errors"

	"github.com/catbox-go/catbox"
	"github.com/catbox-go/catbox/features"
)

// Landlock runs the command by catbox without namespaces and mounts: landlock(7),
// a filter of system calls and the supervisor hold it in the host's file system.
// It is what native does on a host that allows no user namespaces, and works
// inside most containers. A program that uses it has to call catbox.Init first
// thing in main.
type Landlock struct {
	// Configure is as in Native.
	Configure func(*catbox.Cmd)
}

// Name is "landlock".
func (*Landlock) Name() string { return "landlock" }

// Capabilities says what can be done without namespaces here: to limit what is
// writable. A network of its own is none of it, as that is a namespace.
func (*Landlock) Capabilities() Capabilities {
	c := Capabilities{
		Writable:   []string{writableAll, writableNone, writableList},
		Mounts:     []Isolation{Undefined},
		Network:    []Isolation{Undefined},
		Violations: true, Record: true, FakeRoot: true,
	}
	if tier, missing := features.Tier(); tier == 0 {
		c.Err = &UnavailableError{"landlock", errors.Join(missing...)}
	} else if err := features.Landlock(); err != nil {
		c.Err = &UnavailableError{"landlock", err}
	}
	return c
}

// Run runs the command. What it was denied is in Result.Violations.
func (l *Landlock) Run(ctx context.Context, spec Spec) (Result, error) {
	return runNative(ctx, l, spec, func(c *catbox.Cmd) {
		c.NoNamespaces = true
		if l.Configure != nil {
			l.Configure(c)
		}
	})
}
