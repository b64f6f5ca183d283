// Package cyclonedx writes what a run used and made as a bill of materials:
// CycloneDX 1.6 as JSON (ECMA-424).
//
// What is built is the run, with its outputs as components; it depends on the
// packages of which it used files.
package cyclonedx

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/catbox-go/catbox/report"
)

// Component is what is known of a package besides its name.
type Component struct {
	Version string
	// PURL is its package URL, "" if it has none.
	PURL string
	// Hashes are by their name in CycloneDX: "SHA-256".
	Hashes map[string]string
}

// Describer knows more of packages than their names.
type Describer interface {
	Describe(name string) Component
}

type bom struct {
	Format       string       `json:"bomFormat"`
	Spec         string       `json:"specVersion"`
	Serial       string       `json:"serialNumber"`
	Version      int          `json:"version"`
	Metadata     metadata     `json:"metadata"`
	Components   []component  `json:"components"`
	Dependencies []dependency `json:"dependencies"`
}

type metadata struct {
	Timestamp  time.Time   `json:"timestamp"`
	Lifecycles []lifecycle `json:"lifecycles"`
	Tools      tools       `json:"tools"`
	Component  component   `json:"component"`
}

type lifecycle struct {
	Phase string `json:"phase"`
}

type tools struct {
	Components []component `json:"components"`
}

type component struct {
	Type       string      `json:"type"`
	Ref        string      `json:"bom-ref,omitempty"`
	Name       string      `json:"name"`
	Version    string      `json:"version,omitempty"`
	Hashes     []digest    `json:"hashes,omitempty"`
	PURL       string      `json:"purl,omitempty"`
	Properties []property  `json:"properties,omitempty"`
	Components []component `json:"components,omitempty"`
}

type digest struct {
	Algorithm string `json:"alg"`
	Content   string `json:"content"`
}

type property struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

type dependency struct {
	Ref       string   `json:"ref"`
	DependsOn []string `json:"dependsOn"`
}

// build is the reference of what is built.
const build = "build"

// Write writes the bill of materials of a run. The describer may be nil.
func Write(w io.Writer, r *report.Run, d Describer) error {
	b := bom{Format: "CycloneDX", Spec: "1.6", Version: 1, Metadata: described(r), Components: []component{}}
	depends := []string{}
	for i := range r.Packages {
		c := packaged(r, &r.Packages[i], d)
		b.Components = append(b.Components, c)
		depends = append(depends, c.Ref)
	}
	b.Dependencies = []dependency{{build, depends}}
	serial, err := serialNumber(b)
	if err != nil {
		return err
	}
	b.Serial = serial
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(b)
}

func described(r *report.Run) metadata {
	name := path.Base(r.Start.Dir)
	if name == "." || name == "/" {
		name = r.Command()
	}
	return metadata{
		Timestamp: r.Start.Time.UTC(), Lifecycles: []lifecycle{{"build"}},
		Tools: tools{[]component{{Type: "application", Name: "catbox", Version: report.Visible(r.Start.Version)}}},
		Component: component{
			Type: "application", Ref: build, Name: report.Visible(name), Components: outputs(r),
			Properties: []property{{"catbox:command", r.Command()}, {"catbox:directory", report.Visible(r.Start.Dir)}, {"catbox:result", r.Result()}, {"catbox:system", report.Visible(r.Start.System)}},
		},
	}
}

func outputs(r *report.Run) []component {
	var all []component
	for i := range r.Files {
		if f := &r.Files[i]; f.Role&report.Output != 0 && !f.Dir {
			name := report.Visible(r.Paths.Path(report.PathID(i)))
			all = append(all, component{Type: "file", Ref: "file:" + name, Name: name})
		}
	}
	slices.SortFunc(all, func(a, b component) int { return strings.Compare(a.Name, b.Name) })
	return all
}

func packaged(r *report.Run, p *report.Package, d Describer) component {
	name := report.Visible(p.Name)
	c := component{Type: "library", Ref: "package:" + name, Name: name, Properties: []property{
		{"catbox:use", p.Sure.String()},
		{"catbox:why", report.Visible(r.Paths.Path(p.Why)) + " by " + r.ChainText(p.By)},
	}}
	if p.Sure == report.Executed {
		c.Type = "application"
	}
	if d == nil {
		return c
	}
	known := d.Describe(p.Name)
	c.Version, c.PURL = known.Version, known.PURL
	for _, algorithm := range slices.Sorted(maps.Keys(known.Hashes)) {
		c.Hashes = append(c.Hashes, digest{algorithm, known.Hashes[algorithm]})
	}
	return c
}

// serialNumber is a UUID of what the document says (RFC 9562, version 8), so that
// the same record gives the same document.
func serialNumber(b bom) (string, error) {
	data, err := json.Marshal(b)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(data)
	sum[6], sum[8] = sum[6]&0x0f|0x80, sum[8]&0x3f|0x80
	return fmt.Sprintf("urn:uuid:%x-%x-%x-%x-%x", sum[0:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16]), nil
}
