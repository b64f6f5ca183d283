package main

import (
	"github.com/spf13/cobra"
)

// execute runs the command line and returns catbox's exit status.
func execute(args []string) int {
	root := newRoot()
	root.SetArgs(args)
	cmd, err := root.ExecuteC()
	return exitStatus(cmd, err)
}

// newRoot returns the tree of commands, from which help, completion and the
// manual pages are made too.
func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "catbox",
		Short: "run a command so that it can do only what it was given",
		Long: `catbox runs a command so that it can do only what it was given, and tells what
it did. It needs no root, no daemon and no setuid helper.`,
		Example: `  catbox run make                      write below the current directory, no network
  catbox run -w out -w /var/cache/x -- ./build.sh
  catbox doctor                        what works here, and what does not`,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	cobra.AddTemplateFunc("versionLine", versionLine)
	root.Version = "in the template" // or there is no flag
	root.SetVersionTemplate("{{versionLine}}")
	root.Flags().Bool("version", false, "print what 'catbox version' does")
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error { return &usageError{err} })
	root.AddCommand(newRun(), newFakeroot(), newDeps(), newDoctor(), newCanonical(), newVersion())
	root.AddCommand(newRecord(), newReport(), newImage(), newSandbox())
	root.AddCommand(newChanges(explore))
	return root
}

// atLeastOne asks for an argument, which it names.
func atLeastOne(name string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) == 0 {
			return usage("%s is missing", name)
		}
		return nil
	}
}

// noArgs is cobra.NoArgs in catbox's words.
func noArgs(_ *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usage("unexpected argument %s", args[0])
	}
	return nil
}
