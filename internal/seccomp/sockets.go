//go:build linux

package seccomp

import (
	"slices"

	"golang.org/x/sys/unix"
)

// Arguments of socket and socketpair.
const (
	argFamily = iota
	argType
	argProtocol
)

// sockTypeMask is SOCK_TYPE_MASK of linux/net.h; the rest of the type is flags.
const sockTypeMask = 0xf

// Of IPv4 and IPv6. Other types select SCTP, DCCP or, for SOCK_PACKET,
// AF_PACKET, with the protocol left at 0.
var (
	inetTypes     = []uint64{unix.SOCK_STREAM, unix.SOCK_DGRAM, unix.SOCK_RAW}
	inetProtocols = []uint64{0, unix.IPPROTO_TCP, unix.IPPROTO_UDP, unix.IPPROTO_ICMP, unix.IPPROTO_ICMPV6}
)

func (o Options) socket() []Rule {
	if slices.Contains(o.Families, AnyFamily) {
		return nil
	}
	rules := family(unix.AF_UNIX)
	for _, f := range o.Families {
		rules = append(rules, family(f)...)
	}
	return append(rules, always(o.otherFamily()))
}

// otherFamily answers for a family that is not allowed.
func (o Options) otherFamily() Verdict {
	if o.Connect || o.ReportSockets {
		return o.ask(Errno(unix.EAFNOSUPPORT))
	}
	return Errno(unix.EAFNOSUPPORT)
}

// family allows one, with the types and protocols that are known to be what
// they seem. The others are refused without asking: they are not what was allowed.
func family(f int) []Rule {
	is := equal(argFamily, uint64(uint32(f)))
	allow := Rule{When: []Cond{is}, Do: Allow}
	switch f {
	case unix.AF_NETLINK:
		return []Rule{
			{When: []Cond{is, notEqual(argProtocol, unix.NETLINK_ROUTE)}, Do: Errno(unix.EPROTONOSUPPORT)}, allow,
		}
	case unix.AF_INET, unix.AF_INET6:
		return []Rule{
			{When: append([]Cond{is}, noneOf(argType, sockTypeMask, inetTypes)...), Do: Errno(unix.ESOCKTNOSUPPORT)},
			{When: append([]Cond{is}, noneOf(argProtocol, Int, inetProtocols)...), Do: Errno(unix.EPROTONOSUPPORT)}, allow,
		}
	}
	return []Rule{allow}
}

func noneOf(arg int, mask uint64, values []uint64) []Cond {
	var when []Cond
	for _, v := range values {
		when = append(when, Cond{arg, mask, v, NotEqual})
	}
	return when
}

// Calls of socketcall(2), SYS_ in linux/net.h.
var (
	multiSockets  = []uint64{1, 8}             // socket, socketpair
	multiConnects = []uint64{2, 3, 11, 16, 20} // bind, connect, sendto, sendmsg, sendmmsg
)

func (o Options) socketcall() []Rule {
	var rules []Rule
	if !slices.Contains(o.Families, AnyFamily) {
		rules = append(rules, oneOf(0, multiSockets, o.ask(Errno(unix.ENOSYS)))...)
	}
	if o.Listener && o.Connect {
		rules = append(rules, oneOf(0, multiConnects, Notify)...)
	}
	return rules
}

// oneOf is a rule for each value.
func oneOf(arg int, values []uint64, v Verdict) []Rule {
	var rules []Rule
	for _, value := range values {
		rules = append(rules, Rule{When: []Cond{equal(arg, value)}, Do: v})
	}
	return rules
}
