// Package spdx writes what a run used and made as a bill of materials: SPDX 2.3 as JSON
// (ISO/IEC 5962 is its version 2.2.1).
//
// What is built is a package that contains the outputs; it was generated from the files that
// no other package has, and depends on the packages of which the run used files. SPDX asks for a checksum
// of each file (clause 8.4): one without a digest is not in the document but by its name, among those
// that the verification code leaves out.
package spdx

import (
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/catbox-go/catbox/report"
	"github.com/catbox-go/catbox/report/materials"
)

type document struct {
	Version       string         `json:"spdxVersion"`
	License       string         `json:"dataLicense"`
	ID            string         `json:"SPDXID"`
	Name          string         `json:"name"`
	Namespace     string         `json:"documentNamespace"`
	Creation      creation       `json:"creationInfo"`
	Packages      []pkg          `json:"packages"`
	Files         []file         `json:"files"`
	Relationships []relationship `json:"relationships"`
}

type creation struct {
	Created  string   `json:"created"`
	Creators []string `json:"creators"`
	Comment  string   `json:"comment"`
}

type pkg struct {
	ID       string        `json:"SPDXID"`
	Name     string        `json:"name"`
	Version  string        `json:"versionInfo,omitempty"`
	Location string        `json:"downloadLocation"`
	Analyzed bool          `json:"filesAnalyzed"`
	Code     *verification `json:"packageVerificationCode,omitempty"`
	Refs     []reference   `json:"externalRefs,omitempty"`
	Comment  string        `json:"comment,omitempty"`
}

type verification struct {
	Value    string   `json:"packageVerificationCodeValue"`
	Excluded []string `json:"packageVerificationCodeExcludedFiles,omitempty"`
}

type reference struct {
	Category string `json:"referenceCategory"`
	Type     string `json:"referenceType"`
	Locator  string `json:"referenceLocator"`
}

type file struct {
	ID        string     `json:"SPDXID"`
	Name      string     `json:"fileName"`
	Checksums []checksum `json:"checksums"`
}

type checksum struct {
	Algorithm string `json:"algorithm"`
	Value     string `json:"checksumValue"`
}

type relationship struct {
	Element string `json:"spdxElementId"`
	Type    string `json:"relationshipType"`
	Related string `json:"relatedSpdxElement"`
}

const (
	documentID = "SPDXRef-DOCUMENT"
	buildID    = "SPDXRef-Build"
	// nowhere is for what is not known and has to be said (clause 7.7).
	nowhere = "NOASSERTION"
	// namespace is where documents are named, each by a UUID; nothing has to be there (clause 6.5).
	namespace = "https://github.com/catbox-go/catbox/spdx/"
)

// Write writes the bill of materials.
func Write(w io.Writer, b *materials.Bill) error {
	d := document{
		Version: "SPDX-2.3", License: "CC0-1.0", ID: documentID, Name: b.Name,
		Creation: creation{
			Created:  b.Start.Time.UTC().Format("2006-01-02T15:04:05Z"),
			Creators: []string{"Tool: catbox-" + report.Visible(b.Start.Version)}, Comment: "Checksums are " + materials.DigestsAre + ".",
		},
		Packages: []pkg{built(b)}, Files: []file{},
		Relationships: []relationship{{documentID, "DESCRIBES", buildID}},
	}
	for _, p := range b.Packages {
		d.addPackage(p)
	}
	d.addFiles(b.Outputs, func(id string) relationship { return relationship{buildID, "CONTAINS", id} })
	d.addFiles(b.Sources, func(id string) relationship { return relationship{buildID, "GENERATED_FROM", id} })
	data, err := json.Marshal(d)
	if err != nil {
		return err
	}
	d.Namespace = namespace + materials.UUID(sha256.Sum256(data))
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(d)
}

// built is what the run made. Its files count as analyzed if there is one with a digest.
func built(b *materials.Bill) pkg {
	p := pkg{
		ID: buildID, Name: b.Name, Location: nowhere,
		Comment: fmt.Sprintf("made by %s in %s on %s: %s%s", b.Command(), report.Visible(b.Start.Dir), report.Visible(b.Start.System), b.Result(), without(b)),
	}
	if code := verificationCode(b.Outputs); code != nil {
		p.Analyzed, p.Code = true, code
	}
	return p
}

// verificationCode is the SHA-1 of the sorted SHA-1 of the files (clause 7.9); nil if no file has one.
func verificationCode(files []materials.File) *verification {
	var sums, excluded []string
	for _, f := range files {
		if f.Unknown != "" {
			excluded = append(excluded, fileName(f))
			continue
		}
		sums = append(sums, f.SHA1)
	}
	if len(sums) == 0 {
		return nil
	}
	slices.Sort(sums)
	sum := sha1.Sum([]byte(strings.Join(sums, "")))
	return &verification{hex.EncodeToString(sum[:]), excluded}
}

// without says of how many files there is no checksum, and why.
func without(b *materials.Bill) string {
	counts := map[string]int{}
	for _, f := range slices.Concat(b.Outputs, b.Sources) {
		if f.Unknown != "" {
			counts[f.Unknown]++
		}
	}
	text := ""
	for _, why := range slices.Sorted(maps.Keys(counts)) {
		text += fmt.Sprintf("; no checksum of %s: %s", report.Plural(counts[why], "file"), why)
	}
	return text
}

// fileName is relative to the root of the package (clause 8.1), which is that of the file system.
func fileName(f materials.File) string { return "." + f.Path }

func (d *document) addPackage(p materials.Package) {
	of := pkg{
		ID: "SPDXRef-Package-" + identifier(p.Name), Name: p.Name, Version: p.Version, Location: nowhere,
		Comment: p.Use.String() + ": " + p.Why,
	}
	if p.PURL != "" {
		of.Refs = []reference{{"PACKAGE-MANAGER", "purl", p.PURL}}
	}
	d.Packages = append(d.Packages, of)
	kind := "BUILD_DEPENDENCY_OF"
	if p.Use == report.Executed {
		kind = "BUILD_TOOL_OF"
	}
	d.Relationships = append(d.Relationships, relationship{of.ID, kind, buildID})
}

func (d *document) addFiles(files []materials.File, related func(id string) relationship) {
	for _, f := range files {
		if f.Unknown != "" {
			continue
		}
		id := "SPDXRef-File-" + short(f.Path)
		d.Files = append(d.Files, file{id, fileName(f), []checksum{{"SHA1", f.SHA1}, {"SHA256", f.SHA256}}})
		d.Relationships = append(d.Relationships, related(id))
	}
}

// identifier is made of letters, digits, dots and dashes (clause 7.2), no two names having the same.
func identifier(name string) string {
	plain := strings.Map(func(r rune) rune {
		if r == '.' || r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' {
			return r
		}
		return '-'
	}, name)
	if plain != name {
		plain += "-" + short(name)
	}
	return plain
}

func short(name string) string {
	sum := sha256.Sum256([]byte(name))
	return hex.EncodeToString(sum[:10])
}
