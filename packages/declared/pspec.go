package declared

import (
	"encoding/xml"
	"strings"

	"github.com/catbox-go/catbox/packages/relation"
)

// pspecFile is what of PiSi's package specification tells dependencies.
type pspecFile struct {
	Source   pspecPart   `xml:"Source"`
	Packages []pspecPart `xml:"Package"`
}

type pspecPart struct {
	Dependencies []pspecDependency `xml:"BuildDependencies>Dependency"`
	Any          []struct {
		Dependencies []pspecDependency `xml:"Dependency"`
	} `xml:"BuildDependencies>AnyDependency"`
}

type pspecDependency struct {
	Name        string `xml:",chardata"`
	Type        string `xml:"type,attr"`
	Version     string `xml:"version,attr"`
	VersionFrom string `xml:"versionFrom,attr"`
	VersionTo   string `xml:"versionTo,attr"`
}

func (l *List) pspec(data []byte) error {
	var file pspecFile
	if err := xml.Unmarshal(data, &file); err != nil {
		return err
	}
	for _, part := range append([]pspecPart{file.Source}, file.Packages...) {
		for _, d := range part.Dependencies {
			l.addPspec([]pspecDependency{d})
		}
		for _, any := range part.Any {
			l.addPspec(any.Dependencies)
		}
	}
	return nil
}

func (l *List) addPspec(alternatives []pspecDependency) {
	var c relation.Clause
	for _, d := range alternatives {
		if r := d.relation(); r.Name != "" {
			c = append(c, r)
		}
	}
	if len(c) > 0 {
		l.add("BuildDependencies", c.String(), c)
	}
}

func (d pspecDependency) relation() relation.Relation {
	r := relation.Relation{Name: strings.TrimSpace(d.Name)}
	if d.Type == "pkgconfig" || d.Type == "pkgconfig32" {
		r.Name = d.Type + "(" + r.Name + ")"
	}
	for _, v := range []struct{ operator, version string }{{"=", d.Version}, {">=", d.VersionFrom}, {"<=", d.VersionTo}} {
		if v.version != "" {
			r.Operator, r.Version = v.operator, v.version
			break
		}
	}
	return r
}
