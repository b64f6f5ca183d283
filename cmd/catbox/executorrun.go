package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox"
	"github.com/catbox-go/catbox/executor"
	"github.com/catbox-go/catbox/internal/paths"
	"github.com/catbox-go/catbox/policy"
)

// runBy runs the command by an executor that is not catbox itself.
func (o *runOptions) runBy(s *spec) error {
	if err := cmp.Or(o.fake.unused(), o.record.unused()); err != nil {
		return err
	}
	spec, err := s.forExecutor(s.by)
	if err != nil {
		return err
	}
	return runExecutor(s.by, spec)
}

// standInFront has the executor make root, mounts and namespaces of what else is
// catbox's own run.
func (s *spec) standInFront(e executor.Supervised) error {
	spec, err := s.forExecutor(e)
	if err == nil {
		s.front, err = e.Command(context.Background(), spec)
	}
	return err
}

// runExecutor runs it with catbox's own standard streams, and ends with its status.
func runExecutor(e executor.Executor, spec executor.Spec) error {
	spec.Stdin, spec.Stdout, spec.Stderr = os.Stdin, os.Stdout, os.Stderr
	ctx, stop := untilSignal()
	defer stop()
	r, err := e.Run(ctx, spec)
	var s signalError
	switch {
	case err != nil && errors.As(context.Cause(ctx), &s):
		return &ended{status: statusSignal + int(s.Signal), interrupted: s.Signal == unix.SIGINT}
	case err != nil:
		return err
	case r.ExitCode != 0:
		return &ended{status: r.ExitCode}
	}
	return nil
}

// signalError is why a run was ended.
type signalError struct{ unix.Signal }

func (e signalError) Error() string { return "ended by " + e.Signal.String() }

// untilSignal is done when catbox is to end: the run ends with it. What a terminal
// sends the command gets as well, and decides itself.
func untilSignal() (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancelCause(context.Background())
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, unix.SIGINT, unix.SIGQUIT, unix.SIGTERM, unix.SIGHUP)
	terminal := isTerminal(os.Stdin)
	go func() {
		for {
			select {
			case got := <-signals:
				n, _ := got.(unix.Signal)
				if !terminal || n != unix.SIGINT && n != unix.SIGQUIT {
					cancel(signalError{n})
				}
			case <-ctx.Done():
				return
			}
		}
	}()
	return ctx, func() { signal.Stop(signals); cancel(nil) }
}

// forExecutor is the same command for any executor. Like catbox's own run it has a
// /proc and the harmless devices in a root filesystem, and directories for temporary
// files of its own.
func (s *spec) forExecutor(e executor.Executor) (executor.Spec, error) {
	can := e.Capabilities()
	spec := executor.Spec{Command: s.args, Dir: s.dir, Env: s.env, Root: s.Root}
	if slices.Contains(can.Mounts, executor.Isolated) {
		spec.Mounts = executor.Isolated
	}
	if s.Net != "host" && s.Net != "none" { // none is of the supervisor's
		spec.Network = executor.Isolated
	}
	if s.Root != "" {
		spec.ExtraMounts = append(spec.ExtraMounts, executor.Mount{Source: "proc", Target: "/proc", Type: "proc"})
		spec.ExtraMounts = append(spec.ExtraMounts, devices(can)...)
	}
	for _, m := range s.mounts {
		if len(can.MountTypes) > 0 && !slices.Contains(can.MountTypes, "any") && !slices.Contains(can.MountTypes, m.Type) {
			return spec, fmt.Errorf("mount at %s: the executor %s cannot mount the type %s", m.Target, e.Name(), m.Type)
		}
		spec.ExtraMounts = append(spec.ExtraMounts, m)
	}
	write, err := s.writable(s.cwd)
	if err != nil {
		return spec, err
	}
	if slices.Contains(write, "/") || s.policy.Action() == policy.Log {
		return spec, nil
	}
	write = s.ownTemporary(&spec, append(slices.Clone(write), s.writableMounts()...))
	if _, supervised := e.(executor.Supervised); !supervised {
		spec.Writable = executor.WritableOnly(write...)
	}
	return spec, nil
}

// devices are those of the executor or, where it has none, bound one by one: what
// else the host has in /dev is not for a command.
func devices(can executor.Capabilities) []executor.Mount {
	if slices.Contains(can.MountTypes, "dev") {
		return []executor.Mount{{Source: "dev", Target: "/dev", Type: "dev"}}
	}
	var all []executor.Mount
	for _, name := range []string{"null", "zero", "full", "random", "urandom", "tty"} {
		all = append(all, executor.Mount{Source: "/dev/" + name, Target: "/dev/" + name, Options: []string{"bind"}})
	}
	return all
}

// writableMounts are the mounts that have no option ro: they may be written as they
// are by catbox's own run.
func (s *spec) writableMounts() []string {
	var all []string
	for _, m := range s.mounts {
		if m.Type != "proc" && !slices.Contains(m.Options, "ro") {
			all = append(all, m.Target)
		}
	}
	return all
}

// ownTemporary adds an empty /tmp and /var/tmp where nothing else of the run lies there.
func (s *spec) ownTemporary(spec *executor.Spec, write []string) []string {
	for _, dir := range []string{"/tmp", "/var/tmp"} {
		below := func(path string) bool { return paths.Under(filepath.Clean(path), dir) }
		used := below(s.dir) || slices.ContainsFunc(write, below) || slices.ContainsFunc(s.mounts, func(m catbox.Mount) bool { return below(m.Target) })
		if st, err := os.Lstat(filepath.Join(either(s.Root, "/"), dir)); used || err != nil || !st.IsDir() {
			continue
		}
		spec.ExtraMounts = append([]executor.Mount{{Source: "tmpfs", Target: dir, Type: "tmpfs", Options: []string{"mode=1777"}}}, spec.ExtraMounts...)
		write = append(write, dir)
	}
	return write
}
