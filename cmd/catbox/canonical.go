package main

import (
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/target"
	"github.com/catbox-go/catbox/record"
)

// statusUnresolved is the exit status if a path leads nowhere.
const statusUnresolved = 1

func newCanonical() *cobra.Command {
	var noFollow, null bool
	var pid int
	cmd := &cobra.Command{
		Use:   "canonical [flags] [--] PATH...",
		Short: "print paths without symbolic links",
		Long: `Print each PATH without symbolic links, "." and "..", as policies compare them.
The last component need not exist. With --pid, a relative path and /proc/self
are those of that process, within its root directory.

The exit status is 0, 1 if a PATH leads nowhere, or 125 if the flags are wrong.`,
		Example: `  catbox canonical /bin/sh
  catbox canonical --pid 1234 cwd-relative/file /proc/self/exe`,
		Args: atLeastOne("PATH"),
		RunE: func(cmd *cobra.Command, args []string) error {
			end := "\n"
			if null {
				end = "\x00"
			}
			return printCanonical(cmd.OutOrStdout(), args, resolver{pid, !noFollow}, end)
		},
	}
	cmd.Flags().BoolVar(&noFollow, "no-follow", false, "do not follow the last component if it is a symbolic link")
	cmd.Flags().IntVar(&pid, "pid", os.Getpid(), "as the process `N` sees it")
	cmd.Flags().BoolVarP(&null, "null", "0", false, "end each path with NUL instead of a newline")
	cmd.Flags().Lookup("pid").DefValue = "0" // the page must not hold a process id
	return cmd
}

// resolver resolves paths as a process does.
type resolver struct {
	pid    int
	follow bool
}

func printCanonical(w io.Writer, paths []string, r resolver, end string) error {
	view, err := target.NewView(r.pid)
	if err != nil {
		say("process %d: %v", r.pid, err)
		return &ended{status: statusUnresolved}
	}
	defer view.Close()
	var failed error
	for _, path := range paths {
		canonical, err := r.resolve(view, path)
		if err != nil {
			say("%v", err)
			failed = &ended{status: statusUnresolved}
			continue
		}
		if _, err := io.WriteString(w, canonical+end); err != nil {
			return err
		}
	}
	return failed
}

func (r resolver) resolve(view *target.View, path string) (string, error) {
	place, errno := view.Resolve(r.lookup(path, r.follow))
	if errno == 0 {
		return place.Canonical, nil
	}
	return "", fmt.Errorf("%s: %w", record.Quote(r.culprit(view, path)), errno)
}

func (r resolver) lookup(path string, follow bool) target.Lookup {
	return target.Lookup{Thread: target.Thread(r.pid), Dir: unix.AT_FDCWD, Path: path, Follow: follow}
}

// culprit returns the beginning of the path that does not exist, or cannot be followed.
func (r resolver) culprit(view *target.View, path string) string {
	reached := ""
	for i := range path {
		if i == 0 || path[i] != '/' {
			continue
		}
		switch place, errno := view.Resolve(r.lookup(path[:i], true)); {
		case errno == unix.ENOTDIR: // what came before is no directory
			return reached
		case errno != 0 || !place.Exists:
			return path[:i]
		}
		reached = path[:i]
	}
	return either(reached, path)
}
