package executor

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// Executor is a way to isolate a command. It may be used by several goroutines.
type Executor interface {
	// Name is the executor's name, as [Get] takes it.
	Name() string
	// Capabilities asks the host what the executor can do here.
	Capabilities() Capabilities
	// Run runs the command and waits for it. The error is nil if the command
	// ran, however it ended; the Result is then filled in. Otherwise it has
	// not run, or was ended because ctx was done, and the error is an
	// *UnsupportedError if the executor cannot do what the Spec asks, an
	// *UnavailableError if it does not work on this host, a *SpecError if
	// the Spec makes no sense, a *catbox.ExecError if the program is not
	// there or cannot be executed, that of ctx, or says what went wrong.
	Run(ctx context.Context, spec Spec) (Result, error)
}

// Names lists the executors of this system, the one to be preferred first.
func Names() []string {
	names := make([]string, len(executors))
	for i, e := range executors {
		names[i] = e.Name()
	}
	return names
}

// Get returns the executor of that name, in which '-' and '_' are the same. It
// does not ask whether the executor works here: see [Executor.Capabilities].
func Get(name string) (Executor, error) {
	wanted := strings.ReplaceAll(name, "_", "-")
	i := slices.IndexFunc(executors, func(e Executor) bool { return e.Name() == wanted })
	if i < 0 {
		return nil, fmt.Errorf("executor %q: want %s", name, orList(Names()))
	}
	return executors[i], nil
}

// orList joins alternatives for a message: "a, b or c".
func orList(all []string) string {
	if len(all) < 2 {
		return strings.Join(all, "")
	}
	last := len(all) - 1
	return strings.Join(all[:last], ", ") + " or " + all[last]
}
