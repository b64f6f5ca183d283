package main

import (
	"cmp"
	"errors"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox"
	"github.com/catbox-go/catbox/executor"
	"github.com/catbox-go/catbox/features"
	"github.com/catbox-go/catbox/policy"
)

// runOptions are the flags of catbox run.
type runOptions struct {
	settings
	strict, clearEnv, degrade bool
	installTo                 string
	profiles                  []string
	dir                       string
	violations                string
	statusFD                  int
	quiet, verbose            bool
	fake                      fakeOptions
	record                    recordOptions
	adjust                    func(*catbox.Cmd) // nil: nothing is to be changed
}

func newRun() *cobra.Command {
	var o runOptions
	cmd := &cobra.Command{
		Use:   "run [flags] [--] COMMAND [ARG...]",
		Short: "run a command confined",
		Long: `Run COMMAND so that it writes only where it may, and report what it tried
beyond that. It reads everything, and has a network with only loopback, unless
the flags say otherwise. It has its own empty /tmp, /var/tmp and /dev/shm.

A PATH means itself and everything below it, and need not exist yet. ~REGEX is
searched in the canonical path: anchor it with ^ and $.

The exit status is that of COMMAND, or:

    123      --strict and there were violations, or --on-violation stop
    124      out of time (--limit time=)
    125      catbox failed; COMMAND did not run
    126      COMMAND cannot be executed
    127      COMMAND is not found
    128+N    COMMAND was ended by signal N

A profile holds the same options by the same names, as TOML. NAME is looked for
in .catbox.toml (as [profile.NAME]) in the current directory and above, in
$XDG_CONFIG_HOME/catbox/profiles/NAME.toml and /etc/catbox/profiles/NAME.toml;
with a slash, it is a file. extends = "OTHER" starts from another profile.
Flags add to its lists and replace the rest. ${HOME} and ${CWD} are replaced.`,
		Example: `  catbox run make
  catbox run -w . -w '~^/var/cache/x-[0-9]+/' --no-write .git -- make install
  catbox run -r . -r /usr -r /etc --net none -w out ./build.sh
  catbox run --collect-only --violations v.json -- make
  catbox run --limit mem=2G,time=10m --strict -- ./build.sh`,
		Args: atLeastOne("COMMAND"),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.options(cmd)
			return o.run(args)
		},
	}
	o.addFlags(cmd)
	return cmd
}

// options takes over the flags that are settings only if they were given.
func (o *runOptions) options(cmd *cobra.Command) {
	o.settings.Strict = changed(cmd, "strict", &o.strict)
	o.settings.ClearEnv = changed(cmd, "clear-env", &o.clearEnv)
	o.settings.Degrade = changed(cmd, "degrade", &o.degrade)
}

// changed returns the option if its flag was given.
func changed(cmd *cobra.Command, flag string, option *bool) *bool {
	if !cmd.Flags().Changed(flag) {
		return nil
	}
	return option
}

// spec is what is to be run, put together from flags and profiles.
type spec struct {
	settings
	policy policy.Policy
	limits catbox.Limits
	mounts []catbox.Mount
	path   string
	args   []string
	env    []string
	cwd    string // catbox's own
	dir    string // the command's

	fake     *fakeSession // nil without a fake root
	record   *recording   // nil without a record
	adjust   func(*catbox.Cmd)
	by       executor.Executor // nil: catbox itself
	front    *catbox.Cmd       // nil: catbox does not stand in front of another executor's command
	ownFiles []string          // what catbox writes itself: violations, the record
}

func (o *runOptions) spec(args []string) (*spec, error) {
	cwd, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	s, err := o.merged(cwd)
	if err != nil {
		return nil, err
	}
	by, err := o.chooseExecutor(&s)
	if err != nil {
		return nil, err
	}
	p, err := s.policy(cwd)
	if err != nil {
		return nil, err
	}
	l, err := s.Limit.values()
	if err != nil {
		return nil, err
	}
	spec := &spec{settings: s, policy: p, limits: l, path: args[0], args: args, env: s.environment(), cwd: cwd, dir: o.dir, by: by, adjust: o.adjust}
	if spec.mounts, err = s.mounts(); err != nil {
		return nil, err
	}
	if s.Root != "" {
		spec.dir = absolutePath("/", o.dir)
		return spec, nil
	}
	spec.dir = absolutePath(cwd, o.dir)
	if len(spec.mounts) == 0 && s.Overlay == "" && len(s.Lower) == 0 {
		spec.path, err = lookPath(args[0], searchPath(spec.env), spec.dir)
	}
	return spec, err
}

// merged puts the flags on top of the profiles.
func (o *runOptions) merged(cwd string) (settings, error) {
	var merged settings
	var known profiles
	if len(o.profiles) > 0 {
		known = newProfiles(cwd)
	}
	for _, name := range o.profiles {
		s, err := known.load(name)
		if err != nil {
			return settings{}, err
		}
		merged = merged.under(s)
	}
	flags, err := o.settings.absolute(cwd, merged.Root != "")
	return merged.under(flags), err
}

func (s *spec) command(out *outputs) *catbox.Cmd {
	c := &catbox.Cmd{
		Path: s.path, Args: s.args, Env: s.env, Dir: s.dir, Root: s.Root, Mounts: s.mounts, Overlay: s.overlay(),
		Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr,
		Policy: s.here(out.noNetwork), NoNamespaces: s.Executor == landlock,
		Limits: s.limits, Degrade: given(s.Degrade), FakeRoot: s.fake.command(), Record: s.record.command(),
		OnViolation: out.violation, Hooks: catbox.Hooks{Initialized: out.initialized, Stopped: out.stopped, Reading: out.reading},
	}
	if s.front != nil {
		c.Mounts, c.Wrapper = s.front.Mounts, s.front.Wrapper
	}
	if s.adjust != nil {
		s.adjust(c)
	}
	return c
}

// overlay is the command's; nil without one.
func (s *spec) overlay() *catbox.Overlay {
	if s.Overlay == "" && len(s.Lower) == 0 {
		return nil
	}
	return &catbox.Overlay{Dir: s.Overlay, Lower: s.Lower, Type: catbox.OverlayType(s.OverlayType)}
}

// here returns the policy with what catbox adds of its own: the files of
// violations and of the record cannot be written by the command, so that it cannot
// forge a line.
func (s *spec) here(noNetwork bool) policy.Policy {
	p := s.policy
	if noNetwork {
		p = p.WithNetwork(policy.NetworkNone)
	}
	for _, file := range s.ownFiles {
		p = p.Deny(policy.Write, s.seen(file)...)
	}
	return p
}

// seen are the paths at which the command would see a file of the host.
func (s *spec) seen(file string) []string {
	var seen []string
	root := either(s.Root, "/")
	if canonical, err := filepath.EvalSymlinks(root); err == nil {
		root = canonical
	}
	if real, err := filepath.EvalSymlinks(filepath.Dir(file)); err == nil {
		file = filepath.Join(real, filepath.Base(file))
	}
	if rest, inside := below(file, root); inside {
		seen = append(seen, rest)
	}
	for _, m := range s.mounts {
		source, err := filepath.EvalSymlinks(m.Source)
		if err != nil || m.Type != "bind" {
			continue
		}
		if rest, inside := below(file, source); inside {
			seen = append(seen, filepath.Join(m.Target, rest))
		}
	}
	return seen
}

// below returns the path from dir on, with a slash in front, if file is dir or below it.
func below(file, dir string) (string, bool) {
	rest, err := filepath.Rel(dir, file)
	if err != nil || rest == ".." || strings.HasPrefix(rest, "../") {
		return "", false
	}
	return filepath.Join("/", rest), true
}

// run runs the command line's command. It tells whoever listens how it ended,
// whatever the end.
func (o *runOptions) run(args []string) (err error) {
	outputs, err := o.open()
	if err != nil {
		return err
	}
	defer func() { err = outputs.failed(err) }()
	s, err := o.spec(args)
	if err != nil {
		return err
	}
	switch by := s.by.(type) {
	case nil:
	case executor.Supervised:
		if err := s.standInFront(by); err != nil {
			return err
		}
	default:
		return o.runBy(s)
	}
	if err := outputs.openViolations(o.violations, s); err != nil {
		return err
	}
	l, err := s.openOverlay(o)
	if err != nil {
		return err
	}
	defer l.end()
	if s.fake, err = o.fake.open(); err != nil {
		return err
	}
	defer func() {
		if e := s.fake.close(); e != nil {
			say("%s", e)
			err = cmp.Or(err, error(&ended{status: statusFailed}))
		}
	}()
	if s.record, err = o.record.open(); err != nil {
		return err
	}
	s.ownFiles = append(s.ownFiles, s.record.files()...)
	defer func() {
		if e := s.record.close(); e != nil {
			say("%s", e)
			err = cmp.Or(err, error(&ended{status: statusFailed}))
		}
	}()
	foreground, killed := takeForeground(), false
	defer func() { foreground.restore(killed) }()
	signals := catchSignals()
	defer signals.stop()
	outputs.initialized, outputs.stopped = signals.ready, signals.stopped
	c, err := s.start(outputs)
	if err != nil {
		return signals.instead(err)
	}
	outputs.started(c)
	signals.forward(c)
	shown := s.record.progress(c)
	err = c.Wait()
	shown.close()
	signals.stop()
	killed = c.Result().Signal != 0
	var exit *catbox.ExitError
	if err != nil && !errors.As(err, &exit) {
		return signals.instead(err)
	}
	status := resultStatus(c.Result(), given(s.Strict))
	status = s.record.ended(c.Result(), status, o.quiet)
	outputs.ended(c.Result(), status)
	if h := hintDirectory(s.policy, s.cwd, c.Result().Violations); h != "" && !o.quiet {
		say("hint: %s", h)
	}
	if status != 0 {
		if !o.quiet {
			l.notInstalled(status)
		}
		return &ended{status: status, interrupted: status == statusInterrupted && signals.interrupted()}
	}
	return l.install(s.fake)
}

// start starts the command, and again in the ways that are open if it cannot
// be started as it is.
func (s *spec) start(out *outputs) (*catbox.Cmd, error) {
	c, err := s.startHere(out)
	var exec *catbox.ExecError
	if errors.As(err, &exec) && errors.Is(exec.Err, unix.ENOEXEC) {
		// A script without #! is one for the shell, as execvp(3) has it.
		s.path, s.args = "/bin/sh", append([]string{"/bin/sh", s.path}, s.args[1:]...)
		return s.startHere(out)
	}
	return c, err
}

// startHere starts the command with what this host has. Without namespaces
// there is no network of its own; where the caller did not ask for one, none
// at all is what comes closest.
func (s *spec) startHere(out *outputs) (*catbox.Cmd, error) {
	c := s.command(out)
	// Degrade would give the network up rather than do without one.
	c.Degrade = c.Degrade && s.Net != ""
	err := c.Start()
	var u *catbox.UnsupportedError
	if !errors.As(err, &u) {
		return c, err
	}
	if tier, _ := features.Tier(); tier != 1 || s.fake.alone() || s.Executor == landlock {
		out.noNetwork = s.Net == ""
	}
	c = s.command(out)
	return c, c.Start()
}

// searchPath returns the PATH of an environment. The fallback is that of execvp(3).
func searchPath(env []string) string {
	for _, entry := range env {
		if path, ok := strings.CutPrefix(entry, "PATH="); ok {
			return path
		}
	}
	return "/bin:/usr/bin"
}

// lookPath looks for a program as execvp(3) does: a name with a slash is taken
// as it is, any other is searched in path, whose relative entries start from dir.
func lookPath(name, path, dir string) (string, error) {
	if strings.Contains(name, "/") {
		return name, nil
	}
	found := error(unix.ENOENT)
	if name == "" {
		return "", &catbox.ExecError{Path: name, Err: found}
	}
	for entry := range strings.SplitSeq(path, ":") {
		candidate := absolutePath(dir, entry) + "/" + name
		switch err := executable(candidate); {
		case err == nil:
			return candidate, nil
		case errors.Is(err, unix.EACCES):
			found = unix.EACCES
		}
	}
	return "", &catbox.ExecError{Path: name, Err: found}
}

func executable(path string) error {
	st, err := os.Stat(path)
	if err != nil {
		return err
	}
	if st.IsDir() {
		return unix.EACCES
	}
	return unix.Faccessat(unix.AT_FDCWD, path, unix.X_OK, unix.AT_EACCESS)
}
