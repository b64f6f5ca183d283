package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/catbox-go/catbox/record"
	"github.com/catbox-go/catbox/report"
	"github.com/catbox-go/catbox/report/compiledb"
	"github.com/catbox-go/catbox/report/cyclonedx"
	"github.com/catbox-go/catbox/report/materials"
	"github.com/catbox-go/catbox/report/page"
	"github.com/catbox-go/catbox/report/perfetto"
	"github.com/catbox-go/catbox/report/spdx"
)

// reportOptions are the flags of catbox report.
type reportOptions struct {
	output, format, root string
	diff                 bool
}

// reportFormat is a form of a report.
type reportFormat struct {
	name string
	// ends are what names of files in this form end with.
	ends []string
	file bool // nothing for a terminal
	run  func(io.Writer, *report.Run, materials.Knower) error
	diff func(io.Writer, *report.Difference) error
}

// plain is a form that says what the run knows.
func plain(f func(io.Writer, *report.Run) error) func(io.Writer, *report.Run, materials.Knower) error {
	return func(w io.Writer, r *report.Run, _ materials.Knower) error { return f(w, r) }
}

// bill is a form of the bill of materials.
func bill(f func(io.Writer, *materials.Bill) error) func(io.Writer, *report.Run, materials.Knower) error {
	return func(w io.Writer, r *report.Run, k materials.Knower) error { return f(w, materials.Of(r, k)) }
}

var reportFormats = []reportFormat{
	{"compile_commands", []string{"compile_commands.json"}, false, plain(compiledb.Write), nil},
	{"cyclonedx", []string{".cdx.json", "bom.json"}, false, bill(cyclonedx.Write), nil},
	{"spdx", []string{".spdx.json"}, false, bill(spdx.Write), nil},
	{"html", []string{".html", ".htm"}, true, plain(page.Write), page.WriteDiff},
	{"text", []string{".txt", ".text"}, false, plain(report.Text), func(w io.Writer, d *report.Difference) error { return d.Text(w) }},
	{"json", []string{".json"}, false, plain(report.JSON), func(w io.Writer, d *report.Difference) error { return d.JSON(w) }},
	{"dot", []string{".dot", ".gv"}, false, plain(report.DOT), nil},
	{"perfetto", []string{".pftrace", ".perfetto-trace"}, true, plain(perfetto.Write), nil},
}

// formatNames are the names of all forms, as a sentence has them.
const formatNames = "text, html, json, dot, perfetto, compile_commands, cyclonedx or spdx"

func newReport() *cobra.Command {
	o := reportOptions{}
	cmd := &cobra.Command{
		Use:   "report [flags] RECORD [OTHER]",
		Short: "show what a recorded run did, or how two runs differ",
		Long: `Read the RECORD that 'catbox run --record' made, and show what the run did;
- reads events as JSON lines from standard input. The FORMAT is

  text              a summary, what was slow, packages, violations (default)
  html              a page in one file that needs nothing else: the processes
                    over time, files, packages, who used what others made
  json              all of that for programs (docs/report.md)
  dot               who used what others made, for dot(1)
  perfetto          processes and flows of files, for ui.perfetto.dev
  compile_commands  the compilations as compile_commands.json
  cyclonedx         what was used and made, as a CycloneDX 1.6 bill of materials
  spdx              the same as SPDX 2.3

Without --format it is that of the name of -o: a name that ends in .html, .txt,
.json, .dot, .pftrace, .cdx.json, .spdx.json or compile_commands.json.

With --diff, the report says how the run of the record OTHER differs from that
of RECORD: its inputs, outputs, command lines, environment, packages, marked
calls and times, as text, html or json.
A record has the names of files, and not what they hold. A bill of materials has
the hashes of what they hold when it is written, and says where a file was changed or
removed after the run, of which there is none.

Packages are those that are installed in --root now. Without it that is the root
directory that the command had. A report holds no
environment, but the variables that differ with --diff; of those whose
names look like secrets, the value is not shown. Command lines are in it.

The exit status is 0, or 125 if the report could not be made.`,
		Example: `  catbox run --record build.db -- make
  catbox report build.db
  catbox report build.db -o build.html
  catbox report --diff monday.db tuesday.db`,
		Args: func(cmd *cobra.Command, args []string) error {
			if o.diff {
				return exactly("RECORD", "OTHER")(cmd, args)
			}
			return exactly("RECORD")(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd, args) },
	}
	f := cmd.Flags()
	f.StringVarP(&o.output, "output", "o", "", "write to `FILE`")
	f.StringVar(&o.format, "format", "", "`FORMAT`: "+formatNames)
	f.BoolVar(&o.diff, "diff", false, "say how the run of OTHER differs")
	f.Var((*word)(&o.root), "root", "the `DIR` in which the packages are installed (default: the root directory that the command had); none: don't look for packages")
	return cmd
}

func (o *reportOptions) run(cmd *cobra.Command, paths []string) error {
	format, err := o.choose()
	if err != nil {
		return err
	}
	if err := o.checkOutput(cmd.OutOrStdout(), format, paths); err != nil {
		return err
	}
	run, packages, err := o.load(cmd.Context(), paths[0])
	if err != nil {
		return err
	}
	if !o.diff {
		know := knower{packages, openFiles(o.filesRoot(run), run.Start.Time.Add(run.Length))}
		defer know.close()
		return o.write(cmd.OutOrStdout(), func(w io.Writer) error { return format.run(w, run, know) })
	}
	other, _, err := o.load(cmd.Context(), paths[1])
	if err != nil {
		return err
	}
	return o.write(cmd.OutOrStdout(), func(w io.Writer) error { return format.diff(w, report.Compare(run, other)) })
}

// load reads a record, and the packages of the root directory that its command had.
func (o *reportOptions) load(ctx context.Context, path string) (*report.Run, *installed, error) {
	r, err := openRecord(ctx, path)
	if err != nil {
		return nil, nil, err
	}
	packages, err := openInstalled(r.root(o.root), o.root != "")
	if err != nil {
		return nil, nil, err
	}
	var owners report.Owners // and not an interface that holds nil
	if packages != nil {
		owners = packages
	}
	run, err := report.Load(r.each, owners)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", record.Quote(path), err)
	}
	return run, packages, nil
}

// choose finds the format, by its name or that of the output.
func (o *reportOptions) choose() (reportFormat, error) {
	i := slices.IndexFunc(reportFormats, func(f reportFormat) bool {
		if o.format != "" {
			return f.name == o.format
		}
		return slices.ContainsFunc(f.ends, func(end string) bool { return strings.HasSuffix(filepath.Base(o.output), end) })
	})
	switch {
	case i < 0 && o.format != "":
		return reportFormat{}, usage("--format %s: want %s", record.Quote(o.format), formatNames)
	case i < 0 && o.output != "":
		return reportFormat{}, usage("-o %s: its name says no format: give --format", record.Quote(o.output))
	case i < 0:
		i = slices.IndexFunc(reportFormats, func(f reportFormat) bool { return f.name == "text" })
	}
	format := reportFormats[i]
	if o.diff && format.diff == nil {
		return format, usage("--diff is for text, html and json, not %s", format.name)
	}
	return format, nil
}

// checkOutput finds mistakes before a long record is read for nothing.
func (o *reportOptions) checkOutput(w io.Writer, format reportFormat, paths []string) error {
	if o.output == "" {
		if format.file && isTerminal(w) {
			return usage("%s is nothing for a terminal: give -o FILE", format.name)
		}
		return nil
	}
	to, err := os.Stat(o.output)
	if err != nil {
		return nil // a new file
	}
	for _, name := range paths {
		if from, err := os.Stat(name); err == nil && os.SameFile(from, to) {
			return usage("%s is the record itself", record.Quote(o.output))
		}
	}
	return nil
}

// write writes to the output, once there is something to write.
func (o *reportOptions) write(stdout io.Writer, to func(io.Writer) error) error {
	if o.output == "" {
		return to(stdout)
	}
	f, err := os.Create(o.output)
	if err != nil {
		return err
	}
	return errors.Join(to(f), f.Close())
}
