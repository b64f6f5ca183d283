package catbox

import (
	"errors"
	"fmt"
	"os"
	"os/exec"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/namespace"
	"github.com/catbox-go/catbox/internal/sys"
	"github.com/catbox-go/catbox/policy"
)

// stepDown makes the plan one for a host that lets us have no namespaces: what
// cannot be enforced without is an error that names it, or given up if the
// caller allowed that.
func (p *plan) stepDown(why error) error {
	p.tier = 2
	switch {
	case p.cmd.Root != "":
		return &UnsupportedError{Part: "a root filesystem", Err: why}
	case p.cmd.Overlay != nil:
		return &UnsupportedError{Part: "an overlay", Err: why}
	case p.cmd.ownTree():
		return &UnsupportedError{Part: "mounts", Err: why}
	}
	p.visible, p.private = nil, nil
	p.allowCache()
	for _, part := range p.needsNamespaces() {
		if err := p.cannot(part, why); err != nil {
			return err
		}
	}
	// Mounts would have held these; now the supervisor does.
	if len(p.walls.readOnly) > 0 || len(p.walls.hidden) > 0 {
		p.walls.exact = false
	}
	if p.abi < 3 {
		p.walls.exact = false // Landlock does not see truncation
	}
	p.walls.hidden = nil
	if p.log {
		return nil
	}
	return p.makeTemporary()
}

func (p *plan) needsNamespaces() []string {
	if p.log {
		return nil
	}
	var parts []string
	if p.policy.Network() == policy.NetworkIsolated {
		parts = append(parts, "a network of its own")
	}
	if len(p.walls.hidden) > 0 {
		parts = append(parts, "hidden paths")
	}
	if p.abi == 0 && p.readable != nil {
		parts = append(parts, "readable paths")
	}
	return parts
}

// makeTemporary makes a directory for temporary files, as /tmp cannot be
// exchanged for one of the run's own.
func (p *plan) makeTemporary() error {
	p.devices = namespace.Devices(p.terminal)
	if p.walls.any {
		p.own = nil
		return nil // where everything may be written, so may /tmp
	}
	dir, err := os.MkdirTemp("", "catbox-")
	if err != nil {
		return &SetupError{Step: "make a directory for temporary files", Err: err}
	}
	if dir, err = p.tree.canonical(dir); err != nil {
		return err
	}
	p.tmp = dir
	p.own = []string{dir}
	return nil
}

// maySetIDs tells whether the caller may give files and processes any id.
func maySetIDs() bool {
	caps, err := sys.Caps()
	need := uint64(1<<unix.CAP_SETUID | 1<<unix.CAP_SETGID)
	return err == nil && caps&need == need
}

// lookupError is the reason of a failed search in PATH as execve(2) would give it.
func lookupError(err error) error {
	var e *exec.Error
	if errors.As(err, &e) && errors.Is(e.Err, exec.ErrNotFound) {
		return unix.ENOENT
	}
	if errors.Is(err, os.ErrPermission) {
		return unix.EACCES
	}
	return fmt.Errorf("%w", err)
}
