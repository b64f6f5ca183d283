package within

import (
	"runtime"
	"testing"

	"golang.org/x/sys/unix"
)

// A goroutine that is started from the first thread has to leave it.
func TestOnThreadLeavesTheFirstThread(t *testing.T) {
	for range 200 {
		first := false
		OnThread(func() { first = unix.Gettid() == unix.Getpid() })
		if first {
			t.Fatal("called in the first thread")
		}
		runtime.Gosched()
	}
}
