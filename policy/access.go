package policy

import (
	"fmt"
	"slices"
	"strings"
)

// Access is a set of what can be done to a file.
type Access uint8

// The kinds of access. None implies another: what may be written may not
// therefore be read.
const (
	Read  Access = 1 << iota // read the file, list the directory
	Write                    // change the file or its metadata, create or remove names in the directory
	Exec                     // execute the file

	allAccess = Read | Write | Exec
)

var accessNames = []string{"read", "write", "exec"}

// String returns the names of the kinds, as in "read|write", and "nothing"
// for the empty set.
func (a Access) String() string {
	var names []string
	for i, name := range accessNames {
		if a&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	if rest := a &^ allAccess; rest != 0 {
		names = append(names, fmt.Sprintf("%#x", uint8(rest)))
	}
	if names == nil {
		return "nothing"
	}
	return strings.Join(names, "|")
}

// ParseAccess reads what [Access.String] writes: "read", "write" and "exec",
// joined by "|".
func ParseAccess(s string) (Access, error) {
	var a Access
	for word := range strings.SplitSeq(s, "|") {
		i := slices.Index(accessNames, word)
		if i < 0 {
			return 0, fmt.Errorf("access %q: want %s, joined by |", s, orList(accessNames))
		}
		a |= 1 << i
	}
	return a, nil
}

// valid reports whether a asks for something and for nothing unknown.
func (a Access) valid() bool { return a != 0 && a&^allAccess == 0 }

// Network says which sockets a command has.
type Network uint8

// The networks, from the least to the most.
const (
	NetworkNone     Network = iota // no sockets but unix(7)
	NetworkIsolated                // a network of its own, with only loopback
	NetworkHost                    // the network of the caller
)

var networkNames = []string{"none", "isolated", "host"}

func (n Network) String() string { return nameOf(n, networkNames) }

// ParseNetwork reads "none", "isolated" or "host".
func ParseNetwork(s string) (Network, error) { return parseName[Network]("network", s, networkNames) }

// Action says what happens on a violation.
type Action uint8

// The actions.
const (
	Deny Action = iota // the system call fails, and is reported
	Log                // the system call happens, and is reported
	Stop               // the system call fails, is reported, and the run ends
)

var actionNames = []string{"deny", "log", "stop"}

func (a Action) String() string { return nameOf(a, actionNames) }

// ParseAction reads "deny", "log" or "stop".
func ParseAction(s string) (Action, error) { return parseName[Action]("action", s, actionNames) }

// Effect says what a [Rule] does to the paths that it matches.
type Effect uint8

// The effects.
const (
	EffectAllow Effect = iota
	EffectDeny         // the access fails with EACCES
	EffectHide         // the path is not there: every access fails with ENOENT
)

var effectNames = []string{"allow", "deny", "hide"}

func (e Effect) String() string { return nameOf(e, effectNames) }

func nameOf[T ~uint8](v T, names []string) string {
	if int(v) < len(names) {
		return names[v]
	}
	return fmt.Sprintf("%#x", uint8(v))
}

func parseName[T ~uint8](what, s string, names []string) (T, error) {
	i := slices.Index(names, s)
	if i < 0 {
		return 0, fmt.Errorf("%s %q: want %s", what, s, orList(names))
	}
	return T(i), nil
}

// orList returns "a, b or c".
func orList(words []string) string {
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " or " + words[last]
}
