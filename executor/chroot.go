//go:build unix

package executor

import (
	"context"
	"errors"
)

// chroot runs the command by chroot(2), which needs root.
type chroot struct{}

func (chroot) Name() string { return "chroot" }

func (c chroot) Capabilities() Capabilities {
	if err := mayChroot(); err != nil {
		return Capabilities{Err: &UnavailableError{"chroot", err}}
	}
	return Capabilities{
		Root:       true,
		Writable:   []string{writableAll},
		Mounts:     chrootMounts(),
		Network:    []Isolation{Undefined},
		MountTypes: chrootTypes(),
	}
}

var errNeedsRoot = errors.New("chroot(2) needs root")

func (c chroot) Run(ctx context.Context, spec Spec) (Result, error) {
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
	if m.bind() {
		source = m.Source
	}
	return target, makeTarget(target, source)
}
