package features

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/sys"
)

func probeOpenat2() error {
	root, err := unix.Open("/", unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("open /: %w", err)
	}
	defer unix.Close(root)
	how := unix.OpenHow{Flags: unix.O_PATH | unix.O_CLOEXEC, Resolve: unix.RESOLVE_BENEATH}
	// What must fail comes first: a descriptor that the kernel did not make is not ours to close.
	if _, err := unix.Openat2(root, "..", &how); !errors.Is(err, unix.EXDEV) {
		return verdictOrNoEffect("open the parent", err)
	}
	fd, err := unix.Openat2(root, ".", &how)
	if err != nil {
		return verdict("open", err)
	}
	return unix.Close(fd)
}

func probeFchmodat2() error {
	fd, err := memfd()
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	const mode = 0o604
	if err := sys.Fchmodat2(fd, "", mode, unix.AT_EMPTY_PATH); err != nil {
		return verdict("change", err)
	}
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil || st.Mode&0o7777 != mode {
		return noEffect("change", err)
	}
	return nil
}

// probeCloseRange works on a table of descriptors that its thread has for itself: a number that is closed in the
// common one can be another file's a moment later.
func probeCloseRange() error {
	fd, err := memfd()
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	return onThread(func() error {
		if err := unix.CloseRange(uint(fd), uint(fd), unix.CLOSE_RANGE_UNSHARE); err != nil {
			return verdict("close", err)
		}
		if _, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); !errors.Is(err, unix.EBADF) {
			return noEffect("close", err)
		}
		return nil
	})
}
