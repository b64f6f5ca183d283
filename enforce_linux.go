package catbox

import (
	"slices"
	"strings"

	"github.com/catbox-go/catbox/policy"
)

// describe says what enforces each part of the policy, once the walls stand.
func (p *plan) describe() []Enforcement {
	if p.log {
		return slices.Concat(p.enforcement, []Enforcement{{"everything", "nothing: violations are only reported"}}, p.overlayBy(), p.fakeRootMode())
	}
	parts := []Enforcement{
		{"writable paths", p.writeWalls()},
		{"readable paths", p.readWalls()},
		{"network", p.networkWalls()},
		{"unix sockets", p.unixSockets()},
		{"processes outside", p.processWalls()},
		{"System V IPC", p.choose("ipc namespace", "refused by the filter")},
		{"temporary files", p.temporaryFiles()},
		{"system calls", p.systemCalls()},
	}
	if w := p.cmd.Wrapper; w != nil {
		parts = append(parts, Enforcement{"root and mounts", w.Name})
	}
	if len(p.walls.hidden) > 0 {
		parts = append(parts, Enforcement{"hidden paths", "mounts"})
	}
	if p.policy.Restricts(policy.Exec) {
		parts = append(parts, Enforcement{"programs", "landlock"})
	}
	return slices.Concat(parts, p.enforcement, p.overlayBy(), p.fakeRootMode())
}

func (p *plan) systemCalls() string {
	if p.ownIDs() {
		return "seccomp filter, no capabilities over the system"
	}
	return "seccomp filter, no_new_privs, no capabilities over the system"
}

func (p *plan) unixSockets() string {
	if !p.watchesConnect() {
		return "all that the user may connect to"
	}
	return "supervisor"
}

// fakeRootMode says what shows the command that it is root.
func (p *plan) fakeRootMode() []Enforcement {
	by := "single: a user namespace with one id, the rest by the supervisor"
	switch {
	case p.cmd.FakeRoot == nil:
		return nil
	case p.ownIDs():
		by = "subuid: a user namespace with a range of ids, devices and trusted attributes by the supervisor"
	case p.tier > 1 || p.cmd.Wrapper != nil && !p.root:
		by = "none: by the supervisor alone"
	case p.root:
		by = "root: a user namespace with the caller's ids, the rest by the supervisor"
	}
	return []Enforcement{{"fake root", by}}
}

// temporaryFiles says which of the directories for them the run has for itself.
func (p *plan) temporaryFiles() string {
	switch {
	case p.tmp != "" && p.policy.Allows(policy.Write, "/tmp"):
		return "TMPDIR of its own"
	case p.tmp != "":
		return "TMPDIR of its own; /tmp cannot be written"
	case len(p.private) == 0:
		return "no directory of its own"
	}
	last := len(p.private) - 1
	if last == 0 {
		return "a " + p.private[0] + " of its own"
	}
	return "a " + strings.Join(p.private[:last], ", ") + " and " + p.private[last] + " of its own"
}

func (p *plan) choose(namespaces, none string) string {
	if p.tier == 1 {
		return namespaces
	}
	return none
}

func (p *plan) processWalls() string {
	walls := p.choose("pid namespace", "supervisor")
	if p.abi >= 6 {
		walls += ", landlock scope"
	}
	return walls
}

func (p *plan) writeWalls() string {
	if !p.policy.Restricts(policy.Write) {
		return "everything may be written"
	}
	var walls []string
	if p.tier == 1 && (!p.walls.any || len(p.walls.readOnly) > 0) {
		walls = append(walls, "read-only mounts")
	}
	if !p.walls.any && p.abi > 0 {
		walls = append(walls, "landlock")
	}
	switch {
	case !p.walls.exact:
		walls = append(walls, "supervisor, which does every writing call itself")
	case p.tier > 1:
		walls = append(walls, "supervisor, for metadata")
	}
	return strings.Join(walls, ", ")
}

func (p *plan) readWalls() string {
	if p.readable == nil {
		return "everything may be read"
	}
	return p.choose("a root with nothing else in it", "landlock; names and metadata stay visible")
}

func (p *plan) networkWalls() string {
	listed := len(p.policy.Destinations()) > 0
	switch {
	case p.policy.Network() == policy.NetworkHost && !listed:
		return "the host's network may be used"
	case p.policy.Network() == policy.NetworkHost:
		return "supervisor, which makes every connection itself"
	case p.tier == 1 && listed:
		return "network namespace; supervisor, which makes the allowed connections itself"
	case p.tier == 1:
		return "network namespace, socket families by list"
	}
	return "socket families by list"
}
