package features

import (
	"errors"
	"sync"
)

// answers are the probes' by name. They are kept beside the features, whose
// table is then data that costs nothing at a program's start.
var answers sync.Map

type remembered struct {
	mu    sync.Mutex
	known bool
	err   error
}

// remember runs a probe until it has answered conclusively, and from then on
// repeats that answer. Callers that arrive while it runs wait for it.
func remember(name string, probe func() error) error {
	kept, _ := answers.LoadOrStore(name, &remembered{})
	a := kept.(*remembered)
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.known {
		a.err = probe()
		a.known = a.err == nil || errors.Is(a.err, errors.ErrUnsupported)
	}
	return a.err
}
