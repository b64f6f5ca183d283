//go:build unix && !linux

package executor

import (
	"os"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// launch starts a program. The descriptors that this process inherited are
// marked to be closed for it, and with it for any other that this process starts.
func launch(prepare func() (string, error), argv []string, attr *syscall.ProcAttr, _ <-chan struct{}) (int, error) {
	entries, err := os.ReadDir("/dev/fd")
	if err != nil {
		return 0, err
	}
	for _, e := range entries {
		if fd, err := strconv.Atoi(e.Name()); err == nil && fd > 2 {
			syscall.CloseOnExec(fd)
		}
	}
	return launchPrepared(prepare, argv, attr)
}

// isTerminal asks as isatty(3) does.
func isTerminal(f *os.File) bool {
	_, err := unix.IoctlGetTermios(int(f.Fd()), unix.TIOCGETA)
	return err == nil
}
