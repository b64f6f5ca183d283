package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/catbox-go/catbox/image"
	"github.com/catbox-go/catbox/record"
)

func newImageInspect() *cobra.Command {
	var o imageOptions
	format := "text"
	cmd := &cobra.Command{
		Use:   "inspect IMAGE",
		Short: "say what an image runs, and what of it is enforced",
		Long:  "Say what IMAGE is, what it runs and how, and which of its constraints are enforced. Nothing is unpacked.",
		Example: `  catbox image inspect app.aci
  catbox image inspect --format json debian.oci`,
		Args: exactly("IMAGE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if format != "text" && format != "json" {
				return usage("--format %s: want text or json", record.Quote(format))
			}
			return o.inspect(cmd.Context(), cmd.OutOrStdout(), args[0], format)
		},
	}
	cmd.Flags().Var((*word)(&format), "format", "`FORMAT`: text or json")
	o.addFlags(cmd.Flags())
	return cmd
}

// inspected is what is told of an image.
type inspected struct {
	Name          string          `json:"name"`
	Format        image.Format    `json:"format"`
	Digest        string          `json:"digest,omitempty"`
	Platform      string          `json:"platform,omitempty"`
	Root          string          `json:"root,omitempty"` // of one that is a directory
	Entrypoint    []string        `json:"entrypoint,omitempty"`
	Command       []string        `json:"command,omitempty"`
	Environment   []string        `json:"environment,omitempty"`
	Dir           string          `json:"working_directory,omitempty"`
	User          string          `json:"user,omitempty"`
	Group         string          `json:"group,omitempty"`
	MountPoints   []inspectedAt   `json:"mount_points,omitempty"`
	Ports         []string        `json:"ports,omitempty"`
	EventHandlers []inspectedDo   `json:"event_handlers,omitempty"`
	Isolators     []inspectedKeep `json:"isolators,omitempty"`
	Warnings      []string        `json:"warnings,omitempty"`
}

type inspectedAt struct {
	Name     string `json:"name,omitempty"`
	Path     string `json:"path"`
	ReadOnly bool   `json:"read_only,omitempty"`
}

type inspectedDo struct {
	Event   string   `json:"event"`
	Command []string `json:"command"`
}

type inspectedKeep struct {
	Name     string          `json:"name"`
	Value    json.RawMessage `json:"value,omitempty"`
	Enforced bool            `json:"enforced"`
	How      string          `json:"how"`
}

func (o *imageOptions) inspect(ctx context.Context, w io.Writer, path, format string) error {
	img, err := o.open(path)
	if err != nil {
		return err
	}
	defer img.Close()
	digest, err := img.Digest(ctx)
	if err != nil {
		return err
	}
	about := about(img, digest)
	if format == "json" {
		e := json.NewEncoder(w)
		e.SetEscapeHTML(false)
		return e.Encode(about)
	}
	_, err = io.WriteString(w, printable(about.text()))
	return err
}

func about(img *image.Image, digest string) inspected {
	c := img.Command
	a := inspected{
		Name: img.Name, Format: img.Format, Digest: digest, Platform: img.Platform, Root: img.Dir,
		Entrypoint: c.Entrypoint, Command: c.Cmd, Environment: c.Env, Dir: c.Dir, User: c.User, Group: c.Group, Warnings: img.Warnings,
	}
	for _, p := range c.MountPoints {
		a.MountPoints = append(a.MountPoints, inspectedAt{p.Name, p.Path, p.ReadOnly})
	}
	for _, p := range c.Ports {
		a.Ports = append(a.Ports, portText(p))
	}
	for _, h := range c.EventHandlers {
		a.EventHandlers = append(a.EventHandlers, inspectedDo{h.Name, h.Args})
	}
	for _, i := range c.Isolators {
		e := enforcementOf(i)
		a.Isolators = append(a.Isolators, inspectedKeep{i.Name, i.Value, e.kept, e.how})
	}
	return a
}

func portText(p image.Port) string {
	text := fmt.Sprint(p.First)
	if p.Count > 1 {
		text += fmt.Sprintf("-%d", p.First+p.Count-1)
	}
	text += "/" + p.Protocol
	if p.Name != "" {
		text = p.Name + " " + text
	}
	return text
}

// text is a line for each thing that the image says.
func (a inspected) text() string {
	var b strings.Builder
	line := func(what, value string) {
		if value != "" {
			fmt.Fprintf(&b, "%-18s %s\n", what+":", strings.ReplaceAll(value, "\n", `\n`))
		}
	}
	for _, f := range []struct{ what, value string }{
		{"name", a.Name}, {"format", string(a.Format)}, {"digest", a.Digest}, {"platform", a.Platform}, {"root", a.Root},
		{"entrypoint", quotedWords(a.Entrypoint)}, {"command", quotedWords(a.Command)}, {"working directory", a.Dir}, {"user", a.User}, {"group", a.Group},
	} {
		line(f.what, f.value)
	}
	for _, e := range a.Environment {
		line("environment", e)
	}
	for _, p := range a.MountPoints {
		line("mount point", p.text())
	}
	for _, p := range a.Ports {
		line("port", p)
	}
	for _, h := range a.EventHandlers {
		line(h.Event, quotedWords(h.Command))
	}
	for _, i := range a.Isolators {
		line("isolator", i.text())
	}
	for _, w := range a.Warnings {
		line("warning", w)
	}
	return b.String()
}

func (p inspectedAt) text() string {
	text := strings.TrimSpace(p.Name + " " + p.Path)
	if p.ReadOnly {
		text += " (read-only)"
	}
	return text
}

func (i inspectedKeep) text() string {
	if i.Enforced {
		return i.Name + ": enforced: " + i.How
	}
	return i.Name + ": not enforced: " + i.How
}

// quotedWords are the words of a command line, those that a shell would split in quotes.
func quotedWords(words []string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = w
		if w == "" || strings.ContainsAny(w, " \t\n\"'\\$`*?[]{}()<>|&;#~") {
			quoted[i] = fmt.Sprintf("%q", w)
		}
	}
	return strings.Join(quoted, " ")
}
