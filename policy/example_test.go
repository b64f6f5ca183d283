package policy_test

import (
	"fmt"
	"path"

	"github.com/catbox-go/catbox/policy"
)

func Example() {
	p := policy.ReadOnly().
		Allow(policy.Write, "/src", "~^/tmp/cc[^/]*$").
		Deny(policy.Write, "/src/.git").
		Hide("/home/me/.ssh")
	if err := p.Err(); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(p.Allows(policy.Write, "/src/main.o"))
	fmt.Println(p.Allows(policy.Write, "/src/.git/config"))
	fmt.Println(p.Allows(policy.Write, "/tmp/ccQx1.s"))
	fmt.Println(p.Allows(policy.Read, "/home/me/.ssh/id"))
	// Output:
	// true
	// false
	// true
	// false
}

func ExamplePolicy_Err() {
	fmt.Println(policy.ReadOnly().Allow(policy.Write, "tmp/x").Err())
	fmt.Println(policy.ReadOnly().Deny(policy.Write, "~^/src/(?!out)").Err())
	// Output:
	// allow: "tmp/x": must be absolute: want a path that begins with /, or ~ and a regular expression
	// deny: "~^/src/(?!out)": lookahead "(?!" at offset 6 of the expression is PCRE's: want the syntax of Go's regexp (RE2)
}

func ExamplePolicy_String() {
	d, err := policy.ParseDestination("192.0.2.0/24:443")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Print(policy.ReadOnly().Allow(policy.Write, "/my src").AllowConnect(d).WithNetwork(policy.NetworkHost))
	// Output:
	// network host
	// on-violation deny
	// allow read|exec /
	// allow write "/my src"
	// connect 192.0.2.0/24:443
}

func ExamplePolicy_LeadsTo() {
	// "mkdir -p /src/out/lib" makes /src first.
	p := policy.Policy{}.Allow(policy.Write, "/src/out")
	fmt.Println(p.Allows(policy.Write, "/src"), p.LeadsTo(policy.Write, "/src"))
	// Output: false true
}

func ExamplePolicy_Resolve() {
	p := policy.Policy{}.Allow(policy.Read, "/lib").Deny(policy.Write, "/lib/locked")
	resolved, err := p.Resolve(func(s string) (string, error) {
		return path.Join("/usr", s), nil // where /lib is a link to /usr/lib
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, rule := range resolved.Rules() {
		fmt.Println(rule)
	}
	// Output:
	// allow read /usr/lib
	// deny write /usr/lib/locked
}

func ExampleParse() {
	p, err := policy.Parse(`
		# only the build directory is writable
		allow read|exec /
		allow write /build
		network isolated
	`)
	fmt.Println(p.Allows(policy.Write, "/build/x"), p.Network(), err)
	// Output: true isolated <nil>
}

func ExampleParseDestination() {
	for _, s := range []string{"[2001:db8::1]:443", "unix:/run/x.sock", "example.com:443"} {
		fmt.Println(policy.ParseDestination(s))
	}
	// Output:
	// [2001:db8::1]:443 <nil>
	// /run/x.sock <nil>
	//  destination "example.com:443": "example.com" is not an IP address (host names are not looked up): want one such as 192.0.2.1 or 2001:db8::1
}

func ExamplePattern_Literal() {
	for _, s := range []string{"/usr/", `~^/src/.*\.o$`, "~^/src/lib", "~^/src/lib(/|$)", `~\.o$`} {
		p, err := policy.ParsePattern(s)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(p, p.Literal())
	}
	// Output:
	// /usr /usr
	// ~^/src/.*\.o$ /src
	// ~^/src/lib /src
	// ~^/src/lib(/|$) /src/lib
	// ~\.o$ /
}
