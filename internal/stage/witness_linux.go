package stage

import (
	"encoding/binary"
	"os"
	"os/signal"
	"slices"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/sys"
	"github.com/catbox-go/catbox/internal/sys/spawn"
)

// witness remembers which signals the init got itself. The init is in the
// process group of the caller and of the command: a signal that came to the
// caller and to the init was sent to the group (by a terminal, or by
// kill(2) with a negative pid), so the command has it already. One that came to
// the caller alone has to be passed on.
//
// The caller starts the init with these signals blocked, and the witness reads
// them from a descriptor: to have each of them caught by Go's runtime takes a
// noticeable part of a start. Those that end a Go program are caught by it all
// the same, as the runtime unblocks them in its threads.
type witness struct {
	mu     sync.Mutex
	seen   map[syscall.Signal]time.Time
	caught chan struct{} // closed when those of the runtime are caught
}

const (
	// grace is how long the init's copy of a signal to the group may take.
	grace = 20 * time.Millisecond
	// memory is how long ago the copy may have come.
	memory = time.Second
)

// unblockable and handled are how many of those that are spawn.Watched Go's runtime
// unblocks, and how many it handles by itself.
const (
	unblockable = 4
	handled     = 8
)

// catch has the runtime catch what it unblocks, and what would stop the init while the
// command is being started (withUnblocked): a command can stop its group at once. Process 1
// of a pid namespace is stopped by nobody in it.
func (w *witness) catch() {
	caught := spawn.Watched[:unblockable]
	if os.Getpid() != 1 {
		caught = slices.Concat(caught, spawn.Watched[handled:])
	}
	ch := make(chan os.Signal, 64)
	for _, s := range caught {
		// What is ignored stays ignored in the command, which is started later: nohup(1).
		if !signal.Ignored(s) {
			signal.Notify(ch, s)
		}
	}
	close(w.caught)
	for s := range ch {
		w.saw(s.(syscall.Signal))
	}
}

func (w *witness) saw(s syscall.Signal) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.seen[s] = time.Now()
}

// watchedSet are the watched signals but those in the mask (bit n-1 for signal n).
func watchedSet(but uint64) *unix.Sigset_t {
	var set unix.Sigset_t
	for _, s := range spawn.Watched { // all below 32, and so in the first word of any architecture
		if but&(1<<(s-1)) == 0 {
			set.Val[0] |= 1 << (s - 1)
		}
	}
	return &set
}

// withUnblocked does something, which is to start the command, with the watched
// signals unblocked in the calling thread, but for those given. Those that are
// not caught are ignored here meanwhile; in the child, which has the same mask, Go's runtime resets
// all that it handles. A signal to the group in the moment between the command's
// first instruction and the end of do is missed, and so comes to the command twice.
func withUnblocked(but uint64, do func()) error {
	old := map[syscall.Signal]sys.Action{}
	for _, s := range spawn.Watched[unblockable:handled] {
		action, err := sys.SetAction(s, sys.Ignore)
		if err != nil {
			return err
		}
		old[s] = action
	}
	set := watchedSet(but)
	if err := unix.PthreadSigmask(unix.SIG_UNBLOCK, set, nil); err != nil {
		return os.NewSyscallError("rt_sigprocmask", err)
	}
	do()
	if err := unix.PthreadSigmask(unix.SIG_BLOCK, set, nil); err != nil {
		return os.NewSyscallError("rt_sigprocmask", err)
	}
	for s, action := range old {
		if _, err := sys.SetAction(s, action); err != nil {
			return err
		}
	}
	return nil
}

// watch takes the signals as long as the init lives. Those that have come
// already are forgotten: the command, which is to be started now, has not got them.
func (w *witness) watch() error {
	fd, err := unix.Signalfd(-1, watchedSet(0), unix.SFD_CLOEXEC|unix.SFD_NONBLOCK)
	if err != nil {
		return os.NewSyscallError("signalfd", err)
	}
	for {
		if _, err := readSignal(fd); err != nil {
			break
		}
	}
	if err := unix.SetNonblock(fd, false); err != nil {
		return os.NewSyscallError("fcntl", err)
	}
	<-w.caught
	w.mu.Lock()
	clear(w.seen)
	w.mu.Unlock()
	go w.read(fd)
	return nil
}

func (w *witness) read(fd int) {
	for {
		sig, err := readSignal(fd)
		if err != nil {
			return
		}
		w.saw(sig)
	}
}

// readSignal takes one signal from a signalfd(2).
func readSignal(fd int) (syscall.Signal, error) {
	var info [128]byte // struct signalfd_siginfo: ssi_signo comes first
	for {
		n, err := unix.Read(fd, info[:])
		switch {
		case err == unix.EINTR:
			continue
		case err != nil:
			return 0, err
		case n != len(info):
			return 0, unix.EIO
		}
		return syscall.Signal(binary.NativeEndian.Uint32(info[:])), nil
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
