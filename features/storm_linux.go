package features

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/sys"
)

// stormCalls is how many held calls the storm makes. Each one hits the window of the kernel's error, which is open from
// the signal until the target runs again; some of so many are hit for certain.
const stormCalls = 100

func probeWaitKillable() error { return storm(unix.SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV) }

// storm answers each call with its number. A call that a signal interrupts after the answer is made again, and then the
// target gets the numbers with a gap.
func storm(flags uintptr) error {
	t, err := newTarget(flags, stormCalls)
	if err != nil {
		return err
	}
	err = supervise(func() error { return t.answerInStorm(stormCalls) })
	answers := t.close()
	if err != nil {
		return err
	}
	return inOrder(answers)
}

// answerInStorm sends signals to the target: before the call is received, while it is held, and after it is answered.
// SIGURG is what the Go runtime itself sends to its threads to preempt them, so nobody is surprised by more of them.
func (t *target) answerInStorm(calls int) error {
	for i := range calls {
		id, err := t.receive()
		if err != nil {
			return err
		}
		if err := t.signal(); err != nil {
			return err
		}
		err = sys.NotifySend(t.listener, &sys.Response{ID: id, Val: int64(i + 1)})
		if errors.Is(err, unix.ENOENT) {
			return refuse(fmt.Sprintf("a signal ended call %d while it was held", i+1))
		}
		if err != nil {
			return verdict("send", err)
		}
		if err := t.signal(); err != nil {
			return err
		}
	}
	return nil
}

func (t *target) signal() error {
	if err := unix.Tgkill(unix.Getpid(), t.tid, unix.SIGURG); err != nil && err != unix.ESRCH { // ESRCH: after its last call
		return fmt.Errorf("tgkill: %w", err)
	}
	return nil
}

func inOrder(answers []answer) error {
	for i, a := range answers {
		if a.errno != 0 || a.value != uintptr(i+1) {
			return refuse(fmt.Sprintf("a signal lost the answer to call %d of %d: got %d, errno %d", i+1, stormCalls, a.value, int(a.errno)))
		}
	}
	if len(answers) != stormCalls {
		return refuse(fmt.Sprintf("%d calls were answered, %d returned", stormCalls, len(answers)))
	}
	return nil
}
