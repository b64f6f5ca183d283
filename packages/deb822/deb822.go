// Package deb822 reads the format of Debian's control files and of dpkg's
// status, as deb822(5) has it.
package deb822

import (
	"iter"
	"strings"
)

// Field is a field as it is written: the lines that continue it keep their newlines.
type Field struct{ Name, Value string }

// Paragraph holds the fields in their order.
type Paragraph []Field

// Get returns the value of the field; its name is compared without regard to case.
func (p Paragraph) Get(name string) string {
	for _, f := range p {
		if strings.EqualFold(f.Name, name) {
			return f.Value
		}
	}
	return ""
}

// Paragraphs yields what blank lines separate. Lines that begin with # are
// comments, also within a field.
func Paragraphs(text string) iter.Seq[Paragraph] {
	return func(yield func(Paragraph) bool) {
		var p Paragraph
		for line := range strings.Lines(text) {
			line = strings.TrimRight(line, " \t\r\n")
			switch {
			case line == "":
				if len(p) > 0 && !yield(p) {
					return
				}
				p = nil
			case line[0] != '#':
				p = p.with(line)
			}
		}
		if len(p) > 0 {
			yield(p)
		}
	}
}

func (p Paragraph) with(line string) Paragraph {
	if line[0] == ' ' || line[0] == '\t' {
		if len(p) > 0 {
			p[len(p)-1].Value += "\n" + line
		}
		return p
	}
	name, value, ok := strings.Cut(line, ":")
	if !ok {
		return p
	}
	return append(p, Field{name, strings.TrimSpace(value)})
}
