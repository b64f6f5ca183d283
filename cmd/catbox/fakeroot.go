package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
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
	overlay       string // where an overlay has its state, which is used then
	mode          string
	version       bool
}

func (o *fakeOptions) addRunFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.BoolVar(&o.on, "fakeroot", false, "the command is root: what only root may do to the files that it may write is noted, and shown")
	o.addSharedFlags(f, "--fakeroot notes")
}

// addSharedFlags are those of both commands. noted is whose notes they are about.
func (o *fakeOptions) addSharedFlags(f *pflag.FlagSet, noted string) {
	f.Var((*word)(&o.state), "fakeroot-state", "keep what "+noted+" in `FILE`, as it happens, and go on with what is in it")
	f.Var((*word)(&o.mode), "fakeroot-mode", "`MODE` single: one id, the rest is noted; subuid: the ids of /etc/subuid, also on disk, for root file systems;\nnone: no user namespace (default: single, or none where there are no user namespaces)")
	f.Var((*word)(&o.manifest), "manifest", "at the end, list what "+noted+" in `FILE`: JSON lines, or mtree(5) if its name ends in .mtree")
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
does what this command does, and sets FAKEROOTKEY, by which some programs know
that they were started by fakeroot(1).`,
		Example: `  catbox fakeroot -- make install DESTDIR=$PWD/pkg
  catbox fakeroot -s state -- tar xf root.tar; catbox fakeroot -i state -- tar cf again.tar .
  ln -s "$(which catbox)" ~/bin/fakeroot; dpkg-buildpackage -r$HOME/bin/fakeroot`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if o.fake.version {
				_, err := fmt.Fprintf(cmd.OutOrStdout(), "fakeroot of catbox %s\n", readVersion().Version)
				return err
			}
			if len(args) == 0 {
				args = []string{shell()}
			}
			if calledFakeroot(os.Args[0]) {
				o.settings.Env = map[string]string{keyVariable: "catbox"}
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
	o.fake.addSharedFlags(f, "is noted")
	f.Var((*descriptor)(&o.statusFD), "json-status-fd", "write JSON lines about the run to the open descriptor `N`")
	f.BoolVar(&o.verbose, "verbose", false, "say at the end how the fake root was made, and what was used")
	f.BoolVarP(&o.fake.version, "version", "v", false, "print the version, as fakeroot(1) does")
	// Of fakeroot(1), about its library and its daemon, which are not here.
	f.StringVarP(&ignored, "lib", "l", "", "")
	f.StringVarP(&ignored, "faked", "f", "", "")
	f.StringVarP(&ignored, "fd-base", "b", "", "")
	for _, name := range []string{"lib", "faked", "fd-base"} {
		f.Lookup(name).Hidden = true
	}
	return cmd
}

// keyVariable is set by fakeroot(1). makepkg(8) does not go on without it, and
// debhelper leaves out what does not go with a preloaded library.
const keyVariable = "FAKEROOTKEY"

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
	for _, f := range o.fake.files() {
		if f.path != "" {
			say("%s %s: this fake root joins the one around it, which keeps the state", f.flag, record.Quote(f.path))
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
	return &catbox.ExecError{Path: path, Err: syscall.Exec(path, args, o.environment())}
}

// file is one that a flag names.
type file struct{ flag, path string }

func (o *fakeOptions) files() []file {
	return []file{{"-s", o.save}, {"-i", o.load}, {"--fakeroot-state", o.state}, {"--manifest", o.manifest}}
}

// fakeSession is the fake root of a run, with the files that it is kept in.
type fakeSession struct {
	fakeOptions
	state    *catbox.FakeState
	cwd      string
	manifest *output // nil without one
	warned   int     // how many of the state's warnings were said

	mu      sync.Mutex
	dropped fakeroot.Gone // while the command ran
}

var errInFakeRoot = errors.New("this is inside of a fake root, which has the one seccomp listener that there can be: " +
	"to confine a command there, start all of it with 'catbox run --fakeroot'")

// open reads the state. Nothing is written yet: a state that cannot be read is an error and stays as it is.
func (o fakeOptions) open() (*fakeSession, error) {
	if insideFakeRoot() {
		return nil, errInFakeRoot
	}
	if !o.on {
		return nil, o.unused()
	}
	if o.state != "" && o.load != "" {
		return nil, usage("--fakeroot-state and -i exclude each other: the state is read from one file")
	}
	cwd, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	s := &fakeSession{fakeOptions: o, cwd: cwd}
	if err := s.openOutputs(); err != nil {
		return nil, err
	}
	if s.state, err = o.read(); err != nil {
		s.manifest.close()
		return nil, err
	}
	s.clean()
	s.state.OnDrop(s.drop)
	return s, nil
}

// unused is the error of flags that are for nothing.
func (o fakeOptions) unused() error {
	for _, f := range o.files() {
		if f.path != "" {
			return usage("%s is for --fakeroot", f.flag)
		}
	}
	if o.mode != "" {
		return usage("--fakeroot-mode is for --fakeroot")
	}
	return nil
}

func (o fakeOptions) read() (*catbox.FakeState, error) {
	switch {
	case o.overlay != "":
		return openOverlayState(o.overlay)
	case o.state != "":
		return catbox.OpenFakeState(o.state)
	case o.load == "":
		return catbox.NewFakeState(), nil
	}
	state, err := catbox.LoadFakeState(o.load)
	if errors.Is(err, os.ErrNotExist) { // fakeroot(1) says so too, and goes on
		say("%s does not exist: nothing is noted so far", record.Quote(o.load))
		return catbox.NewFakeState(), nil
	}
	return state, err
}

// openOverlayState opens the state of an overlay. A run that was killed has left the
// numbers that its files had in it.
func openOverlayState(path string) (*catbox.FakeState, error) {
	state, err := catbox.OpenFakeState(path)
	if err != nil {
		return nil, err
	}
	return state, state.Rekey(fakeroot.ToPath)
}

// openOutputs finds out what could not be written at the end, before the
// command runs for nothing.
func (s *fakeSession) openOutputs() (err error) {
	if s.save != "" {
		if err := checkSave(s.save); err != nil {
			return err
		}
	}
	if s.fakeOptions.manifest != "" {
		s.manifest, err = openOutput(s.fakeOptions.manifest)
	}
	return err
}

func checkSave(path string) error {
	if err := fakeroot.Check(path); err != nil {
		return err
	}
	st, err := os.Stat(path)
	switch {
	case strings.HasPrefix(path, "/dev/") || strings.HasPrefix(path, "/proc/"):
		return err // written to, not replaced
	case err == nil && !st.Mode().IsRegular():
		return nil // likewise
	}
	return mayWrite(filepath.Dir(path))
}

// drop is told of an entry whose file was removed by somebody outside.
func (s *fakeSession) drop(e catbox.FakeEntry) {
	const most = 1000 // to remember; a run can last
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.dropped) < most {
		s.dropped = append(s.dropped, e)
	}
}

// clean forgets files that are not there any more.
func (s *fakeSession) clean() {
	warnings := s.state.Warnings()
	for _, w := range warnings {
		say("%s", w)
	}
	s.warned = len(warnings)
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
	return &catbox.FakeRoot{Mode: catbox.FakeMode(s.mode), State: s.state, UnknownIsReal: s.unknownIsReal}
}

// alone tells that the run is to have no namespaces, whatever the host has.
func (s *fakeSession) alone() bool { return s != nil && s.mode == string(catbox.FakeNone) }

// close saves what was noted. It is called whatever the end of the run was.
func (s *fakeSession) close() error {
	if s == nil {
		return nil
	}
	var errs []error
	if s.save != "" {
		errs = append(errs, s.state.Save(s.save, catbox.FakeText))
	}
	if s.manifest != nil {
		errs = append(errs, s.writeManifest(), s.manifest.close())
	}
	errs = append(errs, s.state.Close())
	for _, w := range s.state.Warnings()[s.warned:] {
		say("%s", w)
	}
	if s.mu.Lock(); len(s.dropped) > 0 {
		say("%s", s.dropped)
	}
	s.mu.Unlock()
	return errors.Join(errs...)
}
