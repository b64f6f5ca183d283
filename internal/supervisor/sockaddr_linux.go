package supervisor

import (
	"bytes"
	"encoding/binary"
	"net/netip"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/target"
	"github.com/catbox-go/catbox/policy"
)

// sockaddr is a socket address as the program gave it.
type sockaddr struct {
	raw    []byte
	family uint16
	ip     netip.AddrPort // AF_INET, AF_INET6
	path   string         // AF_UNIX with a path
	name   string         // abstract AF_UNIX, without the NUL in front
}

// sunPath is the size of sun_path in struct sockaddr_un.
const sunPath = 108

// maxSockaddr is the size of struct sockaddr_storage.
const maxSockaddr = 128

// readSockaddr copies an address; what is decided and what is done later is on the copy.
func (h *held) readSockaddr(addr uint64, size uint32) (sockaddr, unix.Errno) {
	if int32(size) < 0 || size > maxSockaddr {
		return sockaddr{}, unix.EINVAL
	}
	raw := make([]byte, size)
	if errno := h.thread.Read(addr, raw); errno != 0 {
		return sockaddr{}, errno
	}
	return parseSockaddr(raw), 0
}

func parseSockaddr(raw []byte) sockaddr {
	a := sockaddr{raw: raw}
	if len(raw) < 2 {
		return a
	}
	a.family = binary.NativeEndian.Uint16(raw)
	rest := raw[2:]
	switch {
	case a.family == unix.AF_UNIX && len(rest) > 0 && rest[0] == 0:
		a.name = string(rest[1:])
	case a.family == unix.AF_UNIX:
		if end := bytes.IndexByte(rest, 0); end >= 0 {
			rest = rest[:end]
		}
		a.path = string(rest)
	case a.family == unix.AF_INET && len(raw) >= 8:
		ip := netip.AddrFrom4([4]byte(raw[4:8]))
		a.ip = netip.AddrPortFrom(ip, binary.BigEndian.Uint16(rest))
	case a.family == unix.AF_INET6 && len(raw) >= 24:
		ip := netip.AddrFrom16([16]byte(raw[8:24]))
		a.ip = netip.AddrPortFrom(ip, binary.BigEndian.Uint16(rest))
	}
	return a
}

// destination is the address in the words of a policy.
func (a sockaddr) destination() policy.Destination {
	if a.name != "" {
		return policy.AbstractDestination(a.name)
	}
	return policy.AddrDestination(a.ip)
}

// String is the destination in a report: as the first catbox wrote it,
// "192.0.2.1:80", "::1:80", a path or "@name".
func (a sockaddr) String() string {
	switch {
	case a.path != "":
		return a.path
	case a.name != "":
		return "@" + a.name
	case a.ip.IsValid():
		return a.ip.String()
	}
	return ""
}

// abstract tells whether this is a unix address without a path.
func (a sockaddr) abstract() bool { return a.family == unix.AF_UNIX && a.path == "" }

// unixPlace pins the socket that a unix address leads to.
func (h *held) unixPlace(a sockaddr, entry bool) (target.Place, unix.Errno) {
	if len(a.raw) > unix.SizeofSockaddrUnix {
		return target.Place{Dir: -1, File: -1}, unix.EINVAL
	}
	return h.s.view.Resolve(target.Lookup{
		Thread: h.thread, Dir: unix.AT_FDCWD, Path: a.path, Follow: true, Entry: entry, Pin: true,
	})
}

// unixSockaddr makes the address of a pinned socket, or of a name in a pinned directory.
func unixSockaddr(path string) []byte {
	raw := make([]byte, 2, 2+sunPath)
	binary.NativeEndian.PutUint16(raw, unix.AF_UNIX)
	raw = append(raw, path...)
	if len(path) < sunPath {
		raw = append(raw, 0) // a path that fills it all needs none
	}
	return raw
}
