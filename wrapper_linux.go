package catbox

import (
	"errors"

	"github.com/catbox-go/catbox/internal/cgroup"
	"github.com/catbox-go/catbox/internal/stage"
	"github.com/catbox-go/catbox/policy"
)

// wrap makes the plan one whose mounts and namespaces are another's.
func (p *plan) wrap() error {
	w := p.cmd.Wrapper
	why := errors.New("the mounts are those of " + w.Name)
	if p.cmd.Overlay != nil {
		return &UnsupportedError{Part: "an overlay", Err: why}
	}
	if p.ownIDs() {
		return &UnsupportedError{Part: "fake root mode subuid", Err: why}
	}
	if len(p.walls.readOnly) > 0 || len(p.walls.hidden) > 0 {
		p.walls.exact = false // what no mount holds the supervisor does
	}
	var parts []string
	if p.readable != nil {
		parts = append(parts, "readable paths")
	}
	if len(p.walls.hidden) > 0 {
		parts = append(parts, "hidden paths")
	}
	p.readable, p.links, p.walls.hidden = nil, nil, nil
	if w.Line == nil {
		p.tier, p.own = 2, p.private
		p.walls.exact = p.walls.exact && p.abi >= 3 // Landlock does not see truncation before
		if p.policy.Network() == policy.NetworkIsolated && !p.log {
			parts = append(parts, "a network of its own")
		}
	}
	for _, part := range parts {
		if err := p.cannot(part, why); err != nil {
			return err
		}
	}
	return nil
}

// startFirst starts the first process, by which everything is set up.
func (p *plan) startFirst(group *cgroup.Group) (*stage.Run, error) {
	cfg := p.stageConfig(group)
	if w := p.cmd.Wrapper; w != nil {
		if err := p.inside(w, &cfg); err != nil {
			return nil, err
		}
	}
	return stage.Start(cfg)
}

// inside has the first process started inside of what the Wrapper sets up.
func (p *plan) inside(w *Wrapper, cfg *stage.Config) (err error) {
	spec, err := cfg.Spec()
	if err != nil {
		return err
	}
	spec.View, spec.PIDNamespace = nil, false
	if w.Line != nil {
		cfg.Front, err = w.Line(Walls{p.walls.any, p.walls.writable, p.netNamespace()})
	} else {
		spec.Root = p.rootDir()
	}
	cfg.Prepare, cfg.Spec = w.Prepare, func() (stage.Spec, error) { return spec, nil }
	return err
}
