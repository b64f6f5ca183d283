package policy

import (
	"errors"
	"fmt"
	"net/netip"
	"path"
	"strconv"
	"strings"
)

// Destination is what can be connected to: IP addresses, with one port or with
// any, unix sockets with a path, or an abstract unix socket. It can be compared
// with ==. The zero Destination matches nothing.
type Destination struct {
	kind    kind
	prefix  netip.Prefix // of an address; IPv4-mapped IPv6 is IPv4 here
	port    uint16
	anyPort bool
	name    string // the clean path, or the abstract name without its NUL
}

type kind uint8

const (
	noDestination kind = iota
	address
	unixPath
	unixAbstract
)

// maxAbstract is the room for an abstract name after its NUL in sun_path; see
// unix(7).
const maxAbstract = 107

// AddrDestination returns the destination of one address and port.
func AddrDestination(ap netip.AddrPort) Destination {
	if !ap.IsValid() {
		return Destination{}
	}
	return Destination{kind: address, prefix: hostPrefix(ap.Addr()), port: ap.Port()}
}

// UnixDestination returns the destination of the unix socket with the
// canonical path.
func UnixDestination(canonical string) Destination {
	return Destination{kind: unixPath, name: canonical}
}

// AbstractDestination returns the destination of the unix socket with the
// abstract name, which is given without its first NUL.
func AbstractDestination(name string) Destination {
	return Destination{kind: unixAbstract, name: name}
}

// ParseDestination reads
//
//	192.0.2.1:443  [2001:db8::1]:443       an address and port
//	192.0.2.1  2001:db8::1                 an address with any port
//	192.0.2.0/24:443  [2001:db8::/32]:443  the addresses of a prefix, and a port
//	192.0.2.0/24  2001:db8::/32            the addresses of a prefix with any port
//	/run/x.sock  unix:/run/x.sock          unix sockets at or below a path
//	@name                                  the abstract unix socket of that name
//
// There are no host names: what one means would be up to who answers.
func ParseDestination(s string) (Destination, error) {
	d, err := parseDestination(s)
	if err != nil {
		return Destination{}, fmt.Errorf("destination %q: %w", s, err)
	}
	return d, nil
}

func parseDestination(s string) (Destination, error) {
	name, unix := strings.CutPrefix(s, "unix:")
	switch {
	case s == "":
		return Destination{}, errors.New("empty: want ADDRESS:PORT, /PATH or @NAME")
	case unix || strings.HasPrefix(s, "/"):
		return parseUnix(name)
	case s[0] == '@':
		return parseAbstract(s[1:])
	}
	return parseAddress(s)
}

func parseUnix(name string) (Destination, error) {
	if !strings.HasPrefix(name, "/") {
		return Destination{}, errors.New("the path of a unix socket must be absolute: want unix:/PATH")
	}
	if strings.Contains(name, "\x00") {
		return Destination{}, errNUL
	}
	return UnixDestination(path.Clean(name)), nil
}

func parseAbstract(name string) (Destination, error) {
	if name == "" {
		return Destination{}, errors.New("empty abstract name: want @NAME")
	}
	if len(name) > maxAbstract {
		return Destination{}, fmt.Errorf("an abstract name of %d bytes: want at most %d", len(name), maxAbstract)
	}
	return AbstractDestination(name), nil
}

func parseAddress(s string) (Destination, error) {
	host, port, err := splitPort(s)
	if err != nil {
		return Destination{}, err
	}
	d := Destination{kind: address, anyPort: port == ""}
	if d.prefix, err = parsePrefix(host); err != nil {
		return Destination{}, err
	}
	if !d.anyPort {
		d.port, err = parsePort(port)
	}
	return d, err
}

// splitPort splits the port off; it is "" for any port. An IPv6 address with a
// port is in brackets.
func splitPort(s string) (host, port string, err error) {
	if strings.HasPrefix(s, "[") {
		host, port, ok := strings.Cut(s[1:], "]:")
		if !ok || port == "" || !strings.Contains(host, ":") {
			return "", "", errors.New("want [IPV6-ADDRESS]:PORT")
		}
		return host, port, nil
	}
	host, port, ok := strings.Cut(s, ":")
	if strings.Contains(port, ":") {
		return s, "", nil
	}
	if ok && port == "" {
		return "", "", errors.New("no port after the colon: want 1 to 65535, or no colon for any port")
	}
	return host, port, nil
}

func parsePort(s string) (uint16, error) {
	n, err := strconv.ParseUint(s, 10, 16)
	if err != nil || n == 0 || s[0] == '0' {
		return 0, fmt.Errorf("port %q: want 1 to 65535", s)
	}
	return uint16(n), nil
}

func parsePrefix(s string) (netip.Prefix, error) {
	if strings.Contains(s, "%") {
		return netip.Prefix{}, fmt.Errorf("a scope id: want %s without it, for every scope", s[:strings.IndexByte(s, '%')])
	}
	if !strings.Contains(s, "/") {
		return parseHost(s)
	}
	p, err := netip.ParsePrefix(s)
	if err != nil {
		return netip.Prefix{}, badPrefix(s)
	}
	if p != p.Masked() {
		return netip.Prefix{}, fmt.Errorf("bits are set beyond /%d: want %s", p.Bits(), p.Masked())
	}
	return unmapPrefix(p), nil
}

func parseHost(s string) (netip.Prefix, error) {
	a, err := netip.ParseAddr(s)
	if err != nil {
		return netip.Prefix{}, fmt.Errorf("%q is not an IP address (host names are not looked up): want one such as 192.0.2.1 or 2001:db8::1", s)
	}
	return hostPrefix(a), nil
}

// hostPrefix returns the prefix of one address. It has no scope id: PrefixFrom
// takes it off.
func hostPrefix(a netip.Addr) netip.Prefix {
	a = a.Unmap()
	return netip.PrefixFrom(a, a.BitLen())
}

func badPrefix(s string) error {
	host, bits, _ := strings.Cut(s, "/")
	if strings.Contains(bits, ":") {
		bits, port, _ := strings.Cut(bits, ":")
		return fmt.Errorf("IPv6 with a port needs brackets: want [%s/%s]:%s", host, bits, port)
	}
	return fmt.Errorf("%q is not an address prefix: want one such as 192.0.2.0/24 or 2001:db8::/32", s)
}

// unmapPrefix makes a prefix of IPv4-mapped IPv6 addresses (::ffff:0:0/96) one
// of IPv4.
func unmapPrefix(p netip.Prefix) netip.Prefix {
	if p.Addr().Is4In6() && p.Bits() >= 96 {
		return netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	return p
}

// IsIP reports whether d is IP addresses.
func (d Destination) IsIP() bool { return d.kind == address }

// IsUnix reports whether d is unix sockets, with a path or abstract.
func (d Destination) IsUnix() bool { return d.kind == unixPath || d.kind == unixAbstract }

// IsAbstract reports whether d is an abstract unix socket.
func (d Destination) IsAbstract() bool { return d.kind == unixAbstract }

// Prefix returns the addresses; it is not valid if d has none.
func (d Destination) Prefix() netip.Prefix { return d.prefix }

// Port returns the port; ok is false if d is any port or no address.
func (d Destination) Port() (port uint16, ok bool) {
	return d.port, d.kind == address && !d.anyPort
}

// Name returns the path of a unix socket, or its abstract name without the
// first NUL; "" for an address.
func (d Destination) Name() string { return d.name }

// MatchAddr reports whether d contains the address and port. An IPv4-mapped
// IPv6 address is the IPv4 address, and so is in no IPv6 prefix, not even in
// ::/0. The scope id is ignored.
func (d Destination) MatchAddr(ap netip.AddrPort) bool { return d.covers(AddrDestination(ap)) }

// MatchUnix reports whether d is at or above the canonical path of a unix
// socket.
func (d Destination) MatchUnix(canonical string) bool { return d.covers(UnixDestination(canonical)) }

// MatchAbstract reports whether d is the abstract unix socket with that name,
// which is given without its first NUL.
func (d Destination) MatchAbstract(name string) bool { return d.covers(AbstractDestination(name)) }

// covers reports whether everything that e matches is matched by d.
func (d Destination) covers(e Destination) bool {
	switch {
	case d.kind != e.kind:
		return false
	case d.kind == address:
		return d.prefix.Bits() <= e.prefix.Bits() && d.prefix.Contains(e.prefix.Addr()) &&
			(d.anyPort || !e.anyPort && d.port == e.port)
	case d.kind == unixPath:
		return contains(d.name, e.name)
	}
	return d.kind == unixAbstract && d.name == e.name
}

// String returns what [ParseDestination] reads.
func (d Destination) String() string {
	switch d.kind {
	case address:
		return d.addressString()
	case unixAbstract:
		return "@" + d.name
	}
	return d.name
}

func (d Destination) addressString() string {
	s := d.prefix.String()
	if d.prefix.IsSingleIP() {
		s = d.prefix.Addr().String()
	}
	switch {
	case d.anyPort:
		return s
	case d.prefix.Addr().Is6():
		s = "[" + s + "]"
	}
	return s + ":" + strconv.Itoa(int(d.port))
}
