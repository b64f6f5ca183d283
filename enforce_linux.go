package catbox

import (
	"strings"

	"github.com/catbox-go/catbox/policy"
)

// describe says what enforces each part of the policy, once the walls stand.
func (p *plan) describe() []Enforcement {
	if p.log {
		return append(p.enforcement, Enforcement{"everything", "nothing: violations are only reported"})
	}
	parts := []Enforcement{
		{"writable paths", p.writeWalls()},
		{"readable paths", p.readWalls()},
		{"network", p.networkWalls()},
		{"unix sockets", "supervisor"},
		{"processes outside", p.processWalls()},
		{"System V IPC", p.choose("ipc namespace", "refused by the filter")},
		{"temporary files", p.choose("a /tmp, /var/tmp and /dev/shm of its own", "TMPDIR of its own; /tmp cannot be written")},
		{"system calls", "seccomp filter, no_new_privs, no capabilities over the system"},
	}
	if len(p.walls.hidden) > 0 {
		parts = append(parts, Enforcement{"hidden paths", "mounts"})
	}
	if p.policy.Restricts(policy.Exec) {
		parts = append(parts, Enforcement{"programs", "landlock"})
	}
	return append(parts, p.enforcement...)
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
	if p.tier == 1 && !p.walls.any {
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
