package supervisor

import (
	"encoding/binary"
	"os"
	"slices"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/abi"
	"github.com/catbox-go/catbox/policy"
	"github.com/catbox-go/catbox/record"
)

// familyNames are those that a report may have to name.
var familyNames = map[uint32]string{
	unix.AF_INET: "AF_INET", unix.AF_INET6: "AF_INET6", unix.AF_PACKET: "AF_PACKET", unix.AF_VSOCK: "AF_VSOCK",
	unix.AF_ALG: "AF_ALG", unix.AF_NETLINK: "AF_NETLINK", unix.AF_BLUETOOTH: "AF_BLUETOOTH", unix.AF_CAN: "AF_CAN",
	unix.AF_XDP: "AF_XDP", unix.AF_TIPC: "AF_TIPC", unix.AF_RDS: "AF_RDS", unix.AF_KEY: "AF_KEY",
}

// socket decides about a family that the filter does not let through. The
// family is in a register.
func (r *receiver) socket(h *held) Answer {
	family := h.flags(0)
	name, ok := familyNames[family]
	if !ok {
		name = "family " + strconv.Itoa(int(family))
	}
	errno := unix.EAFNOSUPPORT
	if family == unix.AF_INET || family == unix.AF_INET6 {
		errno = unix.EACCES
	}
	a, refused := h.violation(act{op: record.Socket, canonical: name, errno: errno})
	if refused {
		return a
	}
	return Continue() // the policy only wants to know
}

// multiCalls are the calls inside socketcall(2) that the filter sends, with the
// number of their arguments.
var multiCalls = map[uint32]struct {
	name string
	args int
}{
	1: {"socket", 3}, 2: {"bind", 3}, 3: {"connect", 3}, 8: {"socketpair", 4},
	11: {"sendto", 6}, 16: {"sendmsg", 3}, 20: {"sendmmsg", 4},
}

// socketcall takes the call apart: the number of the call inside is in a
// register, its arguments are in memory. It is never continued but where the
// wall holds whatever the arguments become.
func (r *receiver) socketcall(h *held) Answer {
	call, ok := multiCalls[h.flags(0)]
	if !ok {
		return Refuse(unix.EINVAL)
	}
	buf := make([]byte, 4*call.args)
	if errno := h.thread.Read(h.pointer(1), buf); errno != 0 {
		return Refuse(errno)
	}
	inner := *h
	inner.args = [6]uint64{}
	for i := range call.args {
		inner.args[i] = uint64(native32(buf[4*i:]))
	}
	inner.name = call.name
	inner.row, _ = abi.ByName(call.name)
	switch call.name {
	case "socket":
		return r.makeSocket(&inner)
	case "socketpair":
		return r.makePair(&inner)
	case "sendto":
		if inner.args[4] == 0 {
			return r.sendConnected(&inner)
		}
	}
	return r.connect(&inner)
}

// sendConnected is sendto without an address: it could get one until the
// kernel reads the arguments again, so it is sent from here.
func (r *receiver) sendConnected(h *held) Answer {
	r.passLead()
	m := outgoing{data: make([]byte, min(h.pointer(2), maxSend)), flags: int(h.flags(3))}
	if errno := h.thread.Read(h.pointer(1), m.data); errno != 0 {
		return Refuse(errno)
	}
	return h.send(h.fd(0), &m)
}

// makeSocket makes the socket in the run's namespaces and hands it over.
func (r *receiver) makeSocket(h *held) Answer {
	r.passLead()
	if !r.s.familyAllowed(h.flags(0)) {
		return r.socket(h)
	}
	if errno := kindAllowed(h.flags(0), h.flags(1), h.flags(2)); errno != 0 && r.s.Policy.Action() != policy.Log {
		return Refuse(errno)
	}
	f, err := r.s.Socket(int(h.flags(0)), int(h.flags(1)), int(h.flags(2)))
	if err != nil {
		return done(err)
	}
	return file(f, h.flags(1)&unix.SOCK_CLOEXEC != 0)
}

// familyAllowed is what the filter tests for socket(2).
func (s *Supervisor) familyAllowed(family uint32) bool {
	switch family {
	case unix.AF_UNIX:
		return true
	case unix.AF_INET, unix.AF_INET6, unix.AF_NETLINK:
		return s.Policy.Network() != policy.NetworkNone
	}
	return s.Policy.Action() == policy.Log
}

// kindAllowed is what the filter tests of type and protocol for socket(2):
// others are not what the family seems to be (AF_PACKET, MPTCP, SCTP).
func kindAllowed(family, typ, protocol uint32) unix.Errno {
	switch family {
	case unix.AF_NETLINK:
		if protocol != unix.NETLINK_ROUTE {
			return unix.EPROTONOSUPPORT
		}
	case unix.AF_INET, unix.AF_INET6:
		if !slices.Contains([]uint32{unix.SOCK_STREAM, unix.SOCK_DGRAM, unix.SOCK_RAW}, typ&0xf) { // SOCK_TYPE_MASK
			return unix.ESOCKTNOSUPPORT
		}
		if !slices.Contains([]uint32{0, unix.IPPROTO_TCP, unix.IPPROTO_UDP, unix.IPPROTO_ICMP, unix.IPPROTO_ICMPV6}, protocol) {
			return unix.EPROTONOSUPPORT
		}
	}
	return 0
}

// makePair makes a pair of unix sockets, which are the only ones that come in pairs.
func (r *receiver) makePair(h *held) Answer {
	if h.flags(0) != unix.AF_UNIX {
		return Refuse(unix.EOPNOTSUPP)
	}
	pair, err := unix.Socketpair(unix.AF_UNIX, int(h.flags(1))|unix.SOCK_CLOEXEC, int(h.flags(2)))
	if err != nil {
		return done(err)
	}
	var numbers []byte
	for _, fd := range pair {
		f := os.NewFile(uintptr(fd), "socketpair")
		n, err := r.give(h, f, h.flags(1)&unix.SOCK_CLOEXEC != 0)
		f.Close()
		if err != nil {
			return done(err)
		}
		numbers = binary.NativeEndian.AppendUint32(numbers, uint32(n))
	}
	if errno := h.thread.Write(h.pointer(3), numbers); errno != 0 {
		return Refuse(errno)
	}
	return Return(0)
}

// listen refuses a socket of another network namespace: it would be reached
// from outside (listen without bind takes a port by itself).
func (r *receiver) listen(h *held) Answer {
	r.passLead()
	sock, errno := h.socketOf(h.fd(0))
	if errno != 0 {
		return Refuse(errno)
	}
	defer sock.close()
	if sock.foreign() {
		a, _ := h.violation(act{op: record.Bind, canonical: "listen"})
		return a
	}
	return done(unix.Listen(sock.fd, int(int32(h.flags(1)))))
}
