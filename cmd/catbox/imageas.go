package main

import (
	"debug/elf"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/catbox-go/catbox"
	"github.com/catbox-go/catbox/image"
)

// wrapperPath is where a run that changes what it is has catbox: in the /tmp of its own.
const wrapperPath = "/tmp/.catbox/catbox"

// imageAs is what a run of an image begins with that is to be another user, or to have
// an isolator that a process takes on itself: only inside of the run, where it is
// root or believes to be, the ids can be had, and only from there on what the image
// asks for is the image's and not catbox's own.
type imageAs struct {
	ids    string // UID:GID:GROUPS; "": the same
	oom    string // for proc_pid_oom_score_adj(5); "": the same
	filter callFilter
}

func newImageAs() *cobra.Command {
	var o imageAs
	cmd := &cobra.Command{
		Use: "as [flags] -- COMMAND [ARG...]", Hidden: true, Args: atLeastOne("COMMAND"),
		RunE: func(_ *cobra.Command, args []string) error { return o.become(args) },
	}
	f := cmd.Flags()
	f.SetInterspersed(false)
	f.StringVar(&o.ids, "ids", "", "`UID:GID:GROUPS`")
	f.StringVar(&o.oom, "oom-score-adj", "", "`N`")
	f.StringArrayVar(&o.filter.retain, "retain", nil, "`LIST`")
	f.StringArrayVar(&o.filter.remove, "remove", nil, "`LIST`")
	return cmd
}

// arguments are those by which it is told the same again; nil: there is nothing to do.
func (o *imageAs) arguments() []string {
	var args []string
	add := func(flag, value string) {
		if value != "" {
			args = append(args, flag+"="+value)
		}
	}
	add("--ids", o.ids)
	add("--oom-score-adj", o.oom)
	for _, list := range o.filter.retain {
		add("--retain", list)
	}
	for _, list := range o.filter.remove {
		add("--remove", list)
	}
	return args
}

func (o *imageAs) become(args []string) error {
	cwd, err := os.Getwd()
	if err != nil {
		return err
	}
	path, err := lookPath(args[0], searchPath(os.Environ()), cwd)
	if err != nil {
		return err
	}
	if o.oom != "" {
		if err := os.WriteFile(oomScore, []byte(o.oom), 0); err != nil {
			return err
		}
	}
	if o.ids != "" {
		if err := becomeIDs(o.ids); err != nil {
			return err
		}
	}
	return &catbox.ExecError{Path: path, Err: o.filter.exec(path, args, os.Environ())}
}

func becomeIDs(ids string) error {
	cred, err := parseCredentials(ids)
	if err != nil {
		return err
	}
	if err := cred.take(); err != nil {
		return fmt.Errorf("become user %d, group %d: %w", cred.UID, cred.GID, err)
	}
	return nil
}

// credentials are ids of a process.
type credentials image.Credentials

// take takes the ids on, for good: the saved ones too (credentials(7)).
func (c credentials) take() error {
	return errors.Join(syscall.Setgroups(c.Groups), syscall.Setresgid(c.GID, c.GID, c.GID), syscall.Setresuid(c.UID, c.UID, c.UID))
}

func (c credentials) String() string {
	groups := make([]string, len(c.Groups))
	for i, g := range c.Groups {
		groups[i] = strconv.Itoa(g)
	}
	return fmt.Sprintf("%d:%d:%s", c.UID, c.GID, strings.Join(groups, ","))
}

func parseCredentials(text string) (c credentials, err error) {
	fields := strings.Split(text, ":")
	if len(fields) != 3 {
		return c, usage("%q: want UID:GID:GROUPS", text)
	}
	var errs [2]error
	c.UID, errs[0] = strconv.Atoi(fields[0])
	c.GID, errs[1] = strconv.Atoi(fields[1])
	for _, g := range strings.FieldsFunc(fields[2], func(r rune) bool { return r == ',' }) {
		n, e := strconv.Atoi(g)
		c.Groups, err = append(c.Groups, n), errors.Join(err, e)
	}
	return c, errors.Join(err, errs[0], errs[1])
}

// credentials finds who the command is, and says so where that is not what the
// image asks for. It returns the home directory.
func (s *imageSession) credentials() (home string, err error) {
	asked := s.img.Command
	if s.user != "" {
		asked.User, asked.Group, _ = strings.Cut(s.user, ":")
		asked.SupplementaryGIDs = nil
	}
	cred, err := asked.Credentials(s.entry.Dir, s.notes)
	if err != nil {
		return "", err
	}
	home = either(cred.Home, "/")
	explicit := asked.User != "" && asked.User != "0" && asked.User != "root"
	root := os.Geteuid() == 0 || s.run.fake.on
	switch {
	case cred.UID == os.Geteuid() && cred.GID == os.Getegid() && !s.run.fake.on:
	case root && cred.UID == 0 && cred.GID == 0 && len(cred.Groups) == 0:
	case root:
		s.as.ids = credentials(cred).String()
		return home, nil
	case s.user != "":
		return "", usage("--user %s: only root can be another user: add --fakeroot", s.user)
	case explicit:
		say("the image asks for user %s (%d): it runs as yourself (%d); with --fakeroot it is shown as %s", asked.User, cred.UID, os.Geteuid(), asked.User)
	case s.run.verbose:
		say("the image asks for root: it runs as yourself (%d); with --fakeroot it believes to be root", os.Geteuid())
	}
	return home, nil
}

// addWrapper has the run see catbox itself.
func (v *imageView) addWrapper() error {
	self, err := os.Executable()
	if err == nil {
		self, err = filepath.EvalSymlinks(self)
	}
	if err == nil {
		err = checkStatic(self)
	}
	v.mount(catbox.Mount{Source: self, Target: wrapperPath, Type: "bind", Options: []string{"ro"}})
	return err
}

// checkStatic tells by its error if a program needs a dynamic loader, which an
// image need not have.
func checkStatic(program string) error {
	f, err := elf.Open(program)
	if err != nil {
		return err
	}
	defer f.Close()
	if slices.ContainsFunc(f.Progs, func(p *elf.Prog) bool { return p.Type == elf.PT_INTERP }) {
		return fmt.Errorf("%s is linked dynamically, and cannot be executed in an image to change its user or to keep its isolators: build it with CGO_ENABLED=0", program)
	}
	return nil
}
