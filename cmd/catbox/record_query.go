package main

import (
	"context"
	"errors"
	"io"
	"os"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/record/store"
)

func newRecordQuery() *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "query [flags] FILE SQL",
		Short: "ask a record a question in SQL",
		Long: `Run an SQL query on the record FILE and print what it gives. The views are
run, processes, images, chain, accesses, inputs, outputs, temporary, changes,
results, absent, marks, network, violations, blind and environment; 'catbox
record schema' says what is in them. A query only reads, whatever it says; a
record can be asked while the run goes on.

Formats:

    text  a table on a terminal; otherwise a line a row without a heading,
          its values with tabs between. What does not print is escaped as in
          Go (\n, \xff), and a backslash is doubled; NULL is empty
    json  an object a row, in a line of its own. A name that is not UTF-8
          is escaped, and the object's member "escaped" lists it
    csv   with a heading; values are as they are

The exit status is 0, or 125 if the record cannot be read or the query is wrong.`,
		Example: `  catbox record query build.db "SELECT path, count FROM inputs WHERE path LIKE '%.h'"
  catbox record query --format json build.db "SELECT * FROM processes ORDER BY duration DESC LIMIT 10"
  catbox record query build.db "SELECT chain FROM images JOIN accesses USING (image) WHERE path = '/usr/include/zlib.h'"`,
		Args: exactly("FILE", "SQL"),
		RunE: func(cmd *cobra.Command, args []string) error {
			out, err := newRowWriter(format, cmd.OutOrStdout())
			if err != nil {
				return err
			}
			return runQuery(args[0], args[1], out)
		},
	}
	cmd.Flags().StringVar(&format, "format", "text", "`FORMAT`: text, json or csv")
	return cmd
}

func runQuery(file, sql string, out rowWriter) error {
	s, err := store.Open(file)
	if err != nil {
		return err
	}
	defer s.Close()
	ctx := context.Background()
	rows := 0
	err = s.Query(ctx, sql, nil, func(columns []string, row []any) error {
		if rows++; rows == 1 {
			if err := out.columns(columns); err != nil {
				return err
			}
		}
		return out.row(row)
	})
	var wrong *store.QueryError
	switch {
	case errors.As(err, &wrong):
		return usage("query: %w", wrong)
	case err == nil && rows == 0:
		err = noRows(ctx, s, sql, out)
	}
	return errors.Join(err, out.flush())
}

// noRows prints the heading all the same.
func noRows(ctx context.Context, s *store.Store, sql string, out rowWriter) error {
	columns, err := s.Columns(ctx, sql)
	if err != nil {
		return err
	}
	return out.columns(columns)
}

// isTerminal tells whether w is a terminal.
func isTerminal(w io.Writer) bool {
	f, is := w.(*os.File)
	if !is {
		return false
	}
	_, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	return err == nil
}
