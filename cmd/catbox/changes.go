package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/overlay"
	"github.com/catbox-go/catbox/record"
)

// explorer runs a command, a shell if it is empty, in an overlay that it may
// change if write is true.
type explorer func(cmd *cobra.Command, dir string, write bool, command []string) error

// newChanges returns the command; without an explorer it has no "explore".
func newChanges(explore explorer) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "changes",
		Short: "list, show, commit or discard what commands changed in an overlay",
		Long: `List, show, commit or discard what commands changed in an overlay: a directory
that holds the changes to a root that is itself unchanged.

PATTERN is a path from the root, in which *, ?, [class], {a,b} and ** (any
directories) may be used. A directory stands for all that is below it.`,
		Example: `  catbox changes list DIR
  catbox changes diff DIR /etc
  catbox changes commit DIR '/usr/**' --dry-run
  catbox changes discard DIR`,
		// Without this, cobra would show the help for a command that is not there, and succeed.
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usage("unknown command %s", args[0])
			}
			return cmd.Help()
		},
	}
	cmd.AddCommand(newChangesList(), newChangesDiff(), newChangesCommit(), newChangesDiscard(), newChangesInstall())
	if explore != nil {
		cmd.AddCommand(newChangesExplore(explore))
	}
	return cmd
}

// inOverlay opens the overlay named by the first argument.
func inOverlay(args []string, do func(o *overlay.Overlay, rest []string) error) error {
	o, err := overlay.Open(args[0])
	if err != nil {
		return err
	}
	defer o.Close()
	return do(o, args[1:])
}

// stoppable does what is undone if a signal asks for an end, and ends as
// one that it got does.
func stoppable(do func(ctx context.Context) error) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	caught := make(chan os.Signal, 1)
	signal.Notify(caught, unix.SIGINT, unix.SIGTERM, unix.SIGHUP)
	defer signal.Stop(caught)
	got := make(chan syscall.Signal, 1)
	go func() {
		select {
		case sig := <-caught:
			got <- sig.(syscall.Signal)
			cancel()
		case <-ctx.Done():
		}
	}()
	err := do(ctx)
	if err == nil || ctx.Err() == nil {
		return err
	}
	say("%s", err)
	sig := <-got
	return &ended{status: statusSignal + int(sig), interrupted: sig == unix.SIGINT}
}

func newChangesExplore(explore explorer) *cobra.Command {
	var write bool
	cmd := &cobra.Command{
		Use:   "explore [flags] DIR [--] [COMMAND [ARG...]]",
		Short: "run a shell, or a command, that sees the changes",
		Long: `Run a shell, or a command, that sees the root with the changes of an overlay. It
cannot change anything, unless --write is given: then what it changes is in
the overlay too.`,
		Example: `  catbox changes explore DIR
  catbox changes explore --write DIR vi /etc/fstab`,
		Args: atLeastOne("DIR"),
		RunE: func(cmd *cobra.Command, args []string) error {
			command := args[1:]
			if len(command) > 0 && command[0] == "--" {
				command = command[1:] // flags end at DIR, so that it is not taken as their end
			}
			return explore(cmd, args[0], write, command)
		},
		DisableFlagsInUseLine: true,
	}
	cmd.Flags().SetInterspersed(false)
	cmd.Flags().BoolVar(&write, "write", false, "let it change the overlay")
	return cmd
}

func newChangesDiscard() *cobra.Command {
	var force bool
	cmd := &cobra.Command{
		Use:   "discard DIR",
		Short: "throw the changes away",
		Long: `Throw the changes away: remove DIR, with directories that cannot be looked into.
On a terminal it asks first if there are changes; without one, -f is needed.`,
		Example: `  catbox changes discard DIR -f`,
		Args:    exactly("DIR"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if force {
				return overlay.Discard(args[0])
			}
			return inOverlay(args, func(o *overlay.Overlay, _ []string) error { return discard(cmd, o) })
		},
	}
	cmd.Flags().BoolVarP(&force, "force", "f", false, "do not ask")
	return cmd
}

func discard(cmd *cobra.Command, o *overlay.Overlay) error {
	n, err := countChanges(o)
	if err != nil {
		return err
	}
	if n > 0 && !confirmed(cmd, n, o.Dir()) {
		return usage("%s has %s; -f throws them away", record.Quote(o.Dir()), count(n, "change"))
	}
	return o.Discard()
}

func countChanges(o *overlay.Overlay) (n int, err error) {
	for _, err := range o.Changes(overlay.ListOptions{}) {
		if err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}
