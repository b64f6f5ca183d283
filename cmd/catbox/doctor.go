package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/catbox-go/catbox/features"
)

// tierWords say what each tier means, and its exit status.
var tierWords = map[int]struct {
	words  string
	status int
}{
	1: {"tier 1: namespaces, mounts, Landlock, a filter with a supervisor", 0},
	2: {"tier 2: no namespaces: Landlock, a filter with a supervisor; nothing can be hidden, the network is none or host", 1},
	0: {"nothing: commands cannot be confined here", statusFailed},
}

type diagnosis struct {
	Tier     int               `json:"tier"`
	Missing  []string          `json:"missing"` // for tier 1
	Facts    features.Facts    `json:"facts"`
	Features []features.Result `json:"features"`
}

func newDoctor() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "say what works here, what does not, why, and what to do",
		Long: `Try each thing that catbox needs of this host, and say what works, what does
not and why, and what can be done.

The exit status is 0 if a run gets namespaces of its own (tier 1), 1 if
commands can be confined without namespaces only (tier 2), and 125 if they
cannot be confined at all.`,
		Example: `  catbox doctor
  catbox doctor --json`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			d := diagnose()
			if err := d.print(cmd.OutOrStdout(), asJSON); err != nil {
				return err
			}
			if status := tierWords[d.Tier].status; status != 0 {
				return &ended{status: status}
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "as a JSON object")
	return cmd
}

func diagnose() diagnosis {
	tier, missing := features.Tier()
	d := diagnosis{Tier: tier, Missing: []string{}, Facts: features.ReadFacts(), Features: features.Report()}
	for _, err := range missing {
		d.Missing = append(d.Missing, err.Error())
	}
	return d
}

func (d diagnosis) print(w io.Writer, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(w).Encode(d)
	}
	_, err := io.WriteString(w, d.text())
	return err
}

func (d diagnosis) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n%s\n", d.host(), tierWords[d.Tier].words)
	for _, m := range d.Missing {
		fmt.Fprintf(&b, "missing: %s\n", printable(m))
	}
	b.WriteString("\n")
	for _, r := range d.Features {
		fmt.Fprintf(&b, "%-9s %-24s %s\n", answer(r), r.Name, r.Purpose)
		if r.Error != "" {
			fmt.Fprintf(&b, "%-9s   why: %s\n", "", printable(r.Error))
		}
		if r.Hint != "" {
			fmt.Fprintf(&b, "%-9s   do:  %s\n", "", r.Hint)
		}
	}
	return b.String()
}

func answer(r features.Result) string {
	switch {
	case r.Works:
		return "works"
	case r.Conclusive:
		return "no"
	}
	return "can't tell"
}

// host is a line about the host and this process.
func (d diagnosis) host() string {
	f := d.Facts
	facts := []string{f.System, f.Architecture, "ordinary user"}
	if f.Root {
		facts[2] = "root"
	}
	if f.Container != "" {
		facts = append(facts, "in a container ("+printable(f.Container)+")")
	}
	if f.UserNamespace {
		facts = append(facts, "in a user namespace")
	}
	if f.NoNewPrivs {
		facts = append(facts, "no_new_privs is set")
	}
	if f.Filters != 0 {
		facts = append(facts, "under a seccomp filter")
	}
	if f.LandlockABI > 0 {
		facts = append(facts, fmt.Sprintf("Landlock ABI %d", f.LandlockABI))
	}
	return strings.Join(facts, ", ")
}
