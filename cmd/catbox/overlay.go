package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/catbox-go/catbox"
	"github.com/catbox-go/catbox/overlay"
	"github.com/catbox-go/catbox/record"
)

// layered is what a run does with an overlay beside writing to it.
type layered struct {
	dir       string // of the overlay, "" without one
	to        string // where it is installed, "" if it is not
	temporary bool   // the overlay is for the installation alone
}

// openOverlay finds the overlay of --overlay, or that of --install-to, and has a fake
// root keep its notes there, for which it is made here.
func (s *spec) openOverlay(o *runOptions) (l layered, err error) {
	l = layered{dir: s.Overlay, to: o.installTo}
	if l.to != "" {
		l.to = absolutePath(s.cwd, l.to)
		if err := empty(l.to); err != nil {
			return layered{}, err
		}
	}
	if l.to != "" && l.dir == "" {
		if l.dir, err = os.MkdirTemp(filepath.Dir(l.to), "."+filepath.Base(l.to)+".overlay-"); err != nil {
			return layered{}, err
		}
		l.dir, l.temporary = filepath.Join(l.dir, "overlay"), true
	}
	if s.Overlay = l.dir; l.dir == "" {
		if s.OverlayType != "" && len(s.Lower) == 0 {
			err = usage("--overlay-type: without an overlay there is nothing that it could be about")
		}
		return l, err
	}
	if !o.fake.on {
		return l, nil // the library makes it
	}
	if o.fake.state != "" && l.to == "" {
		l.end()
		return layered{}, usage("--fakeroot-state: in an overlay the notes are in the overlay, with the files that they are about")
	}
	made, err := overlay.Create(l.dir, overlay.Options{Root: s.Root, Lower: s.Lower})
	if err != nil {
		l.end()
		return layered{}, err
	}
	o.fake.overlay = made.FakeRoot()
	return l, made.Close()
}

// explore runs a command, or a shell, that sees what is in an overlay.
func explore(_ *cobra.Command, dir string, write bool, command []string) error {
	made, err := overlay.Open(dir)
	if err != nil {
		return err
	}
	defer made.Close()
	o := runOptions{settings: settings{Write: []string{nothing}, Lower: made.Lower()}}
	if made.Root() != "/" {
		o.Root = made.Root()
	}
	if write {
		o.Overlay = made.Dir()
	} else {
		o.Lower = append([]string{made.Dir()}, o.Lower...)
	}
	if _, err := os.Stat(made.FakeRoot()); err == nil {
		o.fake.on = true
	}
	if len(command) == 0 {
		command = []string{shell()}
	}
	return o.run(command)
}

// empty tells by its error whether something could not be installed in a directory.
func empty(dir string) error {
	names, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return mayWrite(filepath.Dir(dir))
	case err == nil && len(names) > 0:
		return fmt.Errorf("--install-to %s: it is not empty", record.Quote(dir))
	}
	return err
}

// end removes an overlay that nobody asked for.
func (l layered) end() {
	if !l.temporary {
		return
	}
	if o, err := overlay.Open(l.dir); err == nil {
		err = o.Discard()
		o.Close()
		if err != nil {
			say("%s", err)
		}
	}
	if err := os.RemoveAll(filepath.Dir(l.dir)); err != nil {
		say("%s", err)
	}
}

// notInstalled says that a command that failed leaves nothing, and how that is had.
func (l layered) notInstalled(status int) {
	switch {
	case l.to == "":
	case l.temporary:
		say("nothing is installed in %s, as the status is %d: --overlay DIR keeps what such a command made", record.Quote(l.to), status)
	default:
		say("nothing is installed in %s, as the status is %d: what the command made is in the overlay (catbox changes install %s TO)",
			record.Quote(l.to), status, record.Quote(l.dir))
	}
}

// install puts what the command made in its place, and has the fake root's notes be about that.
func (l layered) install(fake *fakeSession) error {
	if l.to == "" {
		return nil
	}
	if err := fake.leave(); err != nil {
		return err
	}
	o, err := overlay.Open(l.dir)
	if err != nil {
		return err
	}
	defer o.Close()
	noted, err := o.Install(context.Background(), l.to)
	if err != nil {
		return err
	}
	return fake.take(noted)
}

// leave closes the state of an overlay.
func (s *fakeSession) leave() error {
	if s == nil {
		return nil
	}
	err := s.state.Close()
	s.state, s.warned = catbox.NewFakeState(), 0
	return err
}

// take has the session's state be what was noted of installed files.
func (s *fakeSession) take(noted []catbox.FakeEntry) (err error) {
	if s == nil {
		return nil
	}
	if s.fakeOptions.state != "" {
		if s.state, err = catbox.OpenFakeState(s.fakeOptions.state); err != nil {
			return err
		}
	}
	for _, e := range noted {
		if err := s.state.Put(e); err != nil {
			return err
		}
	}
	return nil
}
