package supervisor

import (
	"strings"

	"github.com/catbox-go/catbox/internal/abi"
	"github.com/catbox-go/catbox/internal/recorder"
)

// Most calls of a build that is recorded look at files and read them, and are sent for nothing but the
// record. Such a call goes on as soon as it is known what it names; what that leads to is worked out by another
// processor, if there is one, while the program runs. It is worked out before the run changes anything
// (Recorder.Settle), so that it is what the program saw.

// observeLater answers a call that can be looked into later. false: it cannot.
func (r *receiver) observeLater(h *held) bool {
	s := r.s
	if !s.RecordFiles || int(h.thread) == s.PID || !h.onlyLooks() || !s.meet(h) {
		return false
	}
	arg, i, ok := h.glance()
	if !ok {
		return false
	}
	v, ok := h.sight(arg, i)
	if !ok || !s.outlasts(v) {
		return false
	}
	a := Continue()
	if !s.onlyRecorded(h) {
		a = r.decide(h)
	}
	if h.valid() {
		h.lookLater(v, a)
	}
	r.answer(h, a)
	return true
}

// onlyLooks tells whether the call changes nothing whatever comes of it.
func (h *held) onlyLooks() bool {
	switch h.row.Class {
	case abi.Open:
		i := h.row.Arg(abi.OpenFlags)
		return i >= 0 && !(&opening{flags: uint64(h.flags(i))}).writes()
	case abi.Stat:
		return true
	}
	return false
}

// glance is the path that a call names which does nothing but look, and how it is looked at.
func (h *held) glance() (abi.PathArg, intent, bool) {
	if h.row.Class == abi.Open {
		o, errno := h.openArguments()
		return o.arg, o.intent(), errno == 0
	}
	args := h.row.Paths()
	if len(args) != 1 || h.args[args[0].Path] == 0 || h.name == "chdir" {
		return abi.PathArg{}, 0, false
	}
	return args[0], h.intent(args[0]), true
}

// lookLater has the recorder look in its turn at what was answered: by then the thread may be anywhere, or gone.
func (h *held) lookLater(v sight, a Answer) {
	tid := int(h.thread)
	v.lookup.Thread = 0
	h.s.Recorder.Later(tid, func(i recorder.Image) {
		if i.Again(v.use) {
			return
		}
		o := h.look(v)
		o.comesTo(a)
		i.Accessed(o.use, o.accesses)
	})
}

// outlasts tells whether the path leads to the same when the thread has gone on. What is in /proc and /dev may be
// its own; and a relative path is looked up from the root then.
func (s *Supervisor) outlasts(v sight) bool {
	full := v.use.Path
	if full == "" {
		return false
	}
	if full[0] != '/' {
		if v.use.Base == "" || !s.enters(v.use.Base) {
			return false
		}
		full = v.use.Base + full
	}
	return !strings.HasPrefix(full, "/proc/") && !strings.HasPrefix(full, "/dev/")
}

// enters tells whether the directory can be entered from the root: a program may be in one that it was given.
func (s *Supervisor) enters(dir string) bool {
	known, ok := s.reached.Load(dir)
	if !ok {
		known = s.view.Reaches(dir)
		s.reached.Store(dir, known)
	}
	return known.(bool)
}
