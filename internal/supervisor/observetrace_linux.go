package supervisor

import (
	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/target"
)

// restart is ERESTARTSYS of the kernel: the call is made again when the signal that
// is pending has been dealt with.
const restart = unix.Errno(512)

// ptrace gives up what a program of the run wants to trace itself, as there is only one
// tracer for each thread (ptrace(2)).
func (r *receiver) ptrace(h *held) Answer {
	if r.s.untraced.Load() {
		return r.traceOutside(h)
	}
	own := h.args[0] == unix.PTRACE_TRACEME
	tid := int(h.thread)
	if !own {
		tid = h.outside(int(h.fd(1)))
	}
	if !r.s.tracer.Follows(tid) {
		return r.traceOutside(h)
	}
	r.s.Recorder.Blind(tid, "how the process ends, and what comes of it", "it is traced by a program of the run")
	r.passLead()
	if r.s.tracer.LetGo(tid, own) && own {
		// It is stopped, and let go, as soon as it is answered, and asks again.
		return Refuse(restart)
	}
	return r.traceOutside(h)
}

// traceOutside is for a call that the tracer has no part in any more.
func (r *receiver) traceOutside(h *held) Answer {
	if r.s.PIDNamespace {
		return Continue() // wall: the pid namespace
	}
	return r.process(h)
}

// outside is the id that a thread of the run has here; the program names it by what
// it is in the run's pid namespace. 0: there is none.
func (h *held) outside(tid int) int {
	if !h.s.PIDNamespace {
		return tid
	}
	for _, t := range h.s.tracer.Threads() {
		if status, errno := target.Thread(t).Status(); errno == 0 && status.NSPid == tid {
			return t
		}
	}
	return 0
}
