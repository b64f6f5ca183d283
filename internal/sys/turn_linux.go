package sys

import (
	"runtime"
	"time"
)

// Turn is for a goroutine that is locked to its thread and does nothing but system calls. Go's
// scheduler counts it as running without a break; after 10 ms (forcePreemptNS in
// runtime/proc.go) its monitor takes the processor away at each call that it meets, and does
// not go to sleep any more: it wakes up thousands of times a second. Its zero value is ready.
type Turn struct{ began time.Time }

// turn is a little less than the scheduler allows.
const turn = 8 * time.Millisecond

// Give lets the scheduler have a look if it is time for it. It is called before each wait.
func (t *Turn) Give() {
	now := time.Now()
	if t.began.IsZero() {
		t.began = now
	}
	if now.Sub(t.began) >= turn {
		runtime.Gosched()
		t.began = time.Now()
	}
}
