package executor

import (
	"fmt"
	"os/exec"
	"sync"
)

// program is an installed program by which an executor works. It is found, and
// asked what works here, once.
type program struct {
	executor string
	name     string
	install  string // where to get it, for the error
	// probe are arguments with which it runs the command that follows them,
	// isolating nothing; network is the flag that isolates the network.
	probe   []string
	network string

	once sync.Once
	path string
	err  error // it does not work
	net  error // its network isolation does not work
}

// find returns the program's path, or an *UnavailableError.
func (p *program) find() (string, error) {
	p.once.Do(p.search)
	return p.path, p.err
}

func (p *program) search() {
	path, err := exec.LookPath(p.name)
	if err != nil {
		p.err = &UnavailableError{p.executor, fmt.Errorf("%w; %s", err, p.install)}
		return
	}
	p.path = path
	if err := p.try(nil); err != nil {
		p.err = &UnavailableError{p.executor, err}
		return
	}
	p.net = p.try([]string{p.network})
}

// try has the program run itself, to print its version, and quotes it on failure.
func (p *program) try(flags []string) error {
	args := append(append(flags, p.probe...), p.path, "--version")
	out, err := exec.Command(p.path, args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %s (%w)", p.path, firstLine(out), err)
	}
	return nil
}

// capabilities are those of a program that makes mounts.
func (p *program) capabilities(types ...string) Capabilities {
	if _, err := p.find(); err != nil {
		return Capabilities{Err: err}
	}
	c := Capabilities{
		Root:       true,
		Writable:   []string{writableAll, writableNone, writableList},
		Mounts:     []Isolation{Undefined, Isolated},
		Network:    []Isolation{Undefined, Isolated},
		MountTypes: types,
	}
	if p.net != nil {
		c.Network = []Isolation{Undefined}
	}
	return c
}
