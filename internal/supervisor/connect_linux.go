package supervisor

import (
	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/sys"
	"github.com/catbox-go/catbox/policy"
	"github.com/catbox-go/catbox/record"
)

// The calls that name a peer's address are done here, on the target's socket as
// it is taken over and on a copy of the address: no wall keeps a unix socket of
// the host from being connected to, read-only mounts do not and Landlock does
// only from ABI 9 on.

// connect decides about connect, bind, sendto, sendmsg and sendmmsg.
func (r *receiver) connect(h *held) Answer {
	if h.s.FreeConnect {
		h.tellPeer()
		return Continue() // wall: none is needed, everything may be connected to
	}
	r.passLead()
	switch h.name {
	case "bind":
		return r.bind(h)
	case "sendto":
		return r.sendto(h)
	case "sendmsg":
		return r.sendmsg(h)
	case "sendmmsg":
		return r.sendmmsg(h)
	}
	sock, addr, errno := h.addressed()
	if errno != 0 {
		return Refuse(errno)
	}
	defer sock.close()
	to, a, refused := sock.peer(addr, record.Connect)
	if refused {
		return a
	}
	defer to.close()
	return sock.result(done(sock.blocking(func() error { return sys.Connect(sock.fd, to.raw) })))
}

// addressed takes over the socket of connect or bind, and copies the address.
func (h *held) addressed() (*heldSocket, sockaddr, unix.Errno) {
	addr, errno := h.readSockaddr(h.pointer(1), uint32(h.args[2]))
	if errno != 0 {
		return nil, addr, errno
	}
	sock, errno := h.socketOf(h.fd(0))
	return sock, addr, errno
}

// peer is an address that may be used: the raw one, and what keeps it valid.
type peer struct {
	raw   []byte
	close func()
}

func plainPeer(raw []byte) peer { return peer{raw: raw, close: func() {}} }

// peer judges an address, and has it recorded. What comes back leads to what was
// judged, whatever becomes of the path.
func (k *heldSocket) peer(addr sockaddr, op record.Operation) (peer, Answer, bool) {
	to, a, refused := k.judgePeer(addr, op)
	k.held.tellAddress(addr, a, refused)
	return to, a, refused
}

func (k *heldSocket) judgePeer(addr sockaddr, op record.Operation) (peer, Answer, bool) {
	h := k.held
	if addr.family == unix.AF_UNIX && addr.path != "" {
		return k.unixPeer(addr, op)
	}
	if addr.family == unix.AF_UNSPEC && !k.foreign() {
		return plainPeer(addr.raw), Answer{}, false // dissolves the association (connect(2))
	}
	if addr.family == unix.AF_NETLINK || addr.abstract() && h.s.Loopback {
		// The kernel's own, or a name in the run's own network namespace.
		return plainPeer(addr.raw), Answer{}, false
	}
	if addr.ip.IsValid() && h.s.Loopback && !k.foreign() {
		return k.loopbackPeer(addr, op)
	}
	if (addr.name != "" || addr.ip.IsValid()) && h.s.reaches(addr) {
		return plainPeer(addr.raw), Answer{}, false
	}
	if addr.name == "" && !addr.ip.IsValid() && addr.family != unix.AF_UNSPEC {
		return plainPeer(addr.raw), Answer{}, false // too short or of no known family: the kernel's error
	}
	a, refused := h.violation(act{op: op, canonical: addr.String()})
	return plainPeer(addr.raw), a, refused
}

// reaches tells whether the policy allows the address. Where a network of the
// run's own is only pretended, because nothing is to be refused, its loopback
// is the host's.
func (s *Supervisor) reaches(addr sockaddr) bool {
	if s.Policy.Network() != policy.NetworkIsolated || !addr.ip.IsValid() {
		return s.Policy.AllowsConnect(addr.destination())
	}
	ip := addr.ip.Addr().Unmap()
	own := !s.Loopback && (ip.IsLoopback() || ip.IsUnspecified())
	return own || s.Policy.Lists(addr.destination())
}

// loopbackPeer is for a socket of the run's own network. It reaches nothing but
// the loopback; a destination outside that the policy allows is reached by a
// socket made here in its place.
func (k *heldSocket) loopbackPeer(addr sockaddr, op record.Operation) (peer, Answer, bool) {
	ip := addr.ip.Addr().Unmap()
	if ip.IsLoopback() || ip.IsUnspecified() {
		return plainPeer(addr.raw), Answer{}, false // wall: the network namespace
	}
	if k.s.Policy.Lists(addr.destination()) {
		if errno := k.moveOutside(); errno != 0 {
			return peer{}, Refuse(errno), true
		}
		return plainPeer(addr.raw), Answer{}, false
	}
	a, refused := k.violation(act{op: op, canonical: addr.String()})
	return plainPeer(addr.raw), a, refused
}

func (k *heldSocket) unixPeer(addr sockaddr, op record.Operation) (peer, Answer, bool) {
	h := k.held
	place, errno := h.unixPlace(addr, false)
	if errno != 0 {
		return peer{}, Refuse(errno), true
	}
	if !place.Exists || !h.valid() {
		place.Close()
		return peer{}, Refuse(unix.ENOENT), true
	}
	to := peer{raw: unixSockaddr(sys.FDPath(place.File)), close: place.Close}
	if h.s.isOwn(place.Canonical) || h.s.Policy.AllowsConnect(policy.UnixDestination(place.Canonical)) {
		return to, Answer{}, false
	}
	a, refused := h.violation(act{op: op, path: addr.path, canonical: place.Canonical})
	if refused {
		place.Close()
	}
	return to, a, refused
}

// bind decides about the name that a socket gets.
func (r *receiver) bind(h *held) Answer {
	sock, addr, errno := h.addressed()
	if errno != 0 {
		return Refuse(errno)
	}
	defer sock.close()
	h.tellAddress(addr, Answer{}, false)
	if addr.family == unix.AF_UNIX && addr.path != "" {
		return sock.bindPath(addr)
	}
	if sock.foreign() {
		a, refused := h.violation(act{op: record.Bind, canonical: addr.String()})
		if refused {
			return a
		}
	}
	return done(sys.Bind(sock.fd, addr.raw))
}

// bindPath makes a socket file.
func (k *heldSocket) bindPath(addr sockaddr) Answer {
	h := k.held
	place, errno := h.unixPlace(addr, true)
	if errno != 0 {
		return Refuse(errno)
	}
	defer place.Close()
	if place.Exists {
		return Refuse(unix.EADDRINUSE)
	}
	if !h.s.mayWrite(place.Canonical) {
		a, refused := h.violation(act{op: record.Bind, path: addr.path, canonical: place.Canonical})
		if refused {
			return a
		}
		return Continue() // the policy only wants to know
	}
	if !h.s.mediatesWrites() && (!h.s.Loopback || len(h.s.Policy.Destinations()) == 0) {
		// Wall: read-only mounts and Landlock's right to make a socket; no
		// socket of another network namespace can be put in this one's place. Done
		// by the kernel, getsockname gives the path as the program gave it.
		return Continue()
	}
	var err error
	if e := h.asTarget(func() { err = bindIn(place.Dir, entry(place), k.fd) }); e != nil {
		return Refuse(unix.EACCES)
	}
	return done(err)
}

// bindIn binds a socket to a name in a pinned directory. The name has to be
// short (unix(7)), so it is relative to the thread's directory, which is its own.
func bindIn(dir int, name string, fd int) error {
	if err := unix.Fchdir(dir); err != nil {
		return err
	}
	err := sys.Bind(fd, unixSockaddr(name))
	if back := unix.Chdir("/"); err == nil {
		err = back
	}
	return err
}
