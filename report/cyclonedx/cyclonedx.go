// Package cyclonedx writes what a run used and made as a bill of materials:
// CycloneDX 1.6 as JSON (ECMA-424).
//
// What is built is the run, with its outputs as components; it depends on the
// packages of which it used files, and on the files that no package has.
package cyclonedx

import (
	"crypto/sha256"
	"encoding/json"
	"io"
	"time"

	"github.com/catbox-go/catbox/report"
	"github.com/catbox-go/catbox/report/materials"
)

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
	Properties []property  `json:"properties"`
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

// Write writes the bill of materials.
func Write(w io.Writer, bill *materials.Bill) error {
	b := bom{Format: "CycloneDX", Spec: "1.6", Version: 1, Metadata: described(bill), Components: []component{}}
	for _, p := range bill.Packages {
		b.Components = append(b.Components, packaged(p))
	}
	b.Components = append(b.Components, files(bill.Sources)...)
	depends := []string{}
	for _, c := range b.Components {
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

func described(b *materials.Bill) metadata {
	return metadata{
		Timestamp: b.Start.Time.UTC(), Lifecycles: []lifecycle{{"build"}},
		Tools: tools{[]component{{Type: "application", Name: "catbox", Version: report.Visible(b.Start.Version)}}},
		Component: component{
			Type: "application", Ref: build, Name: b.Name, Components: files(b.Outputs),
			Properties: []property{
				{"catbox:command", b.Command()}, {"catbox:directory", report.Visible(b.Start.Dir)}, {"catbox:result", b.Result()}, {"catbox:system", report.Visible(b.Start.System)},
			},
		},
		Properties: []property{{"catbox:hashes", materials.DigestsAre}},
	}
}

func files(all []materials.File) []component {
	var components []component
	for _, f := range all {
		c := component{Type: "file", Ref: "file:" + f.Path, Name: f.Path}
		if f.Unknown != "" {
			c.Properties = []property{{"catbox:no-hash", f.Unknown}}
		} else {
			c.Hashes = []digest{{"SHA-1", f.SHA1}, {"SHA-256", f.SHA256}}
		}
		components = append(components, c)
	}
	return components
}

func packaged(p materials.Package) component {
	c := component{
		Type: "library", Ref: "package:" + p.Name, Name: p.Name, Version: p.Version, PURL: p.PURL,
		Properties: []property{{"catbox:use", p.Use.String()}, {"catbox:why", p.Why}},
	}
	if p.Use == report.Executed {
		c.Type = "application"
	}
	return c
}

// serialNumber is a UUID of what the document says (RFC 9562, version 8), so that
// the same record and files give the same document.
func serialNumber(b bom) (string, error) {
	data, err := json.Marshal(b)
	if err != nil {
		return "", err
	}
	return "urn:uuid:" + materials.UUID(sha256.Sum256(data)), nil
}
