//go:build linux

package seccomp

import (
	"slices"
	"testing"

	"github.com/catbox-go/catbox/internal/abi"
)

func names(rules []Rule) []string {
	var all []string
	for _, r := range rules {
		all = append(all, r.Name)
	}
	return all
}

func TestListedCalls(t *testing.T) {
	removed := names(Remove([]string{"mkdir", "mkdirat", "no_such_call"}, Errno(1)))
	slices.Sort(removed)
	if !slices.Equal(removed, []string{"mkdir", "mkdirat"}) {
		t.Errorf("removed: %q", removed)
	}
	refused := names(Retain([]string{"read", "write", "no_such_call"}, Kill))
	for _, kept := range []string{"read", "write", "execve", "exit_group", "rt_sigreturn"} {
		if slices.Contains(refused, kept) {
			t.Errorf("%s is refused", kept)
		}
	}
	if !slices.Contains(refused, "openat") || len(refused) < 300 {
		t.Errorf("%d are refused", len(refused))
	}
}

// TestListedCallsCompile: the longest list there can be fits into a filter.
func TestListedCallsCompile(t *testing.T) {
	for _, rules := range [][]Rule{Retain(nil, Kill), Remove(names(Retain(nil, Kill)), Errno(1)), Remove(nil, Kill)} {
		prog, err := Compile(abi.Native(), rules)
		if err != nil || len(prog) == 0 {
			t.Errorf("%d rules: %d instructions, %v", len(rules), len(prog), err)
		}
	}
}
