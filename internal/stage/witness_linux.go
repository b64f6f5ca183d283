package stage

import (
	"os"
	"os/signal"
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

// watched are the signals that end a process or that programs give a meaning;
// the init survives them. The others are rare, and each one that is watched
// costs a start some time.
var watched = []os.Signal{
	syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGALRM,
}

// watch takes the signals as long as the init lives.
func (w *witness) watch() {
	ch := make(chan os.Signal, 64)
	signal.Notify(ch, watched...)
	for s := range ch {
		w.mu.Lock()
		w.seen[s.(syscall.Signal)] = time.Now()
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
