package features

import (
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/sys"
)

// getppid is the call that the filters below act on: it has no arguments, it cannot fail, and no Go runtime makes it.
const getppid = unix.SYS_GETPPID

// odd is an errno that no call gives by itself.
const odd = unix.EBADSLT

// onCall is a filter that returns action for the system call nr and lets all others pass.
func onCall(nr, action uint32) []unix.SockFilter {
	return []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: 0}, // seccomp_data.nr
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: nr, Jt: 0, Jf: 1},
		{Code: unix.BPF_RET | unix.BPF_K, K: action},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW},
	}
}

// load puts a filter on this thread for ever.
func load(flags uintptr, prog []unix.SockFilter) (listener int, err error) {
	if err := noNewPrivs(); err != nil {
		return -1, err
	}
	listener, err = sys.SeccompSetModeFilter(flags, prog)
	return listener, verdict("load", err)
}

func probeSeccompFilter() error {
	return onThread(func() error {
		if _, err := load(0, onCall(getppid, unix.SECCOMP_RET_ERRNO|uint32(odd))); err != nil {
			return err
		}
		if _, _, errno := unix.RawSyscall(getppid, 0, 0, 0); errno != odd {
			return noEffect("load", fmt.Errorf("getppid gave errno %d", int(errno)))
		}
		return nil
	})
}
