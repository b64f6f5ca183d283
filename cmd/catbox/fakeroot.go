package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox"
	"github.com/catbox-go/catbox/internal/fakeroot"
	"github.com/catbox-go/catbox/record"
)

// fakeOptions are the flags of a fake root.
type fakeOptions struct {
	on            bool
	state         string // of our own format: read, and written as it changes
	load, save    string // of either format, and the text of fakeroot(1)
	unknownIsReal bool
	manifest      string
}

func (o *fakeOptions) addRunFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.BoolVar(&o.on, "fakeroot", false, "the command is root: what only root may do to the files that it may write is noted, and shown")
	f.Var((*word)(&o.state), "fakeroot-state", "keep what --fakeroot notes in `FILE`, and go on with what is in it")
	f.Var((*word)(&o.manifest), "manifest", "at the end, list what --fakeroot noted in `FILE`: JSON lines, or mtree(5) if its name ends in .mtree")
}

func newFakeroot() *cobra.Command {
	o := runOptions{fake: fakeOptions{on: true}, quiet: true}
	// Nothing but the fake root: what the caller may do, the command may.
	o.settings = settings{Write: []string{"/"}, Net: "host"}
	var ignored string
	cmd := &cobra.Command{
		Use:   "fakeroot [flags] [--] [COMMAND [ARG...]]",
		Short: "run a command that believes to be root, as fakeroot(1) does",
		Long: `Run COMMAND (a shell if there is none) so that it believes to be root: it may
change owners, modes and extended attributes of files, make devices, and change
its ids. All that is noted and not done; every program that COMMAND starts sees
what is noted, also static ones and those with an empty environment.

Nothing is confined: that is 'catbox run --fakeroot'. Inside of a fake root,
COMMAND joins that one. A copy of, or a link to, catbox that is named fakeroot
does what this command does.`,
		Example: `  catbox fakeroot -- make install DESTDIR=$PWD/pkg
  catbox fakeroot -s state -- tar xf root.tar; catbox fakeroot -i state -- tar cf again.tar .
  ln -s "$(which catbox)" ~/bin/fakeroot; dpkg-buildpackage -r$HOME/bin/fakeroot`,
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				args = []string{shell()}
			}
			if insideFakeRoot() {
				return o.join(args)
			}
			return o.run(args)
		},
	}
	f := cmd.Flags()
	f.SetInterspersed(false)
	f.SortFlags = false
	f.VarP((*word)(&o.fake.save), "save-file", "s", "at the end, save what was noted to `FILE`, as fakeroot(1) does")
	f.VarP((*word)(&o.fake.load), "load-file", "i", "begin with what is in `FILE`, of fakeroot(1) or catbox")
	f.BoolVarP(&o.fake.unknownIsReal, "unknown-is-real", "u", false, "show the owners of files of which nothing is noted as they are")
	f.Var((*word)(&o.fake.state), "fakeroot-state", "keep what is noted in `FILE`, as it happens")
	f.Var((*word)(&o.fake.manifest), "manifest", "at the end, list what was noted in `FILE`: JSON lines, or mtree(5) if its name ends in .mtree")
	f.Var((*descriptor)(&o.statusFD), "json-status-fd", "write JSON lines about the run to the open descriptor `N`")
	// Of fakeroot(1), about its library and its daemon, which are not here.
	f.StringVarP(&ignored, "lib", "l", "", "")
	f.StringVarP(&ignored, "faked", "f", "", "")
	f.StringVarP(&ignored, "fd-base", "b", "", "")
	for _, name := range []string{"lib", "faked", "fd-base"} {
		f.Lookup(name).Hidden = true
	}
	return cmd
}

func shell() string {
	if s := os.Getenv("SHELL"); s != "" {
		return s
	}
	return "/bin/sh"
}

// calledFakeroot tells whether the program is to be fakeroot(1), by its name.
func calledFakeroot(name string) bool {
	base := filepath.Base(name)
	return base == "fakeroot" || strings.HasPrefix(base, "fakeroot-")
}

// insideFakeRoot asks the supervisor of a fake root around this process, if there is one.
func insideFakeRoot() bool {
	n, err := unix.Getxattr("/", catbox.FakeRootAttribute, nil)
	return err == nil && n > 0
}

// join executes the command in the fake root around this process.
func (o *runOptions) join(args []string) error {
	for flag, value := range map[string]string{"-s": o.fake.save, "-i": o.fake.load, "--fakeroot-state": o.fake.state, "--manifest": o.fake.manifest} {
		if value != "" {
			say("%s %s: this fake root joins the one around it, which keeps the state", flag, record.Quote(value))
		}
	}
	cwd, err := os.Getwd()
	if err != nil {
		return err
	}
	path, err := lookPath(args[0], searchPath(os.Environ()), cwd)
	if err != nil {
		return err
	}
	return &catbox.ExecError{Path: path, Err: syscall.Exec(path, args, os.Environ())}
}

// fakeSession is the fake root of a run, with the files that it is kept in.
type fakeSession struct {
	fakeOptions
	state *catbox.FakeState
	cwd   string
}

// open reads the state. Nothing is written yet: a state that cannot be read is an error and stays as it is.
func (o fakeOptions) open() (*fakeSession, error) {
	if !o.on {
		for flag, value := range map[string]string{"--fakeroot-state": o.state, "--manifest": o.manifest} {
			if value != "" {
				return nil, usage("%s is for --fakeroot", flag)
			}
		}
		return nil, nil
	}
	cwd, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	s := &fakeSession{fakeOptions: o, cwd: cwd}
	switch {
	case o.state != "" && o.load != "":
		return nil, usage("--fakeroot-state and -i exclude each other: the state is read from one file")
	case o.state != "":
		s.state, err = catbox.OpenFakeState(o.state)
	case o.load != "":
		s.state, err = catbox.LoadFakeState(o.load)
		if errors.Is(err, os.ErrNotExist) { // fakeroot(1) says so too, and goes on
			say("%s does not exist: nothing is noted so far", record.Quote(o.load))
			s.state, err = catbox.NewFakeState(), nil
		}
	default:
		s.state = catbox.NewFakeState()
	}
	if err == nil && o.save != "" {
		err = fakeroot.Check(o.save)
	}
	if err != nil {
		return nil, err
	}
	s.clean()
	return s, nil
}

// clean forgets files that are not there any more.
func (s *fakeSession) clean() {
	for _, w := range s.state.Warnings() {
		say("%s", w)
	}
	gone, err := s.state.Clean(fakeroot.At)
	if err != nil {
		say("%s", err)
	}
	if len(gone) > 0 {
		say("%s", gone)
	}
}

// command is what the library is asked for.
func (s *fakeSession) command() *catbox.FakeRoot {
	if s == nil {
		return nil
	}
	return &catbox.FakeRoot{State: s.state, UnknownIsReal: s.unknownIsReal}
}

// close saves what was noted. It is called whatever the end of the run was.
func (s *fakeSession) close() error {
	if s == nil {
		return nil
	}
	var errs []error
	if s.save != "" {
		errs = append(errs, s.state.Save(s.save, catbox.FakeText))
	}
	if s.manifest != "" {
		errs = append(errs, s.writeManifest())
	}
	errs = append(errs, s.state.Close())
	for _, w := range s.state.Warnings() {
		say("%s", w)
	}
	return errors.Join(errs...)
}

func (s *fakeSession) writeManifest() error {
	f, err := os.Create(s.manifest)
	if err != nil {
		return err
	}
	write := func(w io.Writer) error { return fakeroot.WriteManifest(w, s.cwd, s.state.Entries()) }
	if strings.HasSuffix(s.manifest, ".mtree") {
		write = func(w io.Writer) error { return fakeroot.WriteMtree(w, s.cwd, s.state.Entries(), os.Readlink) }
	}
	err = write(f)
	var lost *fakeroot.Lost
	if errors.As(err, &lost) {
		say("%s: %s", record.Quote(s.manifest), lost)
		err = nil
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("manifest: %w", err)
	}
	return nil
}
