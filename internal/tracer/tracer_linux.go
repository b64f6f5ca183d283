// Package tracer follows the processes of a run from fork to end, by ptrace(2),
// and stops them for nothing else: who forked whom, how a process ended, and what
// it used are known to the kernel and to a parent only, and a parent does not tell.
//
// A tracee's calls and memory are none of its business. What ptrace changes for a
// tracee is that nobody else can trace it (LetGo is for that), and that a
// signal that it ignores interrupts epoll_wait(2) and its like, as a stop does.
package tracer

import (
	"errors"
	"runtime"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/abi"
	"github.com/catbox-go/catbox/internal/sys"
	"github.com/catbox-go/catbox/internal/target"
)

// Observer is told what happens to processes, from one goroutine. A process goes on
// after its fork when the call has returned.
type Observer interface {
	// Forked: the process parent has a new child.
	Forked(parent, child int, at time.Time)
	// Cloned: the process has a new thread.
	Cloned(pid, tid int)
	// ThreadEnded: one that is not the process's first one has ended.
	ThreadEnded(tid int)
	// Ends: a process that was attached is about to end.
	Ends(pid int)
	// Exited: the process has ended.
	Exited(pid int, end Exit)
}

// Exit is how a process ended. User, System and MaxRSS (KiB) are its own, without
// its children's.
type Exit struct {
	At           time.Time
	Status       unix.WaitStatus
	User, System time.Duration
	MaxRSS       int64
}

// options have new processes and threads attached by themselves.
const options = unix.PTRACE_O_TRACEFORK | unix.PTRACE_O_TRACEVFORK | unix.PTRACE_O_TRACECLONE

// parentOptions are for a process that was attached, and one that has forked: what wait4(2) tells of its peak
// memory is that of its largest descendant then, and only before it ends
// can its own be read.
const parentOptions = options | unix.PTRACE_O_TRACEEXIT

// Call is a system call that a signal interrupts.
type Call struct {
	Thread int
	Arch   abi.Arch
	Number int
	Args   [3]uint64 // the first of them
}

// Tracer is one thread that waits for its tracees.
type Tracer struct {
	observer Observer
	restarts func(Call) bool
	attach   chan attachment
	over     sync.WaitGroup

	mu      sync.Mutex
	threads map[int]*process      // by thread id
	early   map[int]bool          // stopped before the fork that made them was told
	leaving map[int]chan struct{} // threads to be let go, and who waits for it
	asked   []int                 // those of them that are to be stopped for it
	waiter  int                   // the thread that waits
}

type attachment struct {
	pid    int
	answer chan error
}

// process is a process by what is known of it.
type process struct {
	pid      int
	parent   *process // nil for one that was attached
	forked   bool     // is stopped at its end
	children usage    // those that have ended
	peak     int64
}

type usage struct{ user, system time.Duration }

// New starts the thread. Close ends it. restarts tells of a call that is interrupted
// while it may be waiting for a supervisor whether it is to be made again without the
// program hearing of it: one that never fails with EINTR elsewhere. It may be nil.
func New(o Observer, restarts func(Call) bool) *Tracer {
	t := &Tracer{observer: o, restarts: restarts, attach: make(chan attachment), threads: map[int]*process{}, early: map[int]bool{}, leaving: map[int]chan struct{}{}}
	t.over.Go(func() { onChildlessThread(t.run) })
	return t
}

// onChildlessThread calls f on a thread that has forked nobody: wait4(2) would
// take the end of its children away from whoever waits for them. The
// thread ends with the goroutine.
func onChildlessThread(f func()) {
	runtime.LockOSThread()
	if !hasChildren() {
		f()
		return
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		onChildlessThread(f)
	}()
	<-done
	runtime.UnlockOSThread()
}

// hasChildren tells whether the thread has children, without waiting for them.
func hasChildren() bool {
	err := unix.Waitid(unix.P_ALL, 0, nil, unix.WEXITED|unix.WNOHANG|unix.WNOWAIT|unix.WALL|unix.WNOTHREAD, nil)
	return !errors.Is(err, unix.ECHILD)
}

// Attach begins with a process that nobody follows yet. EPERM: this host does
// not allow it, or somebody else traces it.
func (t *Tracer) Attach(pid int) error {
	a := attachment{pid, make(chan error, 1)}
	t.attach <- a
	return <-a.answer
}

// Close returns when all that is traced has ended.
func (t *Tracer) Close() {
	close(t.attach)
	t.over.Wait()
}

// run takes a process, and serves it and all that come from it until none is left. The kernel sends SIGCHLD
// with the report of each end, to the tracer's thread if it does not block it: it is about to run, and any
// other would have to be woken for nothing. With the report of a stop it sends none meanwhile, to
// nobody (SA_NOCLDSTOP of sigaction(2)): a process that is followed has four of these.
func (t *Tracer) run() {
	err := errors.Join(sys.BlockSignals(sys.Wake, unix.SIGCHLD), sys.Interrupts(sys.Wake))
	undo := sys.NoStops()
	defer undo()
	t.mu.Lock()
	t.waiter = unix.Gettid()
	t.mu.Unlock()
	for a := range t.attach {
		e := err
		if e == nil {
			e = sys.PtraceSeize(a.pid, parentOptions)
		}
		if e == nil {
			t.mu.Lock()
			t.threads[a.pid] = &process{pid: a.pid, forked: true}
			t.mu.Unlock()
		}
		a.answer <- e
		var turn sys.Turn
		for e == nil {
			turn.Give()
			e = t.next()
		}
	}
}

// next serves one report. The error tells that there is nothing to wait for.
func (t *Tracer) next() error {
	var status unix.WaitStatus
	var used unix.Rusage
	tid, err := unix.Wait4(-1, &status, unix.WALL|unix.WNOTHREAD, &used)
	switch {
	case errors.Is(err, unix.EINTR):
		t.interrupt()
		return nil
	case err != nil:
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case status.Stopped():
		t.stopped(tid, status)
	case status.Exited(), status.Signaled():
		t.ended(tid, status, &used)
	}
	return nil
}

// stopped lets a tracee go on after whatever stopped it. An error is that it was
// killed meanwhile, which is told by itself.
func (t *Tracer) stopped(tid int, status unix.WaitStatus) {
	signal := int(status.StopSignal())
	switch event := int(status) >> 16; event {
	case 0: // a signal is about to be delivered
		t.spare(tid)
		_ = unix.PtraceCont(tid, signal)
		return
	case unix.PTRACE_EVENT_FORK, unix.PTRACE_EVENT_VFORK, unix.PTRACE_EVENT_CLONE:
		t.made(tid)
	case unix.PTRACE_EVENT_EXIT:
		if p := t.threads[tid]; p != nil && p.pid == tid {
			p.peak = target.Thread(tid).PeakMemory()
			if p.parent == nil {
				t.observer.Ends(tid)
			}
		}
	case unix.PTRACE_EVENT_STOP:
		t.trapped(tid, signal)
		return
	}
	_ = unix.PtraceCont(tid, 0)
}

// trapped serves a tracee that begins, or is stopped with its process, or not any more.
func (t *Tracer) trapped(tid, signal int) {
	switch p := t.threads[tid]; {
	case t.leaves(tid):
	case p == nil:
		t.early[tid] = true // it goes on when it is known whose it is
	case stops(signal):
		_ = sys.PtraceListen(tid)
	default:
		t.begin(tid, p)
	}
}

// stops tells the signals that stop a process (signal(7)) from the trap of a
// tracee that begins.
func stops(signal int) bool {
	switch unix.Signal(signal) {
	case unix.SIGSTOP, unix.SIGTSTP, unix.SIGTTIN, unix.SIGTTOU:
		return true
	}
	return false
}

// made tells of the process or thread that the tracee has just made.
func (t *Tracer) made(tid int) {
	msg, err := unix.PtraceGetEventMsg(tid)
	p := t.threads[tid]
	if err != nil || p == nil {
		return
	}
	child := int(msg)
	if unix.Tgkill(child, child, 0) == unix.ESRCH { // not the first thread of a process
		t.threads[child] = p
		t.observer.Cloned(p.pid, child)
	} else {
		t.threads[child] = &process{pid: child, parent: p}
		t.observer.Forked(p.pid, child, time.Now())
		if tid == p.pid && !p.forked {
			p.forked = unix.PtraceSetOptions(tid, parentOptions) == nil
		}
	}
	if t.early[child] {
		delete(t.early, child)
		t.begin(child, t.threads[child])
	}
}

// begin lets a tracee run, with options of its own and not those of the one that made it.
func (t *Tracer) begin(tid int, p *process) {
	own := int(options)
	if p.forked && tid == p.pid {
		own = parentOptions
	}
	_ = unix.PtraceSetOptions(tid, own)
	_ = unix.PtraceCont(tid, 0)
}

func (t *Tracer) ended(tid int, status unix.WaitStatus, used *unix.Rusage) {
	p := t.threads[tid]
	delete(t.threads, tid)
	delete(t.early, tid)
	t.gone(tid)
	switch {
	case p == nil:
	case p.pid != tid:
		t.observer.ThreadEnded(tid)
	default:
		t.observer.Exited(tid, p.exit(status, used))
	}
}

// exit takes the children's share out of what wait4(2) tells, which is of the
// process and of all that it has waited for.
func (p *process) exit(status unix.WaitStatus, used *unix.Rusage) Exit {
	all := usage{time.Duration(used.Utime.Nano()), time.Duration(used.Stime.Nano())}
	if p.parent != nil {
		p.parent.children.user += all.user
		p.parent.children.system += all.system
	}
	e := Exit{
		At: time.Now(), Status: status, MaxRSS: used.Maxrss,
		User: max(0, all.user-p.children.user), System: max(0, all.system-p.children.system),
	}
	if p.peak > 0 {
		e.MaxRSS = p.peak
	}
	return e
}
