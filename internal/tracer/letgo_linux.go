package tracer

import (
	"maps"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/sys"
)

// Follows tells whether a thread is traced.
func (t *Tracer) Follows(tid int) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.threads[tid] != nil
}

// Threads lists what is traced.
func (t *Tracer) Threads() []int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Collect(maps.Keys(t.threads))
}

// LetGo gives a thread up, for somebody else to trace it; what it does from then on is
// not seen. It returns when that is done, or when it will be as soon as the thread
// comes to run: what holds it is up to the caller then. A thread that nothing holds is
// waited for longer than a busy machine needs to have it run. false: it stays traced.
func (t *Tracer) LetGo(tid int, held bool) bool {
	done := t.ask(tid)
	patience := time.Second
	if held {
		patience = 20 * time.Millisecond
	}
	for end := time.Now().Add(patience); time.Now().Before(end); {
		// Again, as the tracer may have been on its way into its wait.
		t.mu.Lock()
		_ = unix.Tgkill(unix.Getpid(), t.waiter, sys.Wake)
		t.mu.Unlock()
		select {
		case <-done:
			return true
		case <-time.After(time.Millisecond):
		}
	}
	return t.interrupted(tid)
}

// interrupted tells whether the thread was told to stop, and gives up if it was not.
func (t *Tracer) interrupted(tid int) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	i := slices.Index(t.asked, tid)
	if i < 0 {
		return true
	}
	t.asked = slices.Delete(t.asked, i, i+1)
	t.gone(tid)
	return false
}

func (t *Tracer) ask(tid int) <-chan struct{} {
	t.mu.Lock()
	defer t.mu.Unlock()
	done, ok := t.leaving[tid]
	if !ok {
		done = make(chan struct{})
		t.leaving[tid] = done
	}
	t.asked = append(t.asked, tid)
	return done
}

// interrupt stops those that are to be let go.
func (t *Tracer) interrupt() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, tid := range t.asked {
		if t.threads[tid] == nil || unix.PtraceInterrupt(tid) != nil {
			t.gone(tid)
		}
	}
	t.asked = nil
}

// leaves detaches a thread that is to be let go, and has stopped for it. One that is
// stopped with its process stays so.
func (t *Tracer) leaves(tid int) bool {
	if _, ok := t.leaving[tid]; !ok {
		return false
	}
	_ = unix.PtraceDetach(tid)
	delete(t.threads, tid)
	t.gone(tid)
	return true
}

// gone tells who waits that the thread is not traced, or not any more.
func (t *Tracer) gone(tid int) {
	if done, ok := t.leaving[tid]; ok {
		delete(t.leaving, tid)
		close(done)
	}
}
