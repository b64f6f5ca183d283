package executor

import (
	"errors"
	"fmt"
	"math"
	"os"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// launch starts a program from a thread that has descriptors and, if there is a
// prepare, a root, a working directory and mounts of its own. So prepare may
// change these by plain system calls, and the descriptors that this process
// inherited can be marked to be closed, for the program only.
func launch(prepare func() (string, error), argv []string, attr *syscall.ProcAttr) (pid int, err error) {
	once := func() { pid, err = launchHere(prepare, argv, attr) }
	inThread(once)
	return pid, err
}

// inThread calls f in a thread that ends after it, as the goroutine ends locked
// to it (runtime.LockOSThread). The process's first thread does not end, and
// /proc/self shows its descriptors and root as those of the process: if the
// goroutine came upon that one, it keeps it until another goroutine, which
// cannot come upon it then, is done.
func inThread(f func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread()
		if unix.Gettid() == unix.Getpid() {
			defer runtime.UnlockOSThread()
			inThread(f)
			return
		}
		f()
	}()
	<-done
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
