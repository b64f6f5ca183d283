package executor

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox"
	"github.com/catbox-go/catbox/internal/sys"
)

// may tells whether this process has the capability (capabilities(7)).
func may(capability int) bool {
	caps, err := sys.Caps()
	return err == nil && caps&(1<<capability) != 0
}

func mayChroot() error {
	if !may(unix.CAP_SYS_CHROOT) {
		return errNeedsRoot
	}
	return nil
}

// chrootMounts: with CAP_SYS_ADMIN the command has a mount namespace of its own,
// whatever is asked, so that the kernel undoes the mounts however it ends.
func chrootMounts() []Isolation {
	if may(unix.CAP_SYS_ADMIN) {
		return []Isolation{Undefined, Isolated}
	}
	return []Isolation{Undefined}
}

func chrootTypes() []string {
	if may(unix.CAP_SYS_ADMIN) {
		return []string{"any"}
	}
	return nil
}

// superviseChroot tells whether catbox can stand in front of the command, for which
// the run needs a mount namespace.
func superviseChroot(c Capabilities) Capabilities {
	if !may(unix.CAP_SYS_ADMIN) {
		return c
	}
	return supervisable(c)
}

// Command is that of Supervised.
func (c *Chroot) Command(ctx context.Context, spec Spec) (*catbox.Cmd, error) {
	return supervised(ctx, c, spec, func(s *Spec) *catbox.Wrapper {
		return &catbox.Wrapper{Name: "chroot", Prepare: func() error { return privateMounts(s) }}
	})
}

func (c *Chroot) runSupervised(ctx context.Context, spec Spec) (Result, error) {
	return runSupervised(ctx, c, spec, c.Configure)
}

func runChroot(ctx context.Context, s *Spec) (Result, error) {
	p := &process{spec: s, argv: s.Command, prepare: func() (string, error) { return enterRoot(s) }}
	return p.run(ctx)
}

// enterRoot puts the calling thread into the root, with the mounts, and returns
// the path of the program there. Nothing else of this process is moved, as the
// thread has a root and a working directory of its own (launch).
func enterRoot(s *Spec) (string, error) {
	if may(unix.CAP_SYS_ADMIN) {
		if err := privateMounts(s); err != nil {
			return "", err
		}
	}
	if err := unix.Chroot(s.Root); err != nil {
		return "", &os.PathError{Op: "chroot", Path: s.Root, Err: err}
	}
	if err := unix.Chdir(s.Dir); err != nil {
		return "", &SpecError{"Dir", s.Dir, "a directory that is in the root (" + err.Error() + ")"}
	}
	return s.lookProgram(os.Stat)
}

// privateMounts makes the extra mounts, in a mount namespace of the thread's own.
func privateMounts(s *Spec) error {
	if err := unix.Unshare(unix.CLONE_NEWNS); err != nil {
		return fmt.Errorf("unshare mounts: %w", err)
	}
	if err := unix.Mount("none", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("make mounts private: %w", err)
	}
	for _, m := range s.ExtraMounts {
		target, err := s.mountTarget(m)
		if err == nil {
			err = mount(m, target)
		}
		if err != nil {
			return fmt.Errorf("mount %s: %w", m, err)
		}
	}
	return nil
}

// mountFlags are the options of mount(8) that are flags of mount(2).
var mountFlags = map[string]uintptr{
	"bind": unix.MS_BIND, "rbind": unix.MS_BIND | unix.MS_REC, "remount": unix.MS_REMOUNT,
	"ro": unix.MS_RDONLY, "nosuid": unix.MS_NOSUID, "nodev": unix.MS_NODEV, "noexec": unix.MS_NOEXEC,
	"sync": unix.MS_SYNCHRONOUS, "dirsync": unix.MS_DIRSYNC, "noatime": unix.MS_NOATIME,
	"nodiratime": unix.MS_NODIRATIME, "relatime": unix.MS_RELATIME, "strictatime": unix.MS_STRICTATIME,
}

// noFlags are the options that ask for what is so anyway.
var noFlags = []string{"defaults", "rw", "suid", "dev", "exec", "async", "auto", "noauto", "nofail"}

// parseOptions splits options into the flags of mount(2) and what the file
// system is told.
func parseOptions(options []string) (flags uintptr, data string) {
	var rest []string
	for _, o := range options {
		flag, known := mountFlags[o]
		flags |= flag
		if !known && o != "" && !slices.Contains(noFlags, o) {
			rest = append(rest, o)
		}
	}
	return flags, strings.Join(rest, ",")
}

// mount does what mount(8) does. The flags of a bind are set by a second call:
// the one that binds ignores them (mount(2)).
func mount(m Mount, target string) error {
	flags, data := parseOptions(m.Options)
	source, kind := m.Source, m.Type
	if empty(kind) {
		kind = ""
	}
	if empty(source) {
		source = kind
	}
	if m.Has("remount") {
		// Of this mount, not of its file system, which others use too.
		return unix.Mount("", target, "", flags|unix.MS_BIND, "")
	}
	if err := unix.Mount(source, target, kind, flags, data); err != nil {
		return err
	}
	const binds = unix.MS_BIND | unix.MS_REC
	if !isBind(m) || flags&^binds == 0 {
		return nil
	}
	return unix.Mount("", target, "", flags&^unix.MS_REC|unix.MS_REMOUNT, "")
}
