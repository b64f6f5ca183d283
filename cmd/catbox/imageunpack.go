package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/catbox-go/catbox"
	"github.com/catbox-go/catbox/image"
	"github.com/catbox-go/catbox/record"
)

// imageUnpack are the flags of catbox image unpack.
type imageUnpack struct {
	imageOptions
	state         string
	unprivileged  bool
	absoluteNames bool
}

func newImageUnpack() *cobra.Command {
	var o imageUnpack
	cmd := &cobra.Command{
		Use:   "unpack IMAGE DIR",
		Short: "unpack an image into a directory",
		Long: `Unpack the files of IMAGE into DIR, which has to be empty or missing.

An ordinary user cannot set owners, set-id bits and devices. What could not be set
is noted in a state beside DIR, named DIR.fakeroot, with which a fake root tells it.`,
		Example: `  catbox image unpack debian.oci rootfs
  catbox run --root rootfs --fakeroot --fakeroot-state rootfs.fakeroot ls -l /var/mail`,
		Args: exactly("IMAGE", "DIR"),
		RunE: func(cmd *cobra.Command, args []string) error { return o.do(cmd.Context(), args[0], args[1]) },
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.Var((*word)(&o.state), "fakeroot-state", "note what cannot be set in `FILE` (default: DIR.fakeroot)")
	f.BoolVar(&o.unprivileged, "unprivileged", false, "as root too, set no owners, devices and set-id bits, but note them")
	f.BoolVar(&o.absoluteNames, "absolute-names", false, "take the name /x in an archive as x, as some old tools wrote it")
	o.addFlags(f)
	return cmd
}

func (o *imageUnpack) do(ctx context.Context, path, dir string) error {
	img, err := o.open(path)
	if err != nil {
		return err
	}
	defer img.Close()
	sayWarnings(img)
	if dir, err = filepath.Abs(dir); err != nil {
		return err
	}
	state := either(o.state, dir+".fakeroot")
	if _, err := os.Lstat(state); err == nil {
		return fmt.Errorf("%s is there already: it is for what cannot be set: remove it, or name another by --fakeroot-state", record.Quote(state))
	}
	var notes []image.Noted
	err = unpacking(filepath.Base(path), func(progress func(done, total int64)) error {
		return img.Unpack(ctx, dir, image.UnpackOptions{
			Unprivileged: o.unprivileged, AbsoluteNames: o.absoluteNames, Progress: progress,
			Note: func(n image.Noted) error { notes = append(notes, n); return nil },
		})
	})
	if err != nil {
		return err
	}
	return saveNotes(state, dir, notes)
}

// saveNotes writes a state with the notes, if there is anything to be noted.
func saveNotes(path, dir string, notes []image.Noted) error {
	state := catbox.NewFakeState()
	err := fakeNotes{notes: notes, root: dir, state: state}.tell(dir)
	if err != nil || state.Len() == 0 {
		return errors.Join(err, state.Close())
	}
	if err := errors.Join(state.Save(path, catbox.FakeJSON), state.Close()); err != nil {
		return err
	}
	say("%s of which owner, mode or kind could not be set: %s has them, for --fakeroot-state", count(state.Len(), "file"), record.Quote(path))
	return nil
}
