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
	// ready is closed once the signals are caught.
	ready chan struct{}
	// begun is when the command was started. What came before, it has not got.
	begun time.Time
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
var watched = []syscall.Signal{
	syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGALRM,
	syscall.SIGWINCH,
	// Stopped, the init could not tell that the command is; in a pid namespace the
	// kernel sees to that.
	syscall.SIGTSTP, syscall.SIGTTIN, syscall.SIGTTOU,
}

// watch takes the signals as long as the init lives.
func (w *witness) watch() {
	ch := make(chan os.Signal, 64)
	for _, s := range watched {
		// What is ignored stays ignored in the command, which is started later: nohup(1).
		if !signal.Ignored(s) {
			signal.Notify(ch, s)
		}
	}
	close(w.ready)
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
	// One that came during the set-up may be noticed a moment later.
	if seen && time.Since(at) < memory && at.Sub(w.begun) > grace {
		return
	}
	syscall.Kill(pid, sig)
}
