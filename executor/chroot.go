//go:build unix

package executor

import (
	"context"
	"errors"

	"github.com/catbox-go/catbox"
)

// Chroot runs the command by chroot(2), which needs root.
type Chroot struct {
	// Configure, if not nil, has catbox stand in front of the command inside, on
	// Linux (see [Supervised]), and is called with each as in Native: what is writable
	// can be limited then. Nil: the command is only in another root.
	Configure func(*catbox.Cmd)
}

// Name is "chroot".
func (*Chroot) Name() string { return "chroot" }

// Capabilities says what a change of the root can do here.
func (c *Chroot) Capabilities() Capabilities {
	if err := mayChroot(); err != nil {
		return Capabilities{Err: &UnavailableError{"chroot", err}}
	}
	can := superviseChroot(Capabilities{
		Root:       true,
		Writable:   []string{writableAll},
		Mounts:     chrootMounts(),
		Network:    []Isolation{Undefined},
		MountTypes: chrootTypes(),
	})
	if c.Configure != nil && can.Violations {
		can.Writable = []string{writableAll, writableNone, writableList}
	}
	return can
}

var errNeedsRoot = errors.New("chroot(2) needs root")

// Run runs the command.
func (c *Chroot) Run(ctx context.Context, spec Spec) (Result, error) {
	if c.Configure != nil {
		return c.runSupervised(ctx, spec)
	}
	spec, err := check(c, spec)
	if err != nil {
		return Result{}, err
	}
	return runChroot(ctx, &spec)
}

// mountTarget makes what the mount is put on and returns where that is on the host.
func (s *Spec) mountTarget(m Mount) (string, error) {
	target, err := s.onHost(m.Target)
	if err != nil {
		return "", err
	}
	source := ""
	if isBind(m) {
		source = m.Source
	}
	return target, makeTarget(target, source)
}
