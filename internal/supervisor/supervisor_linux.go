package supervisor

import (
	"errors"
	"os"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/abi"
	"github.com/catbox-go/catbox/internal/recorder"
	"github.com/catbox-go/catbox/internal/sys"
	"github.com/catbox-go/catbox/internal/target"
	"github.com/catbox-go/catbox/internal/tracer"
	"github.com/catbox-go/catbox/policy"
	"github.com/catbox-go/catbox/record"
)

// Config says how a run's calls are decided.
type Config struct {
	// Listener gets the run's notifications. The supervisor owns it.
	Listener *os.File
	// PID is a process that sees the run's root and lives as long as the run.
	PID int
	// Policy is resolved: its rules are on canonical paths.
	Policy policy.Policy
	// Own are places that belong to the run and may be written whatever the
	// policy says (its private directories, its terminals), but for places of the
	// host that are seen there: Host.
	Own, Host []string
	// Devices may be opened for writing; everything else about them is as the
	// policy says.
	Devices []string
	// Exact tells that the walls hold what the policy says of writing, to the
	// path. If not, the supervisor does every writing call itself.
	Exact bool
	// Mounts tells that read-only mounts are among the walls. Without them
	// nothing holds the metadata calls (chmod, chown, utime, xattr).
	Mounts bool
	// MetadataOpen tells that no wall holds changes of metadata (chmod, chown,
	// times, attributes): there are no mounts, or the command was given a
	// descriptor of a file of the host whose metadata it could change.
	MetadataOpen bool
	// Fake has the command be root; nil: it is who it is.
	Fake *FakeRoot
	// GivenOutside tells that the command was given descriptors of files of the host, which
	// are not what the run's tree has at their paths. The run has mounts of its own then.
	GivenOutside bool
	// TakeOver tells that the run's tree is an overlay over files of others, whose
	// owners the run's user namespace does not have.
	TakeOver bool
	// OwnTree tells that the run does not see the host's files at their paths.
	OwnTree bool
	// SameTree tells that the run sees the caller's files at the same paths.
	SameTree bool
	// Given are files that the command was given open for writing.
	Given []FileID
	// Loopback tells that the run has a network of its own,
	// and Netns is the cookie of its namespace.
	Loopback bool
	Netns    uint64
	// Socket makes a socket in the run's namespaces.
	Socket func(family, typ, protocol int) (*os.File, error)
	// Handlers are asked before the policy.
	Handlers map[string]Handler
	// Violation is called for each, in order, from one goroutine.
	Violation func(record.Violation)
	// Stop is called, once, when a violation has to end the run.
	Stop func()
	// SyncWakeUp asks for wake-ups on the target's own processor.
	SyncWakeUp bool
	// Recorder gets what the run does; nil: nobody is told. Command is what the run
	// begins with, without what a look at the program tells.
	Recorder *recorder.Recorder
	Command  *recorder.Exec
	// RecordFiles has recorded what is done with files and addresses, and not only what is
	// executed: then all calls that name a file are sent.
	RecordFiles bool
	// PIDNamespace tells that the run has one of its own.
	PIDNamespace bool
	// FreeConnect tells that everything may be connected to.
	FreeConnect bool
}

// FileID tells one file from another.
type FileID struct{ Dev, Ino uint64 }

// Supervisor answers a run's calls until the run is over.
type Supervisor struct {
	Config
	listener *os.File
	fd       int // the listener's
	view     *target.View
	given    map[FileID]bool
	// deniesSome tells that something is denied, or hidden, that lies in or may
	// come to lie in a place that can be written.
	deniesSome bool
	hides      bool          // something is hidden
	anyWrite   bool          // the policy allows to write everywhere, and what it says is held exactly
	ids        func() idMaps // of the run's user namespace
	waiting    waiting
	reports    *reporter
	readsFree  bool // everything may be read, and is only recorded

	// Of a run that is recorded.
	tracer   *tracer.Tracer
	untraced atomic.Bool // the command is not traced yet
	tried    int         // how often it was tried
	meeting  sync.Mutex
	first    atomic.Bool // the command was executed
	programs programs
	reached  sync.Map // texts of directories: whether they can be entered from the root

	calls    atomic.Uint64
	stopOnce sync.Once

	lead      chan struct{} // holds one token: who has it receives
	followers atomic.Int32  // receivers that wait for the token
	workers   sync.WaitGroup
	threads   sync.Map // the receivers' thread ids
	closing   atomic.Bool
}

// Start begins to answer.
func Start(cfg Config) (*Supervisor, error) {
	view, err := target.NewView(cfg.PID)
	if err != nil {
		return nil, err
	}
	view.Same = cfg.SameTree && !cfg.GivenOutside
	if cfg.GivenOutside {
		if err := view.TellOutside(cfg.PID); err != nil {
			view.Close()
			return nil, err
		}
	}
	s := &Supervisor{
		Config: cfg, listener: cfg.Listener, view: view, given: map[FileID]bool{},
		fd: int(cfg.Listener.Fd()), reports: newReporter(cfg.Violation), lead: make(chan struct{}, 1),
		ids: sync.OnceValue(func() idMaps { return readIDMaps(cfg.PID) }),
	}
	s.deniesSome = slices.ContainsFunc(cfg.Policy.Rules(), func(r policy.Rule) bool {
		return r.Effect != policy.EffectAllow && r.Access&policy.Write != 0
	})
	s.hides = slices.ContainsFunc(cfg.Policy.Rules(), func(r policy.Rule) bool { return r.Effect == policy.EffectHide })
	s.anyWrite = cfg.Exact && cfg.Policy.Allows(policy.Write, "/") && !cfg.Policy.Restricts(policy.Write) && !(cfg.OwnTree && cfg.GivenOutside)
	if cfg.Fake != nil {
		cfg.Fake.begin(ownUmask())
	}
	for _, id := range cfg.Given {
		s.given[id] = true
	}
	s.readsFree = !cfg.Policy.Restricts(policy.Read)
	if cfg.Recorder != nil {
		s.tracer = tracer.New(follower{cfg.Recorder}, s.restarts)
		s.untraced.Store(true)
	}
	if cfg.SyncWakeUp {
		// An older kernel refuses; then it is only slower.
		_ = sys.NotifySetFlags(s.fd, unix.SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP)
	}
	s.lead <- struct{}{}
	s.spawn()
	return s, nil
}

// ownUmask is the one that the run begins with. A thread that cannot be asked
// may have any.
func ownUmask() uint32 {
	status, errno := target.Thread(os.Getpid()).Status()
	if errno != 0 {
		return 0777
	}
	return status.Umask
}

func (s *Supervisor) release() {
	s.listener.Close()
	s.view.Close()
}

// Calls returns how many calls were answered.
func (s *Supervisor) Calls() uint64 { return s.calls.Load() }

// Close ends the supervisor: the run must be over, as calls that are still
// held fail with ENOSYS. It returns when every violation has been told.
func (s *Supervisor) Close() []record.Violation {
	s.closing.Store(true)
	s.waiting.end()
	s.endReceivers()
	if s.tracer != nil {
		s.tracer.Close()
		s.Recorder.Settle() // while what it looks at is there
	}
	s.release()
	return s.reports.close()
}

// endReceivers takes the receivers out of their waits until all have ended.
func (s *Supervisor) endReceivers() {
	ended := make(chan struct{})
	go func() {
		s.workers.Wait()
		close(ended)
	}()
	for pause := 100 * time.Microsecond; ; pause = min(2*pause, 20*time.Millisecond) {
		s.threads.Range(func(tid, _ any) bool {
			unix.Tgkill(os.Getpid(), tid.(int), sys.Wake)
			return true
		})
		select {
		case <-ended:
			return
		case <-time.After(pause): // one was on its way into its wait
		}
	}
}

// spawn adds a receiver.
func (s *Supervisor) spawn() {
	s.workers.Add(1)
	go s.receive()
}

// receive takes notifications and answers them, one after the other, as long as
// the run lives. One receiver at a time has the lead and waits for
// notifications; what may block is done after passing the lead on, so that a
// call that takes its time holds up no other.
//
// The thread has all signals blocked, but for the one by which Close ends a
// wait: what it does in a target's stead (connect, open, poll) is not to be
// interrupted by a signal that is not the target's. It ends with the goroutine.
func (s *Supervisor) receive() {
	defer s.workers.Done()
	runtime.LockOSThread()
	if err := prepareThread(); err != nil {
		s.endRun(err)
		return
	}
	tid := unix.Gettid()
	s.threads.Store(tid, nil)
	defer s.threads.Delete(tid)
	r := &receiver{s: s}
	for r.next() {
		s.calls.Add(1)
		r.handle()
	}
}

// prepareThread blocks all signals, and gives the thread an umask of its own.
func prepareThread() error {
	if err := unix.Unshare(unix.CLONE_FS); err != nil {
		return os.NewSyscallError("unshare CLONE_FS", err)
	}
	return sys.BlockSignals(sys.Wake)
}

// endRun stops everything when the supervisor cannot go on: closed, not open.
func (s *Supervisor) endRun(error) { s.stop() }

func (s *Supervisor) stop() {
	s.stopOnce.Do(func() {
		if s.Stop != nil {
			s.Stop()
		}
	})
}

// receiver is one thread that receives and answers.
type receiver struct {
	s       *Supervisor
	leading bool
	n       sys.Notification
	turn    sys.Turn
}

// next waits for the lead and then for a notification; false: the run is over.
func (r *receiver) next() bool {
	if !r.leading {
		r.s.followers.Add(1)
		<-r.s.lead
		r.s.followers.Add(-1)
		r.leading = true
	}
	for !r.s.closing.Load() {
		r.turn.Give()
		err := sys.NotifyReceive(r.s.fd, &r.n)
		switch {
		case err == nil:
			return true
		case err == unix.EINTR: // Close
		case err == unix.ENOENT: // the thread was killed meanwhile, or all are gone
			if r.s.hungUp() {
				return r.over()
			}
		default:
			r.s.endRun(err)
			return r.over()
		}
	}
	return r.over()
}

// hungUp tells whether nobody uses the filter any more (Linux 5.8; before 6.11
// a receiver that waits is not told).
func (s *Supervisor) hungUp() bool {
	fds := []unix.PollFd{{Fd: int32(s.fd), Events: unix.POLLIN}}
	_, err := unix.Poll(fds, 0)
	return err == nil && fds[0].Revents&unix.POLLHUP != 0
}

// over ends this receiver, and lets the next one see for itself.
func (r *receiver) over() bool {
	r.leading = false
	r.s.lead <- struct{}{}
	return false
}

// passLead lets another receiver wait for notifications, before something that may block.
func (r *receiver) passLead() {
	if !r.leading {
		return
	}
	r.leading = false
	if r.s.followers.Load() == 0 {
		r.s.spawn()
	}
	r.s.lead <- struct{}{}
}

func (r *receiver) handle() {
	arch, ok := abi.ArchFromAudit(r.n.Data.Arch)
	h := &held{s: r.s, id: r.n.ID, thread: target.Thread(r.n.PID), arch: arch, args: r.n.Data.Args}
	if ok {
		h.row, ok = abi.Lookup(arch, int(r.n.Data.NR))
	}
	if !ok {
		r.answer(h, Refuse(unix.ENOSYS))
		return
	}
	h.name = h.row.Name
	if r.s.Recorder == nil {
		r.answer(h, r.decide(h))
		return
	}
	if r.observeLater(h) {
		return
	}
	o, a := r.observe(h), Continue()
	if !r.s.onlyRecorded(h) {
		a = r.decide(h)
	}
	if o != nil {
		h.observed(o, a)
	}
	r.answer(h, a)
}

// decide fails closed: a panic refuses the call.
func (r *receiver) decide(h *held) (a Answer) {
	defer func() {
		if p := recover(); p != nil {
			a = Refuse(unix.EACCES)
		}
	}()
	if handler := r.s.Handlers[h.name]; handler != nil {
		r.passLead()
		call, valid := h.decode()
		if !valid {
			return Refuse(unix.ESRCH)
		}
		if a := handler(call); a.kind != answerContinue {
			return a
		}
	}
	return r.dispatch(h)
}

// answer sends the answer. A call that is not held any more needs none.
func (r *receiver) answer(h *held, a Answer) {
	fd := r.s.fd
	response := sys.Response{ID: h.id}
	switch a.kind {
	case answerNever:
		return
	case answerContinue:
		response.Flags = unix.SECCOMP_USER_NOTIF_FLAG_CONTINUE
	case answerReturn:
		response.Val = a.value
	case answerFile:
		errno := r.handOver(h, a)
		if errno == 0 {
			return
		}
		response.Error = -int32(errno)
	default:
		response.Error = -int32(a.errnoOr(unix.EACCES))
	}
	if err := sys.NotifySend(fd, &response); err != nil && !errors.Is(err, unix.ENOENT) {
		r.s.endRun(err)
	}
}

// handOver installs the file in the target and answers with its number, or in
// place of another descriptor and answers as the answer says. These are two
// steps, and not ADDFD with SEND: a signal that interrupts that one makes the
// held call return 0 (Linux up to 6.18 at least). If the first fails (the
// target's table is full: EMFILE) the call fails: it is never continued.
func (r *receiver) handOver(h *held, a Answer) syscall.Errno {
	n, err := sys.NotifyAddFD(r.s.fd, h.id, int(a.file.Fd()), a.number, a.cloexec, false)
	// Our own descriptor is closed before the target goes on: else a program that
	// it has just written is busy (ETXTBSY), and a FIFO that it left has a reader.
	a.file.Close()
	if err != nil {
		return addErrno(err)
	}
	response := sys.Response{ID: h.id, Val: a.value, Error: -int32(a.errno)}
	if a.number < 0 {
		response.Val = int64(n)
	}
	// ENOENT: the thread was killed and needs no answer.
	_ = sys.NotifySend(r.s.fd, &response)
	return 0
}

// give installs a file in the target without answering the call.
func (r *receiver) give(h *held, f *os.File, cloexec bool) (int, error) {
	return sys.NotifyAddFD(r.s.fd, h.id, int(f.Fd()), -1, cloexec, false)
}

// addErrno is the target's errno for a failed ADDFD; 0 if it is gone.
func addErrno(err error) syscall.Errno {
	switch errno, _ := err.(syscall.Errno); {
	case err == nil, errno == unix.ENOENT, errno == unix.EINPROGRESS:
		return 0
	case errno != 0:
		return errno
	}
	return unix.EMFILE
}
