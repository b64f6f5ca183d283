package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/catbox-go/catbox/deps"
	"github.com/catbox-go/catbox/record"
)

// statusFound is the exit status if there is what --fail-on names.
const statusFound = 1

// depsOptions are the flags of catbox deps.
type depsOptions struct {
	declared, root, format string
	failOn                 []string
	verify                 verifyOptions
}

func newDeps() *cobra.Command {
	o := depsOptions{format: "text"}
	cmd := &cobra.Command{
		Use:   "deps [flags] RECORD",
		Short: "say which packages a recorded run needed, and why",
		Long: `Read the RECORD that 'catbox run --record' made, and say to which packages of
dpkg, rpm or apk the files belong that the run used; - reads events as JSON
lines from standard input. How sure a use is, from the surest: read (the content
was opened), executed, loaded (as a shared library), probed (looked at), swept
(read along with everything else in its directory, as aclocal does), listed (its
directory), never.

That is compared with what was declared, in debian/control, a .spec file, an
APKBUILD or a pspec.xml of the current directory, or in the FILE of --declared,
which can also be a list of names. It comes out:

    used        declared, and used
    undeclared  used by the build itself, and at best there because of another
    unused      declared, and nothing that was used is there because of it
    brings      declared, and used for what it depends on: meta packages, too
    absent      looked for and not there; who has it, as far as that is known
    base        of every build: Essential, and build-essential
    indirect    needed by programs of others, or only looked at

What is unused in this run may be used with another configuration, or have
been looked at to switch something on: build again without it to be sure. Build
profiles are taken from DEB_BUILD_PROFILES. A .spec file is expanded by rpmspec,
which is run confined: nothing can be written, and there is no network.
` + verifyHelp + `
The formats are text, json (everything, with the paths of each package) and
control (what should be declared). The exit status is 0, 1 if there is what
--fail-on names (with --verify, unused has to be proven, and undeclared not
proven to be unused), or 125 if the report could not be made.`,
		Example: `  catbox run --record hello.db -- dpkg-buildpackage -us -uc -b
  catbox deps hello.db
  catbox deps --format control hello.db
  catbox deps --declared depends.txt --fail-on undeclared,unused hello.db
  catbox deps --verify --source ../hello-2.10.before hello.db
  catbox deps --verify --prepare 'tar --strip-components=1 -xf ~/hello-2.10.tar.gz' --results src/hello hello.db`,
		Args: exactly("RECORD"),
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd, args[0]) },
	}
	f := cmd.Flags()
	f.Var((*word)(&o.declared), "declared", "the `FILE` that says what the build needs (default: what is found in the current directory)")
	f.Var((*word)(&o.root), "root", "the `DIR` in which the packages are installed (default: the root directory that the command had)")
	f.Var((*word)(&o.format), "format", "`FORMAT`: text, json or control")
	f.StringSliceVar(&o.failOn, "fail-on", nil, "exit 1 if anything is `WHAT`: undeclared, unused or absent; more with commas between them")
	o.verify.addFlags(cmd)
	return cmd
}

func (o *depsOptions) run(cmd *cobra.Command, path string) error {
	if err := o.check(); err != nil {
		return err
	}
	in, err := o.input(cmd.Context(), path)
	if err != nil {
		return err
	}
	if in.Declared == nil && o.comparing() {
		return usage("--fail-on %s: nothing is declared here: give --declared FILE", strings.Join(o.failOn, ","))
	}
	report, err := deps.Analyze(in)
	if err != nil {
		return fmt.Errorf("%s: %w", record.Quote(path), err)
	}
	if o.verify.on {
		if err := o.verify.verify(cmd.Context(), report); err != nil {
			return err
		}
	}
	if err := writeDeps(cmd.OutOrStdout(), report, o.format); err != nil {
		return err
	}
	if found(report, o.failOn) {
		return &ended{status: statusFound}
	}
	return nil
}

func (o *depsOptions) check() error {
	if _, known := depsFormats[o.format]; !known {
		return usage("--format %s: want text, json or control", record.Quote(o.format))
	}
	for _, what := range o.failOn {
		if _, known := findings[what]; !known {
			return usage("--fail-on %s: want undeclared, unused or absent", record.Quote(what))
		}
	}
	return o.verify.check()
}

// comparing tells that the exit status depends on what was declared.
func (o *depsOptions) comparing() bool {
	return slices.Contains(o.failOn, "undeclared") || slices.Contains(o.failOn, "unused")
}

var depsFormats = map[string]func(*deps.Report, io.Writer) error{
	"text":    (*deps.Report).WriteText,
	"control": (*deps.Report).WriteControl,
	"json":    writeDepsJSON,
}

func writeDepsJSON(r *deps.Report, w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false) // "libfoo-dev (>= 1)"
	return e.Encode(r)
}

// writeDeps writes the report. Text can hold what a terminal would act on, from
// a file in which dependencies are declared.
func writeDeps(w io.Writer, report *deps.Report, format string) error {
	var b strings.Builder
	if err := depsFormats[format](report, &b); err != nil {
		return err
	}
	text := b.String()
	if format != "json" {
		text = printable(text)
	}
	_, err := io.WriteString(w, text)
	return err
}

// findings are what --fail-on can name.
var findings = map[string]func(*deps.Report) bool{
	"undeclared": func(r *deps.Report) bool { return has(r, deps.Undeclared) },
	"unused":     func(r *deps.Report) bool { return has(r, deps.Unused) },
	"absent":     func(r *deps.Report) bool { return len(r.Absent) > 0 },
}

func has(r *deps.Report, v deps.Verdict) bool {
	return slices.ContainsFunc(r.Packages, func(p *deps.Package) bool {
		return p.Verdict == v && !refuted(r, p)
	})
}

// refuted tells that building again did not bear out the verdict.
func refuted(r *deps.Report, p *deps.Package) bool {
	switch p.Verdict {
	case deps.Unused:
		return unproven(r, p)
	case deps.Undeclared:
		return provenUnused(r, p)
	}
	return false
}

func found(r *deps.Report, failOn []string) bool {
	return slices.ContainsFunc(failOn, func(what string) bool { return findings[what](r) })
}

// buildProfiles are those that dpkg-buildpackage(1) takes from the environment.
func buildProfiles() []string { return strings.Fields(os.Getenv("DEB_BUILD_PROFILES")) }
