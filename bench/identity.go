//go:build linux

package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"os/user"
	"strconv"
	"syscall"
)

// identity is who runs the measured commands. Root is refused unless asked
// for: a sandbox that root starts takes other paths in the kernel than the one
// that people use, and permission checks cost it less.
type identity struct {
	name string
	cred *syscall.Credential // nil: as ourselves
}

func chooseIdentity(name string, asRoot bool) (identity, error) {
	me, err := user.Current()
	if err != nil {
		return identity{}, err
	}
	if os.Geteuid() != 0 || asRoot {
		if name != "" && name != me.Username {
			return identity{}, fmt.Errorf("-user %s: measuring as %s", name, me.Username)
		}
		return identity{name: me.Username}, nil
	}
	return lookUp(cmp.Or(name, os.Getenv("SUDO_USER"), "nobody"))
}

func lookUp(name string) (identity, error) {
	u, err := user.Lookup(name)
	if err != nil {
		return identity{}, err
	}
	uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
	gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
	if err := errors.Join(err1, err2); err != nil {
		return identity{}, err
	}
	if uid == 0 {
		return identity{}, errors.New("measuring as root: give -user NAME, or -as-root if that is what you want")
	}
	return identity{name, &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}, nil
}

// own gives path to the identity.
func (id identity) own(path string) error {
	if id.cred == nil {
		return nil
	}
	return os.Chown(path, int(id.cred.Uid), int(id.cred.Gid))
}
