package features

import (
	"runtime"

	"golang.org/x/sys/unix"
)

// onThread runs f on an OS thread that ends afterwards, so that f may change the thread for ever.
func onThread(f func() error) error {
	done := make(chan error, 1)
	go lockedFor(func() { done <- f() })
	return <-done
}

// lockedFor runs f on a locked thread that is never unlocked: the runtime ends the thread with the goroutine. It cannot
// end the first thread of the process, and what /proc/PID shows is that thread's; so while this goroutine holds that
// one, another does the work.
func lockedFor(f func()) {
	runtime.LockOSThread()
	if unix.Gettid() != unix.Getpid() {
		f()
		return
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		lockedFor(f)
	}()
	<-done
	runtime.UnlockOSThread()
}
