//go:build linux

package seccomp

import (
	"slices"

	"github.com/catbox-go/catbox/internal/abi"
)

// implied are the calls that a list of what is retained has without saying so, as
// systemd's SystemCallFilter has them (systemd.exec(5)): by these a program starts,
// ends, and returns from a signal.
var implied = []string{"execve", "exit", "exit_group", "getrlimit", "rt_sigreturn", "sigreturn"}

// Retain returns the rules of a filter of its own that refuses every call but those
// named, and those that a program cannot do without. A name that the table does not have
// is of no call.
func Retain(names []string, refused Verdict) []Rule {
	return listed(refused, func(name string) bool { return !slices.Contains(names, name) && !slices.Contains(implied, name) })
}

// Remove returns the rules of one that refuses the calls named. Of a name that the
// table does not have the number, if there is one, fails with ENOSYS.
func Remove(names []string, refused Verdict) []Rule {
	return listed(refused, func(name string) bool { return slices.Contains(names, name) })
}

func listed(refused Verdict, which func(name string) bool) []Rule {
	var rules []Rule
	for _, row := range abi.Table() {
		if which(row.Name) {
			r := always(refused)
			r.Name = row.Name
			rules = append(rules, r)
		}
	}
	return rules
}
