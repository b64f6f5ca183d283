//go:build unix && !linux

package executor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"slices"
	"strings"
)

func mayChroot() error {
	if os.Geteuid() != 0 {
		return errNeedsRoot
	}
	return nil
}

func chrootMounts() []Isolation { return []Isolation{Undefined} }

func chrootTypes() []string { return []string{"any"} }

// superviseChroot adds nothing: the supervisor needs Linux.
func superviseChroot(c Capabilities) Capabilities { return c }

func (c *Chroot) runSupervised(context.Context, Spec) (Result, error) {
	return Result{}, &UnavailableError{"chroot", fmt.Errorf("supervising a command: %w", errors.ErrUnsupported)}
}

// runChroot makes the extra mounts by mount(8), and undoes them after the
// command, however it ended.
func runChroot(ctx context.Context, s *Spec) (result Result, err error) {
	var mounted []string
	defer func() {
		for _, target := range slices.Backward(mounted) {
			err = errors.Join(err, tell("umount", target))
		}
	}()
	for _, m := range s.ExtraMounts {
		target, err := s.mountTarget(m)
		if err == nil {
			err = mount(m, target)
		}
		if err != nil {
			return Result{}, fmt.Errorf("mount %s: %w", m, err)
		}
		if !m.Has("remount") {
			mounted = append(mounted, target)
		}
	}
	return runInRoot(ctx, s)
}

func runInRoot(ctx context.Context, s *Spec) (Result, error) {
	if err := s.checkDir(); err != nil {
		return Result{}, err
	}
	path, err := s.lookProgram(func(path string) (fs.FileInfo, error) {
		host, err := s.onHost(path)
		if err != nil {
			return nil, err
		}
		return os.Stat(host)
	})
	if err != nil {
		return Result{}, err
	}
	p := &process{spec: s, argv: s.Command, dir: s.Dir, chroot: s.Root, prepare: func() (string, error) { return path, nil }}
	return p.run(ctx)
}

func mount(m Mount, target string) error {
	var args []string
	if !empty(m.Type) {
		args = append(args, "-t", m.Type)
	}
	if len(m.Options) > 0 {
		args = append(args, "-o", strings.Join(m.Options, ","))
	}
	source := m.Source
	if empty(source) {
		source = m.Type
	}
	return tell("mount", append(args, source, target)...)
}

// tell runs a program that says on its standard error what it could not do.
func tell(name string, args ...string) error {
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %s (%w)", name, firstLine(out), err)
	}
	return nil
}
