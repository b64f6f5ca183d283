package spawn

import (
	"runtime"
	"syscall"
)

// OnThread calls f in a thread that ends after it, as the goroutine ends locked
// to it (runtime.LockOSThread). The process's first thread does not end, and
// /proc/self shows its descriptors and root as those of the process: if the
// goroutine came upon that one, it keeps it until another goroutine, which
// cannot come upon it then, is done.
func OnThread(f func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread()
		if syscall.Gettid() == syscall.Getpid() {
			defer runtime.UnlockOSThread()
			OnThread(f)
			return
		}
		f()
	}()
	<-done
}
