package stage

import (
	"fmt"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// startLimited starts the command with limits that are not the init's own: the
// command traces itself, so it stops when it has been executed and before its
// first instruction; the limits are set on it from here, and it goes on.
func startLimited(path string, args []string, attr *syscall.ProcAttr, limits []Limit) (int, error) {
	attr.Sys.Ptrace = true
	pid, err := syscall.ForkExec(path, args, attr)
	if err != nil {
		return 0, err
	}
	if err := setLimits(pid, limits); err != nil {
		syscall.Kill(pid, syscall.SIGKILL)
		return 0, fmt.Errorf("set limits: %w", err)
	}
	return pid, nil
}

func setLimits(pid int, limits []Limit) error {
	var status syscall.WaitStatus
	if _, err := syscall.Wait4(pid, &status, 0, nil); err != nil {
		return os.NewSyscallError("wait4", err)
	}
	if !status.Stopped() {
		return fmt.Errorf("process %d did not stop: status %#x", pid, int(status))
	}
	for _, l := range limits {
		if err := setLimit(pid, l); err != nil {
			return err
		}
	}
	return os.NewSyscallError("ptrace", syscall.PtraceDetach(pid))
}

// setLimit lowers a limit; one that is lower already stays.
func setLimit(pid int, l Limit) error {
	var old unix.Rlimit
	if err := unix.Prlimit(pid, l.Resource, nil, &old); err != nil {
		return os.NewSyscallError("prlimit", err)
	}
	limit := unix.Rlimit{Cur: min(l.Value, old.Max), Max: min(l.Value, old.Max)}
	if l.Resource == unix.RLIMIT_CPU {
		limit.Max = min(l.Value+1, old.Max) // SIGXCPU at the soft limit, SIGKILL a second later
	}
	return os.NewSyscallError("prlimit", unix.Prlimit(pid, l.Resource, &limit, nil))
}
