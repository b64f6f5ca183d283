package supervisor

import (
	"sync"

	"golang.org/x/sys/unix"
)

// waiting are the sockets on which a call may be blocked here.
type waiting struct {
	mu   sync.Mutex
	fds  map[int]bool
	over bool
}

// add notes a socket; false: the run is over.
func (w *waiting) add(fd int) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.over {
		return false
	}
	if w.fds == nil {
		w.fds = map[int]bool{}
	}
	w.fds[fd] = true
	return true
}

func (w *waiting) remove(fd int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.fds, fd)
}

// end lets nobody wait any longer.
func (w *waiting) end() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.over = true
	for fd := range w.fds {
		unix.Shutdown(fd, unix.SHUT_RDWR)
	}
}
