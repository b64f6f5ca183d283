package features

import (
	"errors"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/fuseoverlay"
)

func probeFUSEOverlay() (err error) {
	if err := fuseoverlay.Available(); err != nil {
		return verdict("find it", err)
	}
	dir, err := os.MkdirTemp("", probeName)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	l := fuseoverlay.Layers{
		Lower: []string{filepath.Join(dir, "lower")}, Upper: filepath.Join(dir, "upper"), Work: filepath.Join(dir, "work"), At: filepath.Join(dir, "merged"),
	}
	for _, d := range append(l.Lower, l.Upper, l.Work, l.At) {
		if err := os.Mkdir(d, 0o700); err != nil {
			return err
		}
	}
	if err := os.WriteFile(filepath.Join(l.Lower[0], "removed"), nil, 0o600); err != nil {
		return err
	}
	s, err := fuseoverlay.Start(l)
	if err != nil {
		return verdict("mount", err)
	}
	removed := os.Remove(filepath.Join(l.At, "removed"))
	if err := errors.Join(removed, s.Close()); err != nil {
		return verdict("remove a file of a lower layer", err)
	}
	if err := unix.Access(filepath.Join(l.Lower[0], "removed"), unix.F_OK); err != nil {
		return noEffect("overlay", err)
	}
	return nil
}
