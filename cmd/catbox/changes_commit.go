package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/catbox-go/catbox/internal/fakeroot"
	"github.com/catbox-go/catbox/overlay"
	"github.com/catbox-go/catbox/record"
)

func newChangesCommit() *cobra.Command {
	var opts overlay.CommitOptions
	cmd := &cobra.Command{
		Use:   "commit DIR [PATTERN...]",
		Short: "make the changes in the root",
		Long: `Make the changes in the root, all or those below PATTERN, and take them out of
the overlay. All of them are made, or none: a failure, Ctrl-C or a kill undoes
what was done (after a kill, when DIR is used the next time). If a file was
changed outside the overlay since it was used in it, nothing is committed and
those files are named.

As an ordinary user, a file whose owner, device or attribute only root can set
is an error, unless --ignore-owners is given.

What is in a directory that cannot be written, or is to have an owner that cannot
be given, is found before anything is done, and by --dry-run just so: each such
path is named, with the status 125.`,
		Example: `  catbox changes commit DIR
  catbox changes commit DIR '/usr/local/**' --dry-run`,
		Args: atLeastOne("DIR"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return inOverlay(args, func(o *overlay.Overlay, patterns []string) error {
				opts.Patterns = patterns
				return commitChanges(cmd.OutOrStdout(), o, opts)
			})
		},
	}
	cmd.Flags().BoolVar(&opts.DryRun, "dry-run", false, "say what would be committed, or why it cannot be, and do nothing")
	cmd.Flags().BoolVar(&opts.IgnoreOwners, "ignore-owners", false, "leave owners, and attributes, that only root can set")
	return cmd
}

func commitChanges(w io.Writer, o *overlay.Overlay, opts overlay.CommitOptions) error {
	if err := checkPatterns(opts.Patterns); err != nil {
		return err
	}
	var changes []overlay.Change
	err := stoppable(func(ctx context.Context) (err error) {
		changes, err = o.Commit(ctx, opts)
		if errors.Is(err, context.Canceled) {
			return errors.New("interrupted: nothing is committed")
		}
		return err
	})
	if err != nil {
		return err
	}
	out := bufio.NewWriter(w)
	for _, c := range changes {
		fmt.Fprintln(out, changeLine(c))
	}
	return out.Flush()
}

// hintRefused says what helps an ordinary user.
func hintRefused(err error) string {
	var refused *overlay.RefusedError
	owners := errors.Is(err, overlay.ErrOwner)
	if errors.As(err, &refused) {
		for _, r := range refused.Refused {
			owners = owners && errors.Is(r.Err, overlay.ErrOwner)
		}
	}
	switch {
	case owners:
		return "run as root, or with --ignore-owners"
	case refused != nil && os.Geteuid() != 0:
		return "run as root, or choose other paths by PATTERN"
	}
	return ""
}

func checkPatterns(patterns []string) error {
	for _, p := range patterns {
		if err := overlay.CheckPattern(p); err != nil {
			return &usageError{err}
		}
	}
	return nil
}

// confirmed asks on the terminal.
func confirmed(cmd *cobra.Command, n int, dir string) bool {
	if !isTerminal(os.Stdin) || !isTerminal(os.Stderr) {
		return false
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "catbox: throw away %s in %s? [y/N] ", count(n, "change"), record.Quote(dir))
	answer, _ := bufio.NewReader(os.Stdin).ReadString('\n')
	answer = strings.ToLower(strings.TrimSpace(answer))
	return answer == "y" || answer == "yes"
}

func newChangesInstall() *cobra.Command {
	var manifest string
	cmd := &cobra.Command{
		Use:   "install DIR TO",
		Short: "lay out what is new or changed as a tree",
		Long: `Lay out what is new or changed as a plain tree, as a script with DESTDIR does. TO
is made, or has to be empty. What was removed is not in it. Owners, and devices,
that only root can set are in the manifest.`,
		Example: `  catbox changes install DIR package --manifest package.json`,
		Args:    exactly("DIR", "TO"),
		RunE: func(_ *cobra.Command, args []string) error {
			return inOverlay(args, func(o *overlay.Overlay, rest []string) error { return installChanges(o, rest[0], manifest) })
		},
	}
	cmd.Flags().StringVar(&manifest, "manifest", "", "write owners, modes, devices and attributes to `FILE`: JSON lines, or mtree(5) if it ends in .mtree")
	return cmd
}

func installChanges(o *overlay.Overlay, to, manifest string) error {
	var out *output
	if manifest != "" {
		var err error
		if out, err = openOutput(manifest); err != nil {
			return err
		}
		defer out.close()
	}
	var entries []fakeroot.Entry
	err := stoppable(func(ctx context.Context) (err error) {
		entries, err = o.Install(ctx, to)
		return err
	})
	if err != nil || out == nil {
		return err
	}
	return out.write(func(w io.Writer) error { return writeTreeManifest(w, manifest, to, entries) })
}
