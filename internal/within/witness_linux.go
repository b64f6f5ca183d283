package within

import (
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// held are the signals that the program in front, and the inner process, are not to
// end or stop by: they are for the command. The caller starts both with these
// blocked, as one cannot ignore them for a child alone.
var held = []syscall.Signal{
	syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGUSR1, syscall.SIGUSR2,
	syscall.SIGALRM, syscall.SIGWINCH, syscall.SIGTSTP, syscall.SIGTTIN, syscall.SIGTTOU,
}

// heldSet are the held signals but those in the mask (bit n for signal n).
func heldSet(but uint64) *unix.Sigset_t {
	var set unix.Sigset_t
	for _, s := range held { // all below 32, and so in the first word of any architecture
		if but&(1<<s) == 0 {
			set.Val[0] |= 1 << (s - 1)
		}
	}
	return &set
}

// block blocks the held signals in the calling thread, and in what it starts, and
// returns those of them that were blocked before.
func block() (blocked uint64, err error) {
	var old unix.Sigset_t
	err = unix.PthreadSigmask(unix.SIG_BLOCK, heldSet(0), &old)
	for _, s := range held {
		if old.Val[0]&(1<<(s-1)) != 0 {
			blocked |= 1 << s
		}
	}
	return blocked, os.NewSyscallError("rt_sigprocmask", err)
}

// unblock undoes it, but for what was blocked before.
func unblock(blocked uint64) error {
	return os.NewSyscallError("rt_sigprocmask", unix.PthreadSigmask(unix.SIG_UNBLOCK, heldSet(blocked), nil))
}

// witness remembers which signals the inner process got itself. It is in the
// process group of the caller and of the command: a signal that came to the caller
// and to it was sent to the group (by a terminal), so the command has it already.
type witness struct {
	mu   sync.Mutex
	seen map[syscall.Signal]time.Time
}

const (
	// grace is how long its own copy of a signal to the group may take.
	grace = 20 * time.Millisecond
	// memory is how long ago the copy may have come.
	memory = time.Second
)

// newWitness catches the signals. What is ignored stays so in the command: nohup(1).
func newWitness() *witness {
	w := &witness{seen: map[syscall.Signal]time.Time{}}
	ch := make(chan os.Signal, 64)
	for _, s := range held {
		if !signal.Ignored(s) {
			signal.Notify(ch, s)
		}
	}
	go func() {
		for s := range ch {
			w.mu.Lock()
			w.seen[s.(syscall.Signal)] = time.Now()
			w.mu.Unlock()
		}
	}()
	return w
}

// forget forgets what came before the command was there.
func (w *witness) forget() {
	w.mu.Lock()
	defer w.mu.Unlock()
	clear(w.seen)
}

// deliver sends the signal to the command unless the group got it.
func (w *witness) deliver(pid int, sig syscall.Signal) {
	time.Sleep(grace)
	w.mu.Lock()
	at, seen := w.seen[sig]
	delete(w.seen, sig)
	w.mu.Unlock()
	if !seen || time.Since(at) >= memory {
		syscall.Kill(pid, sig)
	}
}
