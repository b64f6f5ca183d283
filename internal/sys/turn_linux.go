package sys

import (
	"runtime"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
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

// Nap has the thread sleep without Go's scheduler being told, as for what takes a moment only: its monitor would wake up for
// each. The garbage collector waits for it. A signal ends it early.
func Nap(d time.Duration) {
	t := unix.NsecToTimespec(d.Nanoseconds())
	unix.RawSyscall(unix.SYS_NANOSLEEP, uintptr(unsafe.Pointer(&t)), 0, 0)
}

// Background gives the goroutine a thread of its own, for good, that gives way to all others where there are some: a
// thread of the usual priority keeps one that wakes up behind it waiting for up to 4 ms, though another processor be
// idle (setpriority(2): of a thread, on Linux). It gets a tenth of a processor still when all are busy.
func Background() {
	runtime.LockOSThread()
	const nice = 10
	_ = unix.Setpriority(unix.PRIO_PROCESS, unix.Gettid(), nice)
}
