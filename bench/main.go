//go:build linux

// Bench measures what catbox costs, against a native run, against the least
// that any supervisor can cost (the floor, c/floor.c) and against its peers.
//
//	go run ./bench [-quick] [-runs N] [-only NAME,...] [-out FILE.json] [NAME...]
//
// It leaves the verdict to the reader: it prints medians and ratios, every
// failure of a peer with its exit status, and how the numbers stand to the
// targets. README.md says what is measured and how.
//
// What it keeps: variants take turns, so that a change of the machine's speed
// hits all of them; a ratio pairs runs of the same round; no time of a run that
// failed is used; nothing is left behind, also when it is interrupted.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"
)

// options are the command line.
type options struct {
	quick   bool
	runs    int
	only    []string
	out     string
	user    string
	asRoot  bool
	dir     string
	catbox  string
	try     string
	timeout time.Duration
}

func parseOptions(args []string) (options, error) {
	var o options
	fs := flag.NewFlagSet("bench", flag.ContinueOnError)
	fs.BoolVar(&o.quick, "quick", false, "few rounds, without the slow peers: to see that everything runs")
	fs.IntVar(&o.runs, "runs", 0, "rounds of each benchmark (default 5, or 2 with -quick)")
	fs.Func("only", "measure only these, of "+strings.Join(benchmarkNames(), ", ")+" (separate by commas)", o.addOnly)
	fs.StringVar(&o.out, "out", "", "write the results as JSON to `FILE`")
	fs.StringVar(&o.user, "user", "", "when root: measure as this ordinary user (default $SUDO_USER, or nobody)")
	fs.BoolVar(&o.asRoot, "as-root", false, "when root: measure as root")
	fs.StringVar(&o.dir, "dir", "/var/tmp", "where to make the temporary directory; not /tmp, which bubblewrap hides")
	fs.StringVar(&o.catbox, "catbox", "", "measure this catbox `binary` (default: build it from this module)")
	fs.StringVar(&o.try, "try", "", "measure this `program` of github.com/binpash/try (default: the one on PATH)")
	fs.DurationVar(&o.timeout, "timeout", 15*time.Minute, "stop a single run after this long")
	if err := fs.Parse(args); err != nil {
		return o, err
	}
	for _, name := range fs.Args() {
		if err := o.addOnly(name); err != nil {
			return o, err
		}
	}
	return o, o.complete()
}

func (o *options) addOnly(names string) error {
	for _, n := range strings.Split(names, ",") {
		if !slices.Contains(benchmarkNames(), n) {
			return fmt.Errorf("no benchmark %q; there are %s", n, strings.Join(benchmarkNames(), ", "))
		}
		o.only = append(o.only, n)
	}
	return nil
}

func (o *options) complete() error {
	if o.runs < 0 {
		return errors.New("-runs must be positive")
	}
	if o.runs == 0 {
		o.runs = o.pick(5, 2)
	}
	if o.dir == "/tmp" || strings.HasPrefix(o.dir, "/tmp/") {
		return errors.New("-dir may not be in /tmp: bubblewrap mounts a tmpfs there")
	}
	return nil
}

// pick is full, or quick with -quick.
func (o *options) pick(full, quick int) int {
	if o.quick {
		return quick
	}
	return full
}

func (o *options) wants(name string) bool {
	return len(o.only) == 0 || slices.Contains(o.only, name)
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	os.Exit(exitStatus(ctx, run(ctx, os.Args[1:])))
}

func exitStatus(ctx context.Context, err error) int {
	switch {
	case errors.Is(err, flag.ErrHelp):
		return 2
	case ctx.Err() != nil:
		fmt.Fprintln(os.Stderr, "bench: interrupted")
		return 130
	case err != nil:
		fmt.Fprintln(os.Stderr, "bench:", err)
		return 1
	}
	return 0
}

func run(ctx context.Context, args []string) (err error) {
	o, err := parseOptions(args)
	if err != nil {
		return err
	}
	s, err := newSession(ctx, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	// What was measured before a failure or an interrupt is still worth reading.
	err = s.measureAll(ctx)
	s.report.finish(ctx, missingOf(s.variants))
	return errors.Join(err, s.report.write(os.Stdout, o.out))
}
