package features

import (
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/sys"
)

// answerLimit is how long a held call may take to reach the listener.
const answerLimit = 2 * time.Second

// A target is a thread under a filter with a listener, that makes held calls one after the other.
// It shares memory and descriptors with its supervisor, who is another thread of this process.
type target struct {
	listener int
	tid      int
	answers  chan answer // one for each call, then closed
}

type answer struct {
	value uintptr
	errno unix.Errno
}

// newTarget starts a target that makes so many calls. The flags are added to SECCOMP_FILTER_FLAG_NEW_LISTENER.
func newTarget(flags uintptr, calls int) (*target, error) {
	t := &target{answers: make(chan answer, calls)}
	loaded := make(chan error, 1)
	go lockedFor(func() {
		defer close(t.answers)
		var err error
		t.tid = unix.Gettid()
		t.listener, err = listen(flags)
		loaded <- err
		if err == nil {
			t.call(calls)
		}
	})
	return t, <-loaded
}

func listen(flags uintptr) (int, error) {
	fd, err := load(unix.SECCOMP_FILTER_FLAG_NEW_LISTENER|flags, onCall(getppid, unix.SECCOMP_RET_USER_NOTIF))
	if err == nil && !ours(fd) {
		return -1, noEffect("load", nil)
	}
	return fd, err
}

// call stops when the listener is closed, which gives ENOSYS. It is no raw call: the runtime must know that it blocks.
func (t *target) call(times int) {
	for range times {
		value, _, errno := unix.Syscall(getppid, 0, 0, 0)
		t.answers <- answer{value, errno}
		if errno != 0 {
			return
		}
	}
}

// close lets go of the target, and returns the answers that it got.
func (t *target) close() []answer {
	unix.Close(t.listener)
	var all []answer
	for a := range t.answers {
		all = append(all, a)
	}
	return all
}

// receive waits for the next held call.
func (t *target) receive() (id uint64, err error) {
	deadline := time.Now().Add(answerLimit)
	for time.Now().Before(deadline) {
		ready, err := t.wait(deadline)
		if err != nil {
			return 0, err
		}
		if !ready { // to receive would block, and nothing ends that
			continue
		}
		var n sys.Notification
		err = sys.NotifyReceive(t.listener, &n)
		if err == nil {
			return n.ID, nil
		}
		if err != unix.EINTR && err != unix.ENOENT { // ENOENT: a signal has just called the target away, it comes back
			return 0, verdict("receive", err)
		}
	}
	return 0, fmt.Errorf("no held call arrived: %w", unix.ETIMEDOUT)
}

// wait tells whether a held call is there.
func (t *target) wait(deadline time.Time) (bool, error) {
	fds := []unix.PollFd{{Fd: int32(t.listener), Events: unix.POLLIN}}
	n, err := unix.Poll(fds, int(time.Until(deadline).Milliseconds())+1)
	switch {
	case err == unix.EINTR || err == nil && n == 0:
		return false, nil
	case err != nil:
		return false, verdict("poll", err)
	case fds[0].Revents&unix.POLLIN == 0:
		return false, noEffect("notification", errors.New("the target is gone"))
	}
	return true, nil
}

// supervise runs f as a supervisor should run: on a thread of its own that no signal disturbs.
func supervise(f func() error) error {
	return onThread(func() error {
		if err := sys.BlockSignals(); err != nil {
			return err
		}
		return f()
	})
}

// oneCall has a target make one held call, which f answers or not, and returns what the target got.
func oneCall(f func(t *target, id uint64) error) (got answer, err error) {
	t, err := newTarget(0, 1)
	if err != nil {
		return answer{}, err
	}
	err = supervise(func() error {
		id, err := t.receive()
		if err != nil {
			return err
		}
		return f(t, id)
	})
	answers := t.close()
	if err == nil && len(answers) == 1 {
		got = answers[0]
	}
	return got, err
}

func probeNotify() error {
	const value = 0x6361
	got, err := oneCall(func(t *target, id uint64) error {
		if !sys.NotifyValid(t.listener, id) {
			return refuse("a held call is said not to be there")
		}
		return verdict("send", sys.NotifySend(t.listener, &sys.Response{ID: id, Val: value}))
	})
	if err == nil && got.value != value {
		return noEffect("send", got.errno)
	}
	return err
}

func probeSyncWakeUp() error {
	t, err := newTarget(0, 0)
	if err != nil {
		return err
	}
	defer t.close()
	return verdict("set", sys.NotifySetFlags(t.listener, unix.SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP))
}
