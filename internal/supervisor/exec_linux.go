package supervisor

import (
	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/policy"
	"github.com/catbox-go/catbox/record"
)

// exec reports programs that may not be executed.
func (r *receiver) exec(h *held) Answer {
	if !h.s.Policy.Restricts(policy.Exec) {
		return Continue() // wall: none is needed
	}
	arg := h.row.Paths()[0]
	path, errno := h.path(arg.Path)
	if errno != 0 {
		return Refuse(errno)
	}
	place, errno := h.s.view.Resolve(h.lookup(arg, path))
	if errno != 0 || !place.Exists {
		return Continue() // the kernel finds out itself; wall: Landlock's right to execute
	}
	if h.s.Policy.Allows(policy.Exec, place.Canonical) || place.Canonical[0] != '/' {
		return Continue() // wall: Landlock's right to execute
	}
	if a, refused := h.violation(act{op: record.Exec, path: path, canonical: place.Canonical, errno: unix.EACCES}); refused {
		return a
	}
	return Continue() // the policy only wants to know
}
