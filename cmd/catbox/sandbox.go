package main

import (
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/catbox-go/catbox/executor"
	"github.com/catbox-go/catbox/image"
	"github.com/catbox-go/catbox/record"
)

// calledSandbox tells whether the program is to be sandboxlib's, by its name.
func calledSandbox(name string) bool { return filepath.Base(name) == "run-sandbox" }

// sandboxOptions are the flags of run-sandbox.
type sandboxOptions struct {
	imageOptions
	cwd      string
	executor string
}

// newSandbox is sandboxlib's command.
func newSandbox() *cobra.Command {
	var o sandboxOptions
	cmd := &cobra.Command{
		Use:   "run-sandbox [flags] IMAGE [COMMAND [ARG...]]",
		Short: "run an image by any executor, as sandboxlib's run-sandbox does",
		Long: `Run the command of IMAGE, or COMMAND in it, as isolated as an executor can do it
here: native, bubblewrap, linux-user-chroot or chroot. IMAGE is what 'catbox image
run' takes, unpacked anew for each run and removed after it; a directory is used as it
is. COMMAND may write everywhere there, as far as its user may, and is the
caller, whatever user the image asks for. Flags may stand behind IMAGE, too.

A copy of, or a link to, catbox that is named run-sandbox is this command. The exit
status is that of the command, or 125 if it has not run.

Without --executor, CATBOX_EXECUTOR or SANDBOXLIB_BACKEND in the environment
names one; else the first that works is taken.`,
		Example: `  ln -s "$(which catbox)" ~/bin/run-sandbox; run-sandbox app.aci
  catbox run-sandbox --executor bubblewrap rootfs/ ls -l /`,
		Args: atLeastOne("IMAGE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := cmd.Flags().Parse(args[1:]); err != nil {
				return &usageError{err}
			}
			return o.run(cmd.Context(), args[0], cmd.Flags().Args())
		},
	}
	f := cmd.Flags()
	f.SetInterspersed(false)
	f.SortFlags = false
	f.Var((*word)(&o.cwd), "cwd", "the command's working directory is `DIR` in the image (default: the image's)")
	f.VarP((*word)(&o.executor), "executor", "e", "the executor `NAME`; - and _ are the same")
	o.imageOptions.addFlags(f)
	o.addCacheFlag(f)
	return cmd
}

// run runs the image's command, or the one given.
func (o *sandboxOptions) run(ctx context.Context, path string, given []string) (err error) {
	e, err := o.choose()
	if err != nil {
		return err
	}
	img, err := o.open(path)
	if err != nil {
		return err
	}
	defer img.Close()
	sayWarnings(img)
	args := img.Command.Args(given...)
	if len(args) == 0 {
		return usage("%s has no command of its own: give one", record.Quote(path))
	}
	dir, done, err := o.unpacked(ctx, img)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()
	spec := o.spec(e, img, dir)
	spec.Command = args
	return runExecutor(e, spec)
}

// choose returns the executor to use.
func (o *sandboxOptions) choose() (executor.Executor, error) {
	if o.executor == "" {
		return executor.ForPlatform(func(text string) { say("%s", text) })
	}
	e, err := executor.Get(o.executor)
	if err != nil {
		return nil, usage("--%w", err)
	}
	return e, nil
}

// unpacked is the image's root filesystem for one run, and what removes it.
func (o *sandboxOptions) unpacked(ctx context.Context, img *image.Image) (dir string, done func() error, err error) {
	if img.Dir != "" {
		return img.Dir, func() error { return nil }, nil
	}
	cache, err := o.where()
	if err != nil {
		return "", nil, err
	}
	scratch, err := cache.Scratch()
	if err != nil {
		return "", nil, err
	}
	dir = filepath.Join(scratch.Dir, "rootfs")
	err = unpacking(filepath.Base(img.Path), func(progress func(done, total int64)) error {
		return img.Unpack(ctx, dir, image.UnpackOptions{Progress: progress})
	})
	if err == nil && img.Command.Dir != "" {
		err = makeDir(dir, img.Command.Dir)
	}
	if err != nil {
		return "", nil, errors.Join(err, scratch.Close())
	}
	return dir, scratch.Close, nil
}

// makeDir makes the working directory that an image names and does not have.
func makeDir(root, dir string) error {
	r, err := os.OpenRoot(root)
	if err != nil {
		return err
	}
	defer r.Close()
	return r.MkdirAll(either(strings.Trim(filepath.Clean(dir), "/"), "."), 0o755)
}

// spec is the most that the executor can isolate.
func (o *sandboxOptions) spec(e executor.Executor, img *image.Image, root string) executor.Spec {
	can := e.Capabilities()
	spec := executor.MaximumIsolation(e)
	spec.Root = root
	spec.Dir = either(o.cwd, either(img.Command.Dir, "/"))
	env := maps.Collect(variablesOf(slices.Concat(executor.BaseEnvironment(), img.Command.Env)))
	for _, name := range slices.Sorted(maps.Keys(env)) {
		spec.Env = append(spec.Env, name+"="+env[name])
	}
	spec.ExtraMounts = append([]executor.Mount{{Source: "proc", Target: "/proc", Type: "proc"}}, devices(can)...)
	return spec
}

// variablesOf yields names and values.
func variablesOf(env []string) func(yield func(name, value string) bool) {
	return func(yield func(name, value string) bool) {
		for _, e := range env {
			if name, value, _ := strings.Cut(e, "="); !yield(name, value) {
				return
			}
		}
	}
}
