package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/fakeroot"
	"github.com/catbox-go/catbox/overlay"
	"github.com/catbox-go/catbox/record"
)

// changeFormats write changes, by the name of the format.
var changeFormats = map[string]func(io.Writer, iter.Seq2[overlay.Change, error]) (int, error){
	"text": listText, "json": listJSON, "mtree": listMtree,
}

func newChangesList() *cobra.Command {
	var format string
	var opts overlay.ListOptions
	var exitCode bool
	cmd := &cobra.Command{
		Use:   "list DIR [PATTERN...]",
		Short: "list the changes",
		Long: `List the changes, one a line: A (added), M (modified), D (removed) or T (another
type), and the path. In parentheses is what differs, if it is not only the
content; then how the file was changed outside the overlay meanwhile, which
keeps it from being committed.

json is an object a line, with all that is known of the file before and after;
mtree is mtree(5) of the files after, with the removed ones as comments.`,
		Example: `  catbox changes list DIR
  catbox changes list DIR --format json '/etc/**'`,
		Args: atLeastOne("DIR"),
		RunE: func(cmd *cobra.Command, args []string) error {
			write := changeFormats[format]
			if write == nil {
				return usage("--format %s: want text, json or mtree", record.Quote(format))
			}
			opts.Patterns = args[1:]
			return showChanges(args, opts, exitCode, func(_ *overlay.Overlay, changes iter.Seq2[overlay.Change, error]) (int, error) {
				return write(cmd.OutOrStdout(), changes)
			})
		},
	}
	cmd.Flags().StringVar(&format, "format", "text", "`FORMAT`: text, json or mtree")
	cmd.Flags().BoolVar(&opts.All, "all", false, "files too of which only the modification time has changed")
	cmd.Flags().BoolVar(&exitCode, "exit-code", false, "exit with 1 if there are changes")
	return cmd
}

func newChangesDiff() *cobra.Command {
	var opts overlay.ListOptions
	var exitCode bool
	cmd := &cobra.Command{
		Use:   "diff DIR [PATTERN...]",
		Short: "show the changes line by line",
		Long: `Show the changes as a unified diff, which patch(1) reads with -p1. Of binary files,
of files over 1 MiB, of links, devices, modes, owners and attributes there is a
line each, which begins with #.`,
		Example: `  catbox changes diff DIR /etc`,
		Args:    atLeastOne("DIR"),
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.Patterns = args[1:]
			return showChanges(args, opts, exitCode, func(o *overlay.Overlay, changes iter.Seq2[overlay.Change, error]) (int, error) {
				return each(changes, func(c overlay.Change) error { return o.Diff(cmd.OutOrStdout(), c) })
			})
		},
	}
	cmd.Flags().BoolVar(&opts.All, "all", false, "files too of which only the modification time has changed")
	cmd.Flags().BoolVar(&exitCode, "exit-code", false, "exit with 1 if there are changes")
	return cmd
}

// showChanges shows what is selected, and returns the wanted status.
func showChanges(args []string, opts overlay.ListOptions, exitCode bool, show func(*overlay.Overlay, iter.Seq2[overlay.Change, error]) (int, error)) error {
	if err := checkPatterns(opts.Patterns); err != nil {
		return err
	}
	return inOverlay(args, func(o *overlay.Overlay, _ []string) error {
		n, err := show(o, o.Changes(opts))
		if err == nil && n > 0 && exitCode {
			return &ended{status: 1}
		}
		return err
	})
}

// each does something with every change and counts them.
func each(changes iter.Seq2[overlay.Change, error], do func(overlay.Change) error) (n int, err error) {
	for c, err := range changes {
		if err != nil {
			return n, err
		}
		if err := do(c); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

func listText(w io.Writer, changes iter.Seq2[overlay.Change, error]) (int, error) {
	return each(changes, func(c overlay.Change) error {
		_, err := fmt.Fprintln(w, changeLine(c))
		return err
	})
}

// power names the bits of a file by which who executes it becomes another, unless
// it had them before.
func power(c overlay.Change) (bits []string) {
	if c.New == nil || c.New.IsDir() {
		return nil
	}
	for _, b := range []struct {
		bit  uint32
		name string
	}{{unix.S_ISUID, "set-user-ID"}, {unix.S_ISGID, "set-group-ID"}} {
		had := c.Old != nil && c.Old.Mode&b.bit != 0
		if c.New.Mode&b.bit != 0 && !had {
			bits = append(bits, b.name)
		}
	}
	if _, file := c.New.Xattrs["security.capability"]; file && (c.Old == nil || c.Old.Xattrs["security.capability"] == nil) {
		bits = append(bits, "capabilities")
	}
	return bits
}

// changeLine is a line as of git status --short.
func changeLine(c overlay.Change) string {
	path := c.Path
	if c.New != nil && c.New.IsDir() || c.New == nil && c.Old.IsDir() {
		path += "/"
	}
	line := fmt.Sprintf("%c %s", c.Kind, record.Quote(path))
	var notes []string
	if c.Differs&^overlay.Content != 0 {
		notes = c.Differs.Names()
	}
	if notes = append(notes, power(c)...); len(notes) > 0 {
		line += " (" + strings.Join(notes, ", ") + ")"
	}
	if c.Conflict != "" {
		line += " conflict: " + c.Conflict
	}
	return line
}

func listJSON(w io.Writer, changes iter.Seq2[overlay.Change, error]) (int, error) {
	enc := json.NewEncoder(w)
	return each(changes, func(c overlay.Change) error { return enc.Encode(changeAsJSON(c)) })
}

func listMtree(w io.Writer, changes iter.Seq2[overlay.Change, error]) (int, error) {
	var entries []fakeroot.Entry
	var removed []string
	targets := map[string]string{}
	n, err := each(changes, func(c overlay.Change) error {
		if c.New == nil {
			removed = append(removed, c.Path)
			return nil
		}
		entries = append(entries, c.Entry())
		targets[c.Path] = c.New.Target
		return nil
	})
	if err != nil {
		return n, err
	}
	if err := writeMtree(w, "/", entries, func(path string) (string, error) { return targets[path], nil }); err != nil {
		return n, err
	}
	for _, path := range removed {
		if _, err := fmt.Fprintf(w, "# removed %s\n", record.Quote(path)); err != nil {
			return n, err
		}
	}
	return n, nil
}

// writeMtree says what has no place in mtree(5), which is no failure.
func writeMtree(w io.Writer, base string, entries []fakeroot.Entry, readlink func(string) (string, error)) error {
	return sayWhatIsLost("mtree", fakeroot.WriteMtree(w, base, entries, readlink))
}

func sayWhatIsLost(where string, err error) error {
	var lost *fakeroot.Lost
	if errors.As(err, &lost) {
		say("%s: %s", where, lost)
		return nil
	}
	return err
}

func writeTreeManifest(w io.Writer, name, to string, entries []fakeroot.Entry) error {
	base, err := filepath.Abs(to)
	if err != nil {
		return err
	}
	if strings.HasSuffix(name, ".mtree") {
		return writeMtree(w, base, entries, os.Readlink)
	}
	return sayWhatIsLost("manifest", fakeroot.WriteManifest(w, base, entries))
}
