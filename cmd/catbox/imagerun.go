package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/catbox-go/catbox"
	"github.com/catbox-go/catbox/image"
	"github.com/catbox-go/catbox/record"
)

// imageRun are the flags of catbox image run.
type imageRun struct {
	imageOptions
	run     runOptions
	volumes map[string]string
	user    string
	events  bool
}

// ofRun are the flags that mean the same as those of catbox run.
var ofRun = []string{
	"overlay", "overlay-lower", "bind", "tmpfs", "mount", "net", "network", "allow-connect", "on-violation", "collect-only", "violations", "strict",
	"hide", "no-write", "env", "limit", "degrade", "fakeroot", "fakeroot-mode", "manifest", "record", "record-detail", "fail-if-blind",
	"json-status-fd", "quiet", "verbose",
}

func newImageRun() *cobra.Command {
	var o imageRun
	cmd := &cobra.Command{
		Use:   "run [flags] [--] IMAGE [COMMAND [ARG...]]",
		Short: "run an image's command, or another one in it, confined",
		Long: `Run the command of IMAGE, or COMMAND in it, with the image's files as its root,
its environment and its working directory. It is confined as by 'catbox run': it
has a network with only loopback, its own /tmp, and nothing of the host but what
--bind and --volume give.

The image stays as it is. Without -w and --overlay its files are read-only. What
is written to the paths of -w (-w / is everywhere) and to an OCI image's volumes is thrown
away at the end, as by 'podman run --rm'. With --overlay DIR everything may be
written, and the changes are in DIR: see 'catbox changes'.

An ordinary user is nobody else in the image, but with --fakeroot can be root and
whatever user the image asks for. COMMAND takes the place of the image's own, and
stands behind an Entrypoint. The exit status is that of 'catbox run'.`,
		Example: `  catbox image run app.aci
  catbox image run --bind .:/src --cd /src --fakeroot debian.oci make
  catbox image run -w /var/lib/app --volume data=$HOME/data app.aci
  catbox image run --overlay changes --fakeroot debian.oci apt-get -y install ./x.deb`,
		Args: atLeastOne("IMAGE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.run.options(cmd)
			return o.do(cmd.Context(), args[0], args[1:])
		},
	}
	f := cmd.Flags()
	f.SetInterspersed(false)
	f.SortFlags = false
	f.VarP((*list)(&o.run.Write), "write", "w", "`PATH` of the image is writable, until the end; / is everywhere (default: nothing; repeat)")
	f.Var(variables{&o.volumes}, "volume", "the image's mount point of that NAME or path is a directory of the host, or new and empty: `NAME=DIR|empty` (repeat)")
	f.Var((*word)(&o.run.dir), "cd", "the command's working directory is `DIR` (default: the image's)")
	f.Var((*word)(&o.user), "user", "run as `USER`[:GROUP], names or numbers of the image (default: the image's; others than oneself need root or --fakeroot)")
	f.BoolVar(&o.events, "event-handlers", true, "run the image's commands for pre-start and post-stop too")
	addOfRun(cmd, &o.run)
	o.imageOptions.addFlags(f)
	o.addCacheFlag(f)
	return cmd
}

// addOfRun adds flags of catbox run.
func addOfRun(cmd *cobra.Command, o *runOptions) {
	var all cobra.Command
	write := o.Write
	o.addFlags(&all)
	o.Write = write
	for _, name := range ofRun {
		cmd.Flags().AddFlag(all.Flags().Lookup(name))
	}
}

// do runs the image's command between its event handlers.
func (o *imageRun) do(ctx context.Context, path string, given []string) (err error) {
	img, err := o.open(path)
	if err != nil {
		return err
	}
	defer img.Close()
	s := &imageSession{imageRun: o, img: img}
	if err := s.prepare(ctx); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	args := img.Command.Args(given...)
	if len(args) == 0 {
		return usage("%s has no command of its own: give one", record.Quote(path))
	}
	return s.runAll(args)
}

// imageSession is a run of an image's commands.
type imageSession struct {
	*imageRun
	img   *image.Image
	entry *image.Entry
	notes []image.Noted
	view  imageView
	as    imageAs
}

func (s *imageSession) prepare(ctx context.Context) error {
	sayWarnings(s.img)
	cache, err := s.where()
	if err != nil {
		return err
	}
	if s.entry, err = s.root(ctx, cache, s.img); err != nil {
		return err
	}
	s.view = imageView{root: s.entry.Dir, cache: cache}
	if err := image.MakePlaces(s.entry.Dir); err != nil && s.img.Dir != "" {
		say("%s has no place for what every run has mounted: %s", record.Quote(s.img.Dir), err)
	}
	if err := s.settle(); err != nil {
		return errors.Join(err, s.close())
	}
	return nil
}

// settle puts what the image and the flags say into the options of the run.
func (s *imageSession) settle() (err error) {
	if s.needsNotes() {
		if s.notes, err = s.entry.Notes(); err != nil {
			return err
		}
	}
	r := &s.run
	r.Root = s.entry.Dir
	r.dir = either(r.dir, either(s.img.Command.Dir, "/"))
	if err := s.limits(); err != nil {
		return err
	}
	home, err := s.credentials()
	if err != nil {
		return err
	}
	if s.as.arguments() != nil {
		if err := s.view.addWrapper(); err != nil {
			return err
		}
	}
	s.environment(home)
	if err := s.mountPoints(); err != nil {
		return err
	}
	return s.view.apply(r)
}

// needsNotes tells whether somebody asks for the owners of files, of which an ordinary
// user's cache has many notes.
func (s *imageSession) needsNotes() bool {
	c := s.img.Command
	return s.run.fake.on || strings.HasPrefix(c.User+s.user, "/") || strings.HasPrefix(c.Group, "/")
}

// environment is the image's and what --env sets: nothing of the host's but the
// type of the terminal.
func (s *imageSession) environment(home string) {
	env := map[string]string{"PATH": imagePath, "HOME": home}
	if term := os.Getenv("TERM"); term != "" {
		env["TERM"] = term
	}
	for _, e := range s.img.Command.Env {
		name, value, _ := strings.Cut(e, "=")
		env[name] = value
	}
	maps.Copy(env, s.run.Env)
	all := true
	s.run.Env, s.run.settings.ClearEnv = env, &all
}

// imagePath is for images that set none.
const imagePath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// limits takes from the isolators what --limit does not say.
func (s *imageSession) limits() error {
	for _, i := range s.img.Command.Isolators {
		e := enforcementOf(i)
		switch {
		case i.Enforceable && !e.kept:
			say("isolator %s is not enforced: %s", i.Name, e.how)
		case e.limit != "" && s.run.Limit[e.limit] == "":
			if s.run.Limit == nil {
				s.run.Limit = limits{}
			}
			s.run.Limit[e.limit] = e.value
		case e.as != nil:
			e.as(&s.as)
		}
	}
	_, err := s.run.Limit.values()
	return err
}

// runAll runs pre-start, the command and post-stop. The command is not run if
// pre-start fails; post-stop is, whatever the end of the command.
func (s *imageSession) runAll(args []string) error {
	if err := s.handler("pre-start"); err != nil {
		return err
	}
	err := s.runOne(s.run, args)
	if after := s.handler("post-stop"); after != nil {
		say("%s", after)
	}
	return err
}

// handler runs the image's command for an event, which has no record and no status
// descriptor: these are of the command.
func (s *imageSession) handler(event string) error {
	args := s.img.Command.Handler(event)
	if !s.events || args == nil {
		return nil
	}
	o := s.run
	o.record, o.statusFD, o.violations = recordOptions{}, 0, ""
	err := s.runOne(o, args)
	var done *ended
	if errors.As(err, &done) && !done.interrupted {
		return fmt.Errorf("the image's %s handler %s ended with status %d", event, record.Quote(args[0]), done.status)
	}
	return err
}

func (s *imageSession) runOne(o runOptions, args []string) error {
	o.adjust = s.adjust
	if as := s.as.arguments(); as != nil {
		args = slices.Concat([]string{wrapperPath, "image", "as"}, as, []string{"--"}, args)
	}
	return o.run(args)
}

// adjust has a fake root tell what the image says of its files.
func (s *imageSession) adjust(c *catbox.Cmd) {
	if c.FakeRoot == nil {
		return
	}
	seen := fakeNotes{notes: s.view.visible(s.notes), root: s.view.root, state: c.FakeRoot.State}
	initialized := c.Hooks.Initialized
	c.Hooks.Initialized = func(pid int) error {
		// As the run sees them: what an overlay shows has other numbers than below it
		// (Documentation/filesystems/overlayfs.rst, "Inode properties").
		if err := seen.tell(fmt.Sprintf("/proc/%d/root", pid)); err != nil {
			return err
		}
		if initialized == nil {
			return nil
		}
		return initialized(pid)
	}
}

func (s *imageSession) close() error {
	return errors.Join(s.view.close(), s.entry.Close())
}
