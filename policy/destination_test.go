package policy_test

import (
	"net/netip"
	"strconv"
	"strings"
	"testing"

	"github.com/catbox-go/catbox/policy"
)

func quoted(s string) string { return strconv.Quote(s) }

func TestDestination(t *testing.T) {
	tests := []struct{ in, want string }{
		{"192.0.2.1:443", "192.0.2.1:443"},
		{"[2001:db8::1]:443", "[2001:db8::1]:443"},
		{"192.0.2.0/24:443", "192.0.2.0/24:443"},
		{"192.0.2.0/24", "192.0.2.0/24"},
		{"192.0.2.1/32", "192.0.2.1"},
		{"192.0.2.1", "192.0.2.1"},
		{"0.0.0.0/0:1", "0.0.0.0/0:1"},
		{"2001:db8::/32", "2001:db8::/32"},
		{"[2001:db8::/32]:65535", "[2001:db8::/32]:65535"},
		{"2001:db8::1:443", "2001:db8::1:443"}, // an address; a port needs brackets
		{"::ffff:192.0.2.1", "192.0.2.1"},
		{"[::ffff:192.0.2.1]:80", "192.0.2.1:80"},
		{"::ffff:192.0.2.0/120", "192.0.2.0/24"},
		{"::", "::"},
		{"/run/x.sock", "/run/x.sock"},
		{"unix:/run//x.sock/", "/run/x.sock"},
		{"/a b\xff:80", "/a b\xff:80"},
		{"@name", "@name"},
		{"@/a:b@", "@/a:b@"},
		{"@a\x00b", "@a\x00b"},
	}
	for _, test := range tests {
		d := destination(t, test.in)
		if d.String() != test.want {
			t.Errorf("%q is %q, want %q", test.in, d, test.want)
		}
		if again := destination(t, d.String()); again != d {
			t.Errorf("%q is %v again", test.in, again)
		}
	}
}

func TestDestinationErrors(t *testing.T) {
	const (
		noHost   = " is not an IP address (host names are not looked up): want one such as 192.0.2.1 or 2001:db8::1"
		noPrefix = " is not an address prefix: want one such as 192.0.2.0/24 or 2001:db8::/32"
		brackets = "want [IPV6-ADDRESS]:PORT"
		absolute = "the path of a unix socket must be absolute: want unix:/PATH"
	)
	tests := []struct{ in, want string }{
		{"", "empty: want ADDRESS:PORT, /PATH or @NAME"},
		{"example.com", `"example.com"` + noHost},
		{"example.com:443", `"example.com"` + noHost},
		{":443", `""` + noHost},
		{"192.0.2.256", `"192.0.2.256"` + noHost},
		{"192.0.2.01", `"192.0.2.01"` + noHost},
		{"192.0.2.1:0", `port "0": want 1 to 65535`},
		{"192.0.2.1:65536", `port "65536": want 1 to 65535`},
		{"192.0.2.1:-1", `port "-1": want 1 to 65535`},
		{"192.0.2.1:http", `port "http": want 1 to 65535`},
		{"192.0.2.1:080", `port "080": want 1 to 65535`},
		{"192.0.2.1:", "no port after the colon: want 1 to 65535, or no colon for any port"},
		{"192.0.2.0/33", `"192.0.2.0/33"` + noPrefix},
		{"192.0.2.0/", `"192.0.2.0/"` + noPrefix},
		{"192.0.2.7/24", "bits are set beyond /24: want 192.0.2.0/24"},
		{"2001:db8::1/32", "bits are set beyond /32: want 2001:db8::/32"},
		{"2001:db8::/32:443", "IPv6 with a port needs brackets: want [2001:db8::/32]:443"},
		{"[2001:db8::1]", brackets},
		{"[2001:db8::1]:", brackets},
		{"[2001:db8::1", brackets},
		{"[192.0.2.1]:80", brackets},
		{"fe80::1%eth0", "a scope id: want fe80::1 without it, for every scope"},
		{"[fe80::1%eth0]:80", "a scope id: want fe80::1 without it, for every scope"},
		{"run/x.sock", `"run/x.sock"` + noPrefix},
		{"unix:run/x.sock", absolute},
		{"unix:", absolute},
		{"unix:@name", absolute},
		{"/run/\x00", "holds a NUL, which no path can"},
		{"@", "empty abstract name: want @NAME"},
		{"@" + strings.Repeat("x", 108), "an abstract name of 108 bytes: want at most 107"},
	}
	for _, test := range tests {
		_, err := policy.ParseDestination(test.in)
		if err == nil {
			t.Errorf("%q is accepted", test.in)
			continue
		}
		if got, want := err.Error(), "destination "+quoted(test.in)+": "+test.want; got != want {
			t.Errorf("%q gives\n%s, want\n%s", test.in, got, want)
		}
	}
}

func TestMatchAddr(t *testing.T) {
	tests := []struct {
		dest, addr string
		want       bool
	}{
		{"192.0.2.1:443", "192.0.2.1:443", true},
		{"192.0.2.1:443", "192.0.2.1:80", false},
		{"192.0.2.1:443", "192.0.2.2:443", false},
		{"192.0.2.1:443", "[::ffff:192.0.2.1]:443", true},
		{"::ffff:192.0.2.1", "192.0.2.1:1", true},
		{"192.0.2.1", "192.0.2.1:0", true},
		{"192.0.2.0/24:443", "192.0.2.255:443", true},
		{"192.0.2.0/24:443", "192.0.3.0:443", false},
		{"0.0.0.0/0", "[2001:db8::1]:1", false},
		{"0.0.0.0/0", "[::ffff:10.0.0.1]:1", true},
		{"::/0", "[2001:db8::1]:1", true},
		{"::/0", "10.0.0.1:1", false},
		{"::/0", "[::ffff:10.0.0.1]:1", false},
		{"[2001:db8::/32]:443", "[2001:db8:ffff::1]:443", true},
		{"[2001:db8::/32]:443", "[2001:db9::1]:443", false},
		{"fe80::/10", "[fe80::1%eth0]:1", true},
		{"fe80::1", "[fe80::1%2]:1", true},
		{"/192.0.2.1", "192.0.2.1:1", false},
		{"@192.0.2.1:1", "192.0.2.1:1", false},
	}
	for _, test := range tests {
		if got := destination(t, test.dest).MatchAddr(netip.MustParseAddrPort(test.addr)); got != test.want {
			t.Errorf("%s matches %s: %v, want %v", test.dest, test.addr, got, test.want)
		}
	}
}

func TestMatchUnix(t *testing.T) {
	path, abstract, address := destination(t, "/run/x"), destination(t, "@/run/x"), destination(t, "192.0.2.1")
	for name, want := range map[string]bool{"/run/x": true, "/run/x/y": true, "/run/xy": false, "/run": false} {
		if got := path.MatchUnix(name); got != want {
			t.Errorf("%v matches %q: %v, want %v", path, name, got, want)
		}
	}
	if abstract.MatchUnix("/run/x") || address.MatchUnix("/run/x") {
		t.Error("an abstract name or an address matches a path")
	}
	if !abstract.MatchAbstract("/run/x") || abstract.MatchAbstract("/run/x/y") || path.MatchAbstract("/run/x") {
		t.Error("an abstract name matches other than itself")
	}
}

func TestZeroDestinationMatchesNothing(t *testing.T) {
	var zero policy.Destination
	if zero.MatchAddr(netip.AddrPort{}) || zero.MatchUnix("") || zero.MatchUnix("/") || zero.MatchAbstract("") ||
		zero.IsIP() || zero.IsUnix() || zero.IsAbstract() {
		t.Error("it does")
	}
	if policy.AddrDestination(netip.AddrPort{}) != zero {
		t.Error("no address is a destination")
	}
}

func TestPortZeroIsNotAnyPort(t *testing.T) {
	zero := policy.AddrDestination(netip.MustParseAddrPort("192.0.2.1:0"))
	p := policy.Policy{}.WithNetwork(policy.NetworkHost).AllowConnect(zero)
	if !p.AllowsConnect(zero) || p.AllowsConnect(destination(t, "192.0.2.1")) || p.AllowsConnect(destination(t, "192.0.2.1:80")) {
		t.Error("it is")
	}
}

func TestDestinationParts(t *testing.T) {
	tests := []struct {
		in                 string
		ip, unix, abstract bool
		prefix             string
		port               uint16
		hasPort            bool
		name               string
	}{
		{in: "192.0.2.0/24:443", ip: true, prefix: "192.0.2.0/24", port: 443, hasPort: true},
		{in: "2001:db8::1", ip: true, prefix: "2001:db8::1/128"},
		{in: "/run/x", unix: true, prefix: "invalid Prefix", name: "/run/x"},
		{in: "@x", unix: true, abstract: true, prefix: "invalid Prefix", name: "x"},
	}
	for _, test := range tests {
		d := destination(t, test.in)
		port, hasPort := d.Port()
		if d.IsIP() != test.ip || d.IsUnix() != test.unix || d.IsAbstract() != test.abstract ||
			d.Prefix().String() != test.prefix || port != test.port || hasPort != test.hasPort || d.Name() != test.name {
			t.Errorf("%s is %#v", test.in, d)
		}
	}
}
