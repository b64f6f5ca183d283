package executor

import (
	"errors"
	"fmt"
	"math"
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/sys/spawn"
)

// launch starts a program from a thread that has descriptors and, if there is a
// prepare, a root, a working directory and mounts of its own. So prepare may
// change these by plain system calls, and the descriptors that this process
// inherited can be marked to be closed, for the program only. The thread lives until
// over is closed: it is what bwrap's --die-with-parent is about (PR_SET_PDEATHSIG of prctl(2)).
func launch(prepare func() (string, error), argv []string, attr *syscall.ProcAttr, over <-chan struct{}) (pid int, err error) {
	launched := make(chan struct{})
	go spawn.OnThread(func() {
		pid, err = launchHere(prepare, argv, attr)
		// Its copies of descriptors would keep pipes open (close_range: Linux 5.9).
		alone := err == nil && unix.CloseRange(0, math.MaxInt32, 0) == nil
		close(launched)
		if alone {
			<-over
		}
	})
	<-launched
	return pid, err
}

func launchHere(prepare func() (string, error), argv []string, attr *syscall.ProcAttr) (int, error) {
	if err := unix.Unshare(unix.CLONE_FILES | unix.CLONE_FS); err != nil {
		return 0, fmt.Errorf("unshare descriptors: %w", err)
	}
	// Linux before 5.11 has no CLOSE_RANGE_CLOEXEC.
	if err := unix.CloseRange(3, math.MaxInt32, unix.CLOSE_RANGE_CLOEXEC); err != nil && !errors.Is(err, unix.ENOSYS) && !errors.Is(err, unix.EINVAL) {
		return 0, fmt.Errorf("close_range: %w", err)
	}
	return launchPrepared(prepare, argv, attr)
}

// isTerminal asks as isatty(3) does.
func isTerminal(f *os.File) bool {
	_, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	return err == nil
}
