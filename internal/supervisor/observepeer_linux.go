package supervisor

import (
	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/record"
)

// peerOperations are the calls that name an address, by what they do with it.
var peerOperations = map[string]record.Operation{
	"connect": record.Connect, "bind": record.Bind, "sendto": record.Send, "sendmsg": record.Send, "sendmmsg": record.Send,
}

// tellAddress has the use of an address recorded.
func (h *held) tellAddress(addr sockaddr, a Answer, refused bool) {
	to := addr.String()
	if !h.s.RecordFiles || to == "" || addr.family == unix.AF_NETLINK {
		return
	}
	n := record.Network{Operation: peerOperations[h.name], Destination: to}
	if addr.path != "" {
		if place, errno := h.unixPlace(addr, true); errno == 0 {
			n.Destination = place.Canonical
			place.Close()
		}
	}
	if refused {
		n.Errno = a.errnoOr(unix.EACCES)
	}
	h.s.Recorder.Network(int(h.thread), n)
}

// tellPeer has a call recorded that goes on whatever it connects to.
func (h *held) tellPeer() {
	i, n := 1, 2
	switch h.name {
	case "sendto":
		i, n = 4, 5
	case "sendmsg", "sendmmsg":
		return // of a socket that is connected, as a rule
	}
	if addr, errno := h.readSockaddr(h.pointer(i), uint32(h.args[n])); errno == 0 && h.valid() {
		h.tellAddress(addr, Answer{}, false)
	}
}
