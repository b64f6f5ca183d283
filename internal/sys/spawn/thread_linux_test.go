package spawn

import (
	"runtime"
	"syscall"
	"testing"
)

// A goroutine that is started from the first thread has to leave it.
func TestOnThreadLeavesTheFirstThread(t *testing.T) {
	for range 200 {
		first := false
		OnThread(func() { first = syscall.Gettid() == syscall.Getpid() })
		if first {
			t.Fatal("called in the first thread")
		}
		runtime.Gosched()
	}
}
