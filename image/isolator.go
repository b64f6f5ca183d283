package image

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/catbox-go/catbox/image/internal/appc"
)

// Isolator is a constraint that an image asks for. A name says which of the
// fields below hold it. The specification wants users told which are enforced
// (ace.md, "Isolators"): those that are not Enforceable say why.
type Isolator struct {
	Name  string          // as in the App Container specification
	Value json.RawMessage // as in the image
	// Enforceable: the constraint can be had from the kernel, without
	// settings that are the machine's. Whether this host and the way of
	// isolation can, is for the caller to find out.
	Enforceable bool
	// Why it is not enforceable, or what is not kept of one that is.
	Why string

	MilliCPU     int64    // resource/cpu: the limit, in thousandths of a core; 0: none
	MemoryBytes  int64    // resource/memory: the limit; 0: none
	NoNewPrivs   bool     // os/linux/no-new-privileges
	Capabilities []string // os/linux/capabilities-*-set: what the bounding set keeps; empty: nothing
	Seccomp      *Seccomp // os/linux/seccomp-*-set; nil: every call, or not this isolator
	OOMScoreAdj  int      // os/linux/oom-score-adj, see proc_pid_oom_score_adj(5)
	CPUShares    int64    // os/linux/cpu-shares, of cgroup v1: 1024 is a whole one
}

// Seccomp is a filter of system calls.
type Seccomp struct {
	Retain bool     // Calls are those allowed; false: those refused
	Calls  []string // names of system calls
	Errno  string   // of a refused call, as in EPERM; "": SIGSYS ends the process
}

// Names of isolators that are enforceable.
const (
	ResourceCPU        = "resource/cpu"
	ResourceMemory     = "resource/memory"
	CapabilitiesRetain = "os/linux/capabilities-retain-set"
	CapabilitiesRemove = "os/linux/capabilities-remove-set"
	NoNewPrivileges    = "os/linux/no-new-privileges"
	SeccompRetain      = "os/linux/seccomp-retain-set"
	SeccompRemove      = "os/linux/seccomp-remove-set"
	OOMScoreAdj        = "os/linux/oom-score-adj"
	CPUShares          = "os/linux/cpu-shares"
)

// interpreters fill in an isolator from its value, and say whether it can be
// enforced.
var interpreters = map[string]func(*Isolator, appc.Value){
	ResourceCPU:        func(i *Isolator, v appc.Value) { i.MilliCPU = i.limit(v) },
	ResourceMemory:     func(i *Isolator, v appc.Value) { i.MemoryBytes = i.limit(v) },
	CapabilitiesRetain: func(i *Isolator, v appc.Value) { i.capabilities(v.Set) },
	CapabilitiesRemove: func(i *Isolator, v appc.Value) { i.capabilities(without(appc.DefaultCapabilities, v.Set)) },
	NoNewPrivileges:    func(i *Isolator, v appc.Value) { i.Enforceable, i.NoNewPrivs = true, v.Bool },
	SeccompRetain:      func(i *Isolator, v appc.Value) { i.seccomp(v, true) },
	SeccompRemove:      func(i *Isolator, v appc.Value) { i.seccomp(v, false) },
	OOMScoreAdj:        func(i *Isolator, v appc.Value) { i.Enforceable, i.OOMScoreAdj = true, int(*v.Limit) },
	CPUShares:          func(i *Isolator, v appc.Value) { i.Enforceable, i.CPUShares = true, *v.Limit },
}

// reasons are why others can't be enforced.
var reasons = map[string]string{
	"resource/block-bandwidth":   "bandwidth is limited for a device of the host, which the image can't name; an ordinary user is not given the io controller",
	"resource/block-iops":        "operations are limited for a device of the host, which the image can't name; an ordinary user is not given the io controller",
	"resource/network-bandwidth": "a network of its own has no interface but lo, to which the limit must not apply, and the host's interfaces are the host's",
	"os/linux/selinux-context":   "a change of context needs a policy of the host that allows it",
	"os/linux/apparmor-profile":  "the profile has to be loaded on the host by its administrator",
	"os/unix/sysctl":             "its scope is a pod, and most settings are the whole machine's",
}

func isolators(list []appc.Isolator) ([]Isolator, error) {
	var all []Isolator
	for _, raw := range list {
		v, err := raw.Read()
		if err != nil {
			return nil, fmt.Errorf("isolator %s: %w", raw.Name, err)
		}
		i := Isolator{Name: raw.Name, Value: raw.Value}
		i.interpret(v)
		all = append(all, i)
	}
	return all, nil
}

func (i *Isolator) interpret(v appc.Value) {
	if f, ok := interpreters[i.Name]; ok {
		f(i, v)
		return
	}
	if i.Why = reasons[i.Name]; i.Why == "" {
		i.Why = "the App Container specification does not have it"
	}
}

func (i *Isolator) limit(v appc.Value) int64 {
	if v.Limit == nil {
		i.Why = "it has a request and no limit: what is guaranteed is for a scheduler of many apps"
		return 0
	}
	i.Enforceable = true
	if *v.Request != *v.Limit {
		i.Why = "the limit is kept, the request is not: what is guaranteed is for a scheduler of many apps"
	}
	return *v.Limit
}

func (i *Isolator) capabilities(set []string) {
	i.Enforceable, i.Capabilities = true, slices.Clone(set)
}

// Wildcards of the specification (ace.md, notes 4 of the seccomp isolators).
const (
	wildcardAll   = "@appc.io/all"
	wildcardEmpty = "@appc.io/empty"
)

func (i *Isolator) seccomp(v appc.Value, retain bool) {
	if retain && slices.Contains(v.Set, wildcardAll) || !retain && slices.Contains(v.Set, wildcardEmpty) {
		i.Enforceable = true
		i.Why = "nothing is filtered, as the image asks with a wildcard"
		return
	}
	for _, name := range v.Set {
		if name[0] == '@' {
			i.Why = fmt.Sprintf("the wildcard %q is another implementation's", name)
			return
		}
	}
	i.Enforceable = true
	i.Seccomp = &Seccomp{Retain: retain, Calls: v.Set, Errno: v.Errno}
}

func without(set, gone []string) []string {
	return slices.DeleteFunc(slices.Clone(set), func(s string) bool { return slices.Contains(gone, s) })
}

// warnIsolators tells of those that can't be enforced.
func (img *Image) warnIsolators() {
	for _, i := range img.Command.Isolators {
		if !i.Enforceable {
			img.warn("isolator %s is not enforced: %s", i.Name, i.Why)
		}
	}
}
