package features

import (
	"errors"

	"golang.org/x/sys/unix"
)

const getpid386 = 20 // arch/x86/entry/syscalls/syscall_32.tbl

// probe386 takes a child that dies for an answer: where there are no 32-bit calls, int 0x80 is a fault.
func probe386() error {
	if !canInt80 {
		return refuse("only an amd64 program can try")
	}
	err := inChild("386", nil)
	if errors.Is(err, errDied) {
		return verdict("int 0x80", err)
	}
	return err
}

func child386() error {
	return onThread(func() error {
		if got := int80(getpid386); got != unix.Getpid() {
			return noEffect("int 0x80 getpid", unix.Errno(-got))
		}
		if _, err := load(0, on386Call(getpid386, unix.SECCOMP_RET_ERRNO|uint32(odd))); err != nil {
			return err
		}
		if got := int80(getpid386); got != -int(odd) {
			return noEffect("filter for 386 calls", nil)
		}
		return nil
	})
}

// on386Call is [onCall] for the 386 architecture only.
func on386Call(nr, action uint32) []unix.SockFilter {
	return append([]unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: 4}, // seccomp_data.arch
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: unix.AUDIT_ARCH_I386, Jt: 1, Jf: 0},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW},
	}, onCall(nr, action)...)
}
