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
		// The kernel says what is wrong, or can read what this user cannot: the
		// init is not dumpable, and without a user namespace its memory is closed.
		return Continue() // wall: Landlock's right to execute
	}
	place, errno := h.s.view.Resolve(h.lookup(arg, path))
	if errno != 0 || !place.Exists {
		return Continue() // the kernel finds out itself; wall: Landlock's right to execute
	}
	if h.s.Policy.Hidden(place.Canonical) {
		return Refuse(unix.ENOENT)
	}
	if h.s.Policy.Allows(policy.Exec, place.Canonical) || place.Canonical[0] != '/' || h.s.isOwn(place.Canonical) {
		return Continue() // wall: Landlock's right to execute
	}
	if a, refused := h.violation(act{op: record.Exec, path: path, canonical: place.Canonical, errno: unix.EACCES}); refused {
		return a
	}
	return Continue() // the policy only wants to know
}

// stat keeps hidden places out of sight where only a cover lies on them: calls
// that look at one find nothing. The filter sends them only if there is one.
func (r *receiver) stat(h *held) Answer {
	for _, arg := range h.row.Paths() {
		path, errno := h.path(arg.Path)
		if errno != 0 {
			return Refuse(errno)
		}
		place, errno := h.s.view.Resolve(h.lookup(arg, path))
		if errno == 0 && h.s.Policy.Hidden(place.Canonical) && !h.s.isOwn(place.Canonical) {
			return Refuse(unix.ENOENT)
		}
	}
	return Continue() // wall: the cover, which has nothing in it
}
