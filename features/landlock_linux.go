package features

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/sys"
)

const device = "/dev/null"

func landlockABI() (int, error) {
	abi, err := sys.LandlockABI()
	if err != nil {
		return 0, &Error{Feature: "landlock", Err: verdict("version", err)}
	}
	return abi, nil
}

// restrict puts this thread under a ruleset that handles attr and allows access beneath path, or nothing if path is "".
func restrict(attr unix.LandlockRulesetAttr, path string, access uint64) error {
	ruleset, err := sys.LandlockCreateRuleset(&attr)
	if err != nil {
		return verdict("create", err)
	}
	if !ours(ruleset) {
		return noEffect("create", nil)
	}
	defer unix.Close(ruleset)
	if path != "" {
		if err := allow(ruleset, path, access); err != nil {
			return err
		}
	}
	if err := noNewPrivs(); err != nil {
		return err
	}
	return verdict("restrict", sys.LandlockRestrictSelf(ruleset))
}

func allow(ruleset int, path string, access uint64) error {
	fd, err := unix.Open(path, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("open %s: %w", path, err)
	}
	defer unix.Close(fd)
	return verdict("add rule", sys.LandlockAddPath(ruleset, fd, access))
}

func noNewPrivs() error {
	return verdict("no_new_privs", unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
}

// A denial is an act that a restriction must deny.
type denial struct {
	attr    unix.LandlockRulesetAttr
	want    unix.Errno   // what act gives under the restriction
	without []unix.Errno // what act may give without it, besides success
	act     func() error
}

// probe does the act on a thread of its own, without the restriction and with it.
func (d denial) probe() error {
	return onThread(func() error {
		if err := d.act(); err != nil && !slices.ContainsFunc(d.without, func(e unix.Errno) bool { return errors.Is(err, e) }) {
			return fmt.Errorf("without restriction: %w", err)
		}
		if err := restrict(d.attr, "", 0); err != nil {
			return err
		}
		return deniedNow(d.want, d.act())
	})
}

func deniedNow(want unix.Errno, err error) error {
	if !errors.Is(err, want) {
		return noEffect("restrict", err)
	}
	return nil
}

func probeLandlock() error {
	attr := unix.LandlockRulesetAttr{Handled_access_fs: unix.LANDLOCK_ACCESS_FS_READ_FILE | unix.LANDLOCK_ACCESS_FS_WRITE_FILE}
	return onThread(func() error {
		if err := openClose(unix.O_RDWR); err != nil {
			return err
		}
		if err := restrict(attr, device, unix.LANDLOCK_ACCESS_FS_READ_FILE); err != nil {
			return err
		}
		if err := openClose(unix.O_RDONLY); err != nil {
			return verdict("open what is allowed", err)
		}
		return deniedNow(unix.EACCES, openClose(unix.O_WRONLY))
	})
}

func openClose(flags int) error {
	fd, err := unix.Open(device, flags|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("open %s: %w", device, err)
	}
	return unix.Close(fd)
}

func probeLandlockRefer() error {
	dir, err := os.MkdirTemp("", probeName)
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	a, b := filepath.Join(dir, "a"), filepath.Join(dir, "b")
	if err := errors.Join(os.Mkdir(a, 0o700), os.Mkdir(b, 0o700), os.WriteFile(filepath.Join(a, "1"), nil, 0o600)); err != nil {
		return err
	}
	if err := os.Link(filepath.Join(a, "1"), filepath.Join(b, "1")); err != nil {
		return err
	}
	return onThread(func() error { return refersOnlyIfAllowed(dir, a, b) })
}

func refersOnlyIfAllowed(dir, a, b string) error {
	attr := unix.LandlockRulesetAttr{Handled_access_fs: unix.LANDLOCK_ACCESS_FS_REFER}
	if err := restrict(attr, dir, unix.LANDLOCK_ACCESS_FS_REFER); err != nil {
		return err
	}
	if err := os.Link(filepath.Join(a, "1"), filepath.Join(b, "2")); err != nil {
		return verdict("link where it is allowed", err)
	}
	if err := restrict(attr, "", 0); err != nil {
		return err
	}
	return deniedNow(unix.EXDEV, os.Link(filepath.Join(a, "1"), filepath.Join(b, "3")))
}

func probeLandlockTruncate() error {
	f, err := os.CreateTemp("", probeName)
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	defer f.Close()
	return denial{
		attr: unix.LandlockRulesetAttr{Handled_access_fs: unix.LANDLOCK_ACCESS_FS_TRUNCATE},
		want: unix.EACCES,
		act:  func() error { return os.Truncate(f.Name(), 0) },
	}.probe()
}

func probeLandlockIoctlDev() error {
	return denial{
		attr:    unix.LandlockRulesetAttr{Handled_access_fs: unix.LANDLOCK_ACCESS_FS_IOCTL_DEV},
		want:    unix.EACCES,
		without: []unix.Errno{unix.ENOTTY}, // it reached the device
		act:     ioctlDevice,
	}.probe()
}

// ioctlDevice opens the device each time: what Landlock allows is decided when a file is opened.
func ioctlDevice() error {
	fd, err := unix.Open(device, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("open %s: %w", device, err)
	}
	defer unix.Close(fd)
	_, err = unix.IoctlGetTermios(fd, unix.TCGETS)
	return err
}
