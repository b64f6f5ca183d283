package unpack

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
)

// Names of whiteouts (OCI image-spec, layer.md, "Representing Changes"; they
// are those of aufs).
const (
	whiteoutPrefix = ".wh."
	whiteoutOpaque = ".wh..wh..opq"
	whiteoutMeta   = ".wh..wh." // .wh..wh.plnk, .wh..wh.aufs: aufs's own, no files
)

// whiteout removes what lower layers put at a name, or in a directory; what
// this layer made stays, whichever comes first in the archive.
func (a *adding) whiteout(dir, name string) error {
	hidden := strings.TrimPrefix(name, whiteoutPrefix)
	switch {
	case name != whiteoutOpaque && strings.HasPrefix(name, whiteoutMeta):
		return nil
	case hidden == "" || hidden == "." || hidden == "..":
		return fmt.Errorf("entry %q: a whiteout has to name a file", join(dir, name))
	}
	here, ok, err := a.existing(dir)
	if err != nil || !ok {
		return err
	}
	if name == whiteoutOpaque {
		return a.emptyLower(here)
	}
	return a.removeLower(here, hidden)
}

// existing is enter for a directory that need not be there: a whiteout in none
// has nothing to hide.
func (a *adding) existing(dir string) (*place, bool, error) {
	_, err := a.at[0].root.Stat(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, false, nil
	}
	here, err := a.enter(dir)
	return here, err == nil, err
}

func (a *adding) removeLower(here *place, name string) error {
	p := join(here.path, name)
	if !a.touched[p] {
		return a.remove(here, name)
	}
	fi, err := here.root.Lstat(name)
	if err != nil || !fi.IsDir() {
		return nil // this layer's own
	}
	below, err := a.enter(p)
	if err != nil {
		return err
	}
	return a.emptyLower(below)
}

func (a *adding) emptyLower(here *place) error {
	names, err := list(here.root)
	if err != nil {
		return err
	}
	dir := here.path
	for _, name := range names {
		here, err := a.enter(dir) // a removal below may have closed it
		if err != nil {
			return err
		}
		if err := a.removeLower(here, name); err != nil {
			return err
		}
	}
	return nil
}
