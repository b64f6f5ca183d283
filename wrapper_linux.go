package catbox

import (
	"errors"
	"os"
	"syscall"

	"github.com/catbox-go/catbox/internal/cgroup"
	"github.com/catbox-go/catbox/internal/stage"
	"github.com/catbox-go/catbox/internal/within"
	"github.com/catbox-go/catbox/policy"
)

// first is a run's first process that can be told what to do: the init of package
// stage, or what another program has executed.
type first interface {
	PID() int
	Go() (int, error)
	Signal(syscall.Signal) error
	Kill()
	Abort()
	Wait() (*stage.Ended, error)
}

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
func (r *run) startFirst(group *cgroup.Group) error {
	if r.plan.cmd.Wrapper != nil {
		return r.startWithin(group)
	}
	own, err := stage.Start(r.plan.stageConfig(group))
	if err != nil {
		return err
	}
	r.first, r.stage, r.listener, r.netns = own, own, own.Listener, own.Netns
	return nil
}

func (r *run) startWithin(group *cgroup.Group) error {
	p, w := r.plan, r.plan.cmd.Wrapper
	spec, err := p.spec(group)
	if err != nil {
		return err
	}
	common := p.stageConfig(group)
	cfg := within.Config{
		Prepare: w.Prepare, OwnPIDs: p.tier == 1, Stdin: common.Stdin, Stdout: common.Stdout, Stderr: common.Stderr,
		Files: common.Files, WaitDelay: common.WaitDelay, Cgroup: common.Cgroup, Died: common.Died, Stopped: common.Stopped,
		Spec: within.NewSpec(spec, common.Caps),
	}
	if w.Line == nil {
		cfg.Spec.SetRoot(p.tree.root)
	} else if cfg.Outer, err = w.Line(Walls{p.walls.any, p.walls.writable, p.netNamespace()}); err != nil {
		return err
	}
	inner, err := within.Start(cfg)
	if err != nil {
		return err
	}
	r.first, r.listener, r.netns = inner, inner.Listener, inner.Netns
	return nil
}

// socket makes a socket in the run's namespaces.
func (r *run) socket(family, typ, protocol int) (*os.File, error) {
	if r.stage == nil {
		return nil, errors.ErrUnsupported
	}
	return r.stage.Socket(family, typ, protocol)
}
