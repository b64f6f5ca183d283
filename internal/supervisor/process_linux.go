package supervisor

import (
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/abi"
	"github.com/catbox-go/catbox/internal/target"
	"github.com/catbox-go/catbox/policy"
	"github.com/catbox-go/catbox/record"
)

// process decides about calls that act on a process by its number, where no pid
// namespace keeps the numbers of others out of reach. The number is in a
// register and cannot change; what it names can end, and the number be given
// to a process outside, in the time between: Landlock's scope for signals and
// its rule for ptrace are the walls then.
func (r *receiver) process(h *held) Answer {
	if h.s.Policy.Action() == policy.Log {
		return Continue() // nothing is to be refused
	}
	i := h.row.Arg(abi.PID)
	if i < 0 {
		if h.name == "fcntl" || h.name == "fcntl64" {
			i = 2
		} else {
			return Refuse(unix.EPERM) // by a descriptor, of which a run has no use
		}
	}
	pid := int(h.fd(i))
	if pid < 0 {
		pid = -pid // a process group, which has the number of its first process
	}
	if pid == 0 || pid != h.s.PID && h.s.inRun(pid) {
		return Continue() // wall: see above
	}
	if h.fd(i) == -1 || !exists(pid) {
		return Refuse(unix.ESRCH)
	}
	a, _ := h.violation(act{op: record.Signal, canonical: "process " + strconv.Itoa(pid), errno: unix.EPERM})
	return a
}

// inRun tells whether the process descends from the run's first one.
func (s *Supervisor) inRun(pid int) bool {
	for range 1 << 16 {
		if pid == s.PID {
			return true
		}
		status, errno := target.Thread(pid).Status()
		if errno != 0 || status.PPid <= 1 {
			return false
		}
		pid = status.PPid
	}
	return false
}

func exists(pid int) bool { return unix.Kill(pid, 0) != unix.ESRCH }
