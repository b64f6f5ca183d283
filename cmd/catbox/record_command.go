package main

import (
	"io"

	"github.com/spf13/cobra"

	"github.com/catbox-go/catbox/record/store"
)

func newRecord() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "record",
		Short: "ask a record, or turn it into JSON lines and back",
		Long: `Ask a record what happened in a run, or turn it into JSON lines and back. A
record is an SQLite file, which other SQLite tools can open too.`,
		Example: `  catbox record query build.db "SELECT path FROM outputs"
  catbox record export build.db -o build.jsonl`,
		// Without this, cobra would show the help for a command that is not there, and succeed.
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usage("unknown command %s", args[0])
			}
			return cmd.Help()
		},
	}
	cmd.AddCommand(newRecordQuery(), newRecordExport(), newRecordImport(), newRecordSchema())
	return cmd
}

// exactly asks for the arguments of these names.
func exactly(names ...string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		switch {
		case len(args) < len(names):
			return usage("%s is missing", names[len(args)])
		case len(args) > len(names):
			return usage("unexpected argument %s", args[len(names)])
		}
		return nil
	}
}

func newRecordSchema() *cobra.Command {
	return &cobra.Command{
		Use:   "schema",
		Short: "print the schema of a record, in SQL",
		Long: `Print the schema of a record, in SQL, with a comment for each table, view and
column, and questions to begin with.`,
		Example: `  catbox record schema | less`,
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := io.WriteString(cmd.OutOrStdout(), store.Schema())
			return err
		},
	}
}
