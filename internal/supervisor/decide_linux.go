package supervisor

import (
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/abi"
	"github.com/catbox-go/catbox/internal/paths"
	"github.com/catbox-go/catbox/internal/target"
	"github.com/catbox-go/catbox/policy"
	"github.com/catbox-go/catbox/record"
)

// dispatch finds the handlers of the call's family.
func (r *receiver) dispatch(h *held) Answer {
	if r.s.TakeOver {
		r.takeOver(h)
	}
	if r.s.Fake != nil {
		if a, done := r.fake(h); done {
			return a
		}
	}
	switch h.row.Class {
	case abi.Open:
		return r.open(h)
	case abi.Write:
		if r.s.anyWrite && h.row.Change != abi.Chown {
			return Continue() // wall: none is needed, everything may be written
		}
		return r.write(h)
	case abi.Exec:
		return r.exec(h)
	case abi.Stat:
		return r.stat(h)
	case abi.Connect:
		return r.connect(h)
	case abi.Socket:
		return r.socket(h)
	case abi.MultiSocket:
		return r.socketcall(h)
	case abi.Process:
		if h.name == "ptrace" && r.s.tracer != nil {
			return r.ptrace(h)
		}
		return r.process(h)
	case abi.Arguments:
		return r.arguments(h)
	}
	if h.name == "listen" && r.s.Loopback {
		return r.listen(h)
	}
	// Intercepted only because a Handler asked for it; no policy is about it.
	return Continue()
}

// act is what a violation would have done.
type act struct {
	op        record.Operation
	path      string // as given
	canonical string
	errno     syscall.Errno // the answer, EACCES if 0
}

// violation reports what is not allowed and returns true if it is to be
// refused with the answer, false if the policy only wants to know of it.
func (h *held) violation(a act) (Answer, bool) {
	if a.errno == 0 {
		a.errno = unix.EACCES
	}
	program, pid := h.thread.Program(), h.process()
	if !h.valid() {
		return Refuse(unix.ESRCH), true // killed meanwhile: it did nothing
	}
	v := record.Violation{
		Time: time.Now(), Operation: a.op, Call: h.name, Path: a.path, Canonical: a.canonical,
		Errno: a.errno, Action: record.Denied, Program: program, PID: pid,
	}
	switch h.s.Policy.Action() {
	case policy.Log:
		v.Action, v.Errno = record.Logged, 0
	case policy.Stop:
		v.Action = record.Stopped
		h.s.reports.add(v)
		h.s.stop()
		return Answer{kind: answerNever}, true
	}
	h.s.reports.add(v)
	return Refuse(a.errno), v.Action != record.Logged
}

// process returns the id of the process that the thread belongs to.
func (h *held) process() int {
	// Most threads are their process's first, and tgkill(2) tells so for less
	// than it takes to read anything.
	if unix.Tgkill(int(h.thread), int(h.thread), 0) != unix.ESRCH {
		return int(h.thread)
	}
	status, errno := h.thread.Status()
	if errno != 0 || status.Tgid == 0 {
		return int(h.thread)
	}
	return status.Tgid
}

// mayWrite tells whether the policy allows to write at the canonical path.
// What is no path of the file system (a pipe, a socket, a memfd) belongs to the run.
func (s *Supervisor) mayWrite(canonical string) bool {
	if host, outside := strings.CutPrefix(canonical, target.Outside); outside {
		return !s.OwnTree && s.Policy.Allows(policy.Write, host)
	}
	if canonical == "" || canonical[0] != '/' {
		return true
	}
	return s.Policy.Allows(policy.Write, canonical) || s.isOwn(canonical)
}

// isOwn tells whether the path belongs to the run and not to the host.
func (s *Supervisor) isOwn(canonical string) bool {
	return paths.UnderAny(canonical, s.Own) && !paths.UnderAny(canonical, s.Host) || ownProcess(canonical)
}

// ownProcess tells whether the path is about a process, which is one of the
// run: /proc shows no other.
func ownProcess(canonical string) bool {
	rest, ok := strings.CutPrefix(canonical, "/proc/")
	return ok && rest != "" && rest[0] >= '0' && rest[0] <= '9'
}
