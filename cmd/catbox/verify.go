package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path"
	"slices"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/catbox-go/catbox/deps"
	"github.com/catbox-go/catbox/record"
)

// verifyOptions are the flags of catbox deps --verify.
type verifyOptions struct {
	on, closure, undeclared       bool
	source, was, prepare, command string
	packages, results             []string
}

// verifyHelp is what the help of catbox deps says of --verify.
const verifyHelp = `
--verify builds again without one declared package after the other, and says of
each what the record alone cannot: needed (the build fails), changes (the
results are others) or unused (they are the same). The package stays installed:
its files are hidden from the build, and the links of update-alternatives that
lead to them. The command, its environment and its directory are those of the
record, in a copy of the source as it was before: --source DIR, or what
--prepare makes. The build can write that copy and beside it, and has no network.
First it is built twice with nothing hidden; what differs then is not
compared. Compared are packages (*.deb and the like), if the build makes any,
or all that it makes, or --results. With --undeclared the same is done for
what is used but undeclared. What others that are declared depend on is
not tried, unless --package names it. A build is told that the package is there
by those who ask dpkg and not for a file.
`

func (o *verifyOptions) addFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.BoolVar(&o.on, "verify", false, "build again without each declared package, and compare the results")
	f.Var((*word)(&o.source), "source", "verify: the `DIR` with the source as it was before the build")
	f.Var((*word)(&o.prepare), "prepare", "verify: the `SCRIPT` that sh(1) runs in an empty directory to make the source; it has the host's network")
	f.Var((*word)(&o.was), "source-was", "verify: the `DIR` that the source had in the recorded run (default: where it ran)")
	f.Var((*word)(&o.command), "verify-command", "verify: the `SCRIPT` that sh(1) is to run instead of the recorded command")
	f.Var((*list)(&o.packages), "package", "verify: try the package `NAME` only (repeat)")
	f.BoolVar(&o.undeclared, "undeclared", false, "verify: try what is used but undeclared, too")
	f.BoolVar(&o.closure, "with-closure", false, "verify: hide what only the package brought too")
	f.Var((*list)(&o.results), "results", "verify: compare what matches `PATTERN` only, such as ../*.deb or src/hello (repeat)")
}

// check finds mistakes before anything is read.
func (o *verifyOptions) check() error {
	for _, pattern := range o.results {
		if _, err := path.Match(pattern, ""); err != nil {
			return usage("--results %s: %s", record.Quote(pattern), err)
		}
	}
	switch {
	case !o.on && (o.source+o.was+o.prepare+o.command != "" || o.closure || o.undeclared || len(o.packages)+len(o.results) > 0):
		return usage("--source, --source-was, --prepare, --verify-command, --package, --undeclared, --with-closure and --results are for --verify")
	case o.undeclared && len(o.packages) > 0:
		return usage("--undeclared and --package: want one of them")
	case o.on && o.source == "" && o.prepare == "":
		return usage("--verify builds from the source as it was before the build: give --source DIR, or --prepare COMMAND that makes it")
	case o.source != "" && o.prepare != "":
		return usage("--source and --prepare: want one of them")
	}
	return nil
}

// verify builds again, and adds to the report what came of it. An interrupt ends the build that
// runs, and nothing is left behind.
func (o *verifyOptions) verify(ctx context.Context, report *deps.Report) (err error) {
	if len(report.Entries) == 0 && len(o.packages) == 0 && !o.undeclared {
		return usage("--verify: nothing is declared here: give --declared FILE, --package NAME, or --undeclared for all that the build itself used")
	}
	caught := make(chan os.Signal, 1)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	for _, sig := range []os.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		if !signal.Ignored(sig) {
			signal.Notify(caught, sig)
		}
	}
	defer signal.Stop(caught)
	var got os.Signal
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		select {
		case got = <-caught:
			cancel()
		case <-ctx.Done():
		}
	}()
	err = o.build(ctx, report)
	cancel()
	<-ended
	if got != nil {
		return stoppedBy(got.(syscall.Signal))
	}
	return err
}

// stoppedBy is the error of what a signal ended.
func stoppedBy(sig syscall.Signal) error {
	return &ended{status: statusSignal + int(sig), interrupted: sig == syscall.SIGINT}
}

func (o *verifyOptions) build(ctx context.Context, report *deps.Report) (err error) {
	r, err := o.newRebuild(report)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.close()) }()
	if o.prepare != "" {
		if err := r.prepare(ctx, o.prepare); err != nil {
			return err
		}
	}
	shown := showSteps()
	defer shown.close()
	return report.Verify(ctx, deps.Verifier{
		Packages: o.packages, Undeclared: o.undeclared, Closure: o.closure, Results: o.results, Build: r.build, Step: shown.step,
	})
}

// newRebuild prepares a directory for the builds.
func (o *verifyOptions) newRebuild(report *deps.Report) (*rebuild, error) {
	args, dir, env := report.Recorded()
	if o.command != "" {
		args = []string{"sh", "-c", o.command}
	}
	if len(args) == 0 || dir == "" {
		return nil, errors.New("the record does not say what was run: give --verify-command, and a record that begins with its start")
	}
	if env == nil {
		env = os.Environ()
	}
	was := o.was
	if was == "" {
		was = dir
	}
	if !path.IsAbs(was) || was == "/" {
		return nil, usage("--source-was %s: want an absolute path below /", record.Quote(was))
	}
	return newRebuild(o.source, path.Clean(was), command{slices.Clone(args), dir, env})
}

// unproven tells that what is unused as far as the record says was found to be needed or was not tried.
func unproven(r *deps.Report, p *deps.Package) bool {
	return r.Verification != nil && !provenUnused(r, p)
}

// provenUnused tells that the results are the same without the package.
func provenUnused(r *deps.Report, p *deps.Package) bool {
	return r.Verification != nil && slices.ContainsFunc(r.Verification.Trials, func(t *deps.Trial) bool {
		return t.Name == p.Name && t.Proof == deps.ProofUnused
	})
}

// stepName says what is tried.
func stepName(name string) string {
	if name == "" {
		return "with everything"
	}
	return fmt.Sprintf("without %s", name)
}
