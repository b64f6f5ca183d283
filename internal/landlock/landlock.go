//go:build linux

// Package landlock puts the calling thread under a Landlock ruleset made from
// a policy's paths: the second wall behind read-only mounts, and the first
// where there is no mount namespace.
//
// Landlock has no say over chmod, chown, utime, extended attributes, stat,
// chdir and unix sockets with a path (landlock(7)); others must hold those.
package landlock

import (
	"errors"
	"fmt"
	"os"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/sys"
)

// Rules says what stays allowed. Everything else that Landlock can refuse is refused.
type Rules struct {
	// Write holds the paths at and beneath which files may be written,
	// created and removed. A path that is not there is an error.
	Write []string
	// Devices may be opened for writing, those that are there.
	Devices []string
	// WriteFiles are descriptors, of regular files, that may be opened again for writing.
	WriteFiles []int
	// Read holds what may be read and listed; nil leaves reading alone.
	Read []string
	// Exec holds what may be executed; nil leaves execution alone.
	Exec []string
	// AnyWrite leaves writing alone.
	AnyWrite bool
	// Scope keeps signals and abstract unix sockets inside (ABI 6). Where the
	// kernel cannot, Restrict gives ErrScope.
	Scope bool
}

// ErrScope says that the kernel cannot keep signals and abstract unix sockets inside.
var ErrScope = errors.New("landlock: no scope for signals and abstract unix sockets (ABI 6 is needed)")

const (
	readRights = unix.LANDLOCK_ACCESS_FS_READ_FILE | unix.LANDLOCK_ACCESS_FS_READ_DIR
	execRights = unix.LANDLOCK_ACCESS_FS_EXECUTE
	// fileRights are those that a rule on a file, not a directory, may carry.
	fileRights = unix.LANDLOCK_ACCESS_FS_READ_FILE | unix.LANDLOCK_ACCESS_FS_WRITE_FILE |
		unix.LANDLOCK_ACCESS_FS_EXECUTE | unix.LANDLOCK_ACCESS_FS_TRUNCATE
	writeRights1 = unix.LANDLOCK_ACCESS_FS_WRITE_FILE | unix.LANDLOCK_ACCESS_FS_REMOVE_DIR |
		unix.LANDLOCK_ACCESS_FS_REMOVE_FILE | unix.LANDLOCK_ACCESS_FS_MAKE_CHAR |
		unix.LANDLOCK_ACCESS_FS_MAKE_DIR | unix.LANDLOCK_ACCESS_FS_MAKE_REG |
		unix.LANDLOCK_ACCESS_FS_MAKE_SOCK | unix.LANDLOCK_ACCESS_FS_MAKE_FIFO |
		unix.LANDLOCK_ACCESS_FS_MAKE_BLOCK | unix.LANDLOCK_ACCESS_FS_MAKE_SYM
)

// writeRights returns the rights to write that a kernel of this ABI knows.
func writeRights(abi int) uint64 {
	rights := uint64(writeRights1)
	if abi >= 2 {
		rights |= unix.LANDLOCK_ACCESS_FS_REFER
	}
	if abi >= 3 {
		rights |= unix.LANDLOCK_ACCESS_FS_TRUNCATE
	}
	return rights
}

// Restrict puts the calling thread, which the caller has locked, and what it
// starts from then on under the rules. It needs no_new_privs.
func Restrict(r Rules) error {
	abi, err := sys.LandlockABI()
	if err != nil {
		return err
	}
	if r.Scope && abi < 6 {
		return ErrScope
	}
	fd, err := sys.LandlockCreateRuleset(r.attr(abi))
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	if err := r.fill(fd, abi); err != nil {
		return err
	}
	return sys.LandlockRestrictSelf(fd)
}

func (r Rules) attr(abi int) *unix.LandlockRulesetAttr {
	attr := &unix.LandlockRulesetAttr{}
	if !r.AnyWrite {
		attr.Handled_access_fs |= writeRights(abi)
	}
	if r.Read != nil {
		attr.Handled_access_fs |= readRights
	}
	if r.Exec != nil {
		attr.Handled_access_fs |= execRights
	}
	if r.AnyWrite && abi >= 2 {
		// Moving between directories is what every ruleset denies, handled or
		// not, unless a rule allows it (landlock(7)); fill has that rule.
		attr.Handled_access_fs |= unix.LANDLOCK_ACCESS_FS_REFER
	}
	if r.Scope {
		attr.Scoped = unix.LANDLOCK_SCOPE_SIGNAL | unix.LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET
	}
	return attr
}

func (r Rules) fill(ruleset, abi int) error {
	handled := r.attr(abi).Handled_access_fs
	devices := slices.DeleteFunc(slices.Clone(r.Devices), func(path string) bool {
		_, err := os.Stat(path)
		return err != nil
	})
	groups := []struct {
		paths  []string
		rights uint64
	}{
		{devices, writeRights(abi)},
		{r.Write, writeRights(abi)},
		{r.Read, readRights},
		{r.Exec, execRights},
	}
	if r.AnyWrite {
		groups = append(groups, struct {
			paths  []string
			rights uint64
		}{[]string{"/"}, unix.LANDLOCK_ACCESS_FS_REFER})
	}
	for _, g := range groups {
		for _, path := range g.paths {
			if err := allow(ruleset, path, g.rights&handled); err != nil {
				return err
			}
		}
	}
	rights := writeRights(abi) & fileRights & handled
	for _, fd := range r.WriteFiles {
		if rights == 0 {
			break // a rule without a right is an error
		}
		if err := sys.LandlockAddPath(ruleset, fd, rights); err != nil {
			return fmt.Errorf("descriptor %d: %w", fd, err)
		}
	}
	return nil
}

func allow(ruleset int, path string, rights uint64) error {
	if rights == 0 {
		return nil
	}
	fd, err := unix.Open(path, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		return &os.PathError{Op: "open", Path: path, Err: err}
	}
	defer unix.Close(fd)
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return &os.PathError{Op: "stat", Path: path, Err: err}
	}
	if st.Mode&unix.S_IFMT != unix.S_IFDIR {
		if rights &= fileRights; rights == 0 {
			return nil
		}
	}
	if err := sys.LandlockAddPath(ruleset, fd, rights); err != nil {
		return &os.PathError{Op: "landlock_add_rule", Path: path, Err: err}
	}
	return nil
}
