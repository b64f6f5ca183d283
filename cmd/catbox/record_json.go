package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/catbox-go/catbox/record"
	"github.com/catbox-go/catbox/record/store"
)

func newRecordExport() *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:   "export [flags] FILE",
		Short: "write a record as JSON lines",
		Long: `Write the events of the record FILE as JSON lines: an object a line, with the
member "type": start, process, image, access, network, violation, blind, exit,
end. Times have nanoseconds, and what is empty, 0 or false is mostly left out.
A member that is not UTF-8 has those bytes as \xHH and a backslash doubled, and
the object's member "escaped" lists it. Readers must ignore members and types
that they do not know. 'catbox record import' turns it into a record again.

The exit status is 0, or 125 if the record cannot be read.`,
		Example: `  catbox record export build.db | jq 'select(.class == "absent") | .path'
  catbox record export build.db -o build.jsonl`,
		Args: exactly("FILE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := store.Open(args[0])
			if err != nil {
				return err
			}
			defer s.Close()
			if output == "" {
				return export(s, cmd.OutOrStdout())
			}
			return exportTo(s, args[0], output)
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", "", "write to `FILE`, which is the owner's only if it is new, as a record is")
	return cmd
}

func exportTo(s *store.Store, file, output string) error {
	from, err := os.Stat(file)
	if err != nil {
		return err
	}
	if to, err := os.Stat(output); err == nil && os.SameFile(from, to) {
		return usage("%s is the record itself", record.Quote(output))
	}
	f, err := os.OpenFile(output, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	return errors.Join(export(s, f), f.Close())
}

func export(s *store.Store, w io.Writer) error {
	buffered := bufio.NewWriterSize(w, 1<<16)
	if err := s.Each(context.Background(), record.NewEncoder(buffered).Event); err != nil {
		return err
	}
	return buffered.Flush()
}

func newRecordImport() *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:   "import [flags] IN",
		Short: "make a record of JSON lines",
		Long: `Make a record of the JSON lines in the file IN, or of those on standard input
if it is "-". The record's name is that of IN with .db in the stead of .jsonl
or .json, if -o does not say another. A record that has the name is replaced
once the new one is whole; any other file is an error. Lines of types that are
not known are skipped, and how many there were is said.

The exit status is 0, or 125 if IN cannot be read, or a line is wrong.`,
		Example: `  catbox record import build.jsonl
  ssh farm catbox record export build.db | catbox record import -o build.db -`,
		Args: exactly("IN"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if output == "" {
				if args[0] == "-" {
					return usage("the record needs a name: -o FILE")
				}
				output = strings.TrimSuffix(strings.TrimSuffix(args[0], ".jsonl"), ".json") + ".db"
			}
			if args[0] == "-" {
				return importFrom(cmd.InOrStdin(), "standard input", output)
			}
			f, err := os.Open(args[0])
			if err != nil {
				return err
			}
			defer f.Close()
			return importFrom(f, record.Quote(args[0]), output)
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", "", "the record's `FILE`")
	return cmd
}

// importFrom makes the record in a directory of its own: what is at output
// stays until the whole input was read.
func importFrom(in io.Reader, name, output string) error {
	target, err := store.Create(output)
	if err != nil {
		return err
	}
	if err := target.Close(); err != nil {
		return err
	}
	dir, err := os.MkdirTemp(filepath.Dir(target.Path()), ".catbox-import-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	defer onInterrupt(func() { os.RemoveAll(dir) })()
	made := filepath.Join(dir, "record.db")
	if err := importTo(made, in, name); err != nil {
		return err
	}
	return store.Move(made, target.Path())
}

func importTo(path string, in io.Reader, name string) error {
	w, err := store.Create(path)
	if err != nil {
		return err
	}
	decoder := record.NewDecoder(in)
	n, err := copyEvents(w, decoder)
	if closed := w.Close(); err == nil && closed != nil {
		err = closed
	}
	switch {
	case err != nil:
		return fmt.Errorf("%s: %w", name, err)
	case n == 0:
		return fmt.Errorf("%s: there are no events", name)
	}
	if skipped := decoder.Skipped(); skipped > 0 {
		say("%s: %s of unknown types skipped", name, count(skipped, "line"))
	}
	return nil
}

func copyEvents(to record.Sink, from *record.Decoder) (n int, err error) {
	for {
		e, err := from.Next()
		if err == io.EOF {
			return n, nil
		}
		if err != nil {
			return n, err
		}
		if err := to.Event(e); err != nil {
			return n, err
		}
		n++
	}
}

// onInterrupt cleans up when the user interrupts, until stop is called: a read
// of standard input cannot be ended otherwise.
func onInterrupt(clean func()) (stop func()) {
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt)
	forget := context.AfterFunc(ctx, func() {
		clean()
		dieOfInterrupt()
	})
	return func() {
		forget()
		cancel()
	}
}
