package stage

import (
	"os"
	"sync"
	"syscall"
	"time"
)

// witness remembers which signals the init got itself. The init is in the
// process group of the caller and of the command: a signal that came to the
// caller and to the init was sent to the group (by a terminal, or by
// kill(2) with a negative pid), so the command has it already. One that came to
// the caller alone has to be passed on.
type witness struct {
	mu   sync.Mutex
	seen map[syscall.Signal]time.Time
}

const (
	// grace is how long the init's copy of a signal to the group may take.
	grace = 20 * time.Millisecond
	// memory is how long ago the copy may have come.
	memory = time.Second
)

func newWitness() *witness {
	w := &witness{seen: map[syscall.Signal]time.Time{}}
	go w.watch(catchAll())
	return w
}

func (w *witness) watch(ch <-chan os.Signal) {
	for s := range ch {
		sig, ok := s.(syscall.Signal)
		if !ok || sig == syscall.SIGCHLD || sig == syscall.SIGURG {
			continue
		}
		w.mu.Lock()
		w.seen[sig] = time.Now()
		w.mu.Unlock()
	}
}

// deliver sends the signal to the command unless the group got it.
func (w *witness) deliver(pid int, sig syscall.Signal) {
	time.Sleep(grace)
	w.mu.Lock()
	at, seen := w.seen[sig]
	delete(w.seen, sig)
	w.mu.Unlock()
	if seen && time.Since(at) < memory {
		return
	}
	syscall.Kill(pid, sig)
}
