package declared

import (
	"os"
	"strings"

	"github.com/catbox-go/catbox/internal/lazyregexp"
	"github.com/catbox-go/catbox/packages/relation"
)

var (
	buildRequires = lazyregexp.New(`(?i)^\s*BuildRequires(?:\([^)]*\))?\s*:\s*(.*)$`)
	tag           = lazyregexp.New(`(?i)^(Name|Version|Release|Epoch)\s*:\s*(\S+)`)
	definition    = lazyregexp.New(`^\s*%(?:global|define)\s+(\w+)\s+(.*)$`)
	// macro is %name, %{name}, %{?name}, %{!?name}, or one of the latter with ":text".
	macro = lazyregexp.New(`%(?:\{([!?]*)(\w+)(?::([^{}]*))?\}|(\w+))`)
)

// spec reads BuildRequires. Only rpmspec knows the macros of the system, and what a condition
// comes to.
func (l *List) spec(text string, rpmspec Rpmspec) {
	if rpmspec != nil {
		out, err := l.expand(rpmspec)
		if err == nil {
			l.expandedSpec(string(out))
			return
		}
		l.note("not expanded by rpmspec: %v", err)
	}
	s := spec{List: l, macros: map[string]string{}}
	for line := range strings.Lines(strings.ReplaceAll(text, "\\\n", " ")) {
		s.line(strings.TrimSpace(line))
	}
}

func (l *List) expand(rpmspec Rpmspec) ([]byte, error) {
	f, err := os.Open(l.Path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return rpmspec(f)
}

func (l *List) expandedSpec(out string) {
	for line := range strings.Lines(out) {
		line = strings.TrimSpace(line)
		if line != "" && !strings.HasPrefix(line, "rpmlib(") {
			l.add("BuildRequires", line, relation.RPM(line)...)
		}
	}
}

// spec is a .spec file that is read line by line.
type spec struct {
	*List
	macros     map[string]string
	conditions []string // the %if around the line
}

func (s *spec) line(line string) {
	word, rest, _ := strings.Cut(line, " ")
	switch word {
	case "%if", "%ifarch", "%ifnarch", "%ifos", "%ifnos":
		s.conditions = append(s.conditions, line)
		return
	case "%else", "%elif", "%elifarch":
		if n := len(s.conditions); n > 0 {
			s.conditions[n-1] = strings.TrimSpace("the " + word + " of " + strings.TrimPrefix(s.conditions[n-1], "the %else of "))
		}
		return
	case "%endif":
		s.conditions = s.conditions[:max(0, len(s.conditions)-1)]
		return
	case "%generate_buildrequires":
		s.note("%%generate_buildrequires: what it prints is known to rpmbuild only %s", strings.TrimSpace(rest))
		return
	}
	s.statement(line)
}

func (s *spec) statement(line string) {
	if m := definition.FindStringSubmatch(line); m != nil {
		if value, unknown := s.expand(m[2]); unknown == "" {
			s.macros[m[1]] = strings.TrimSpace(value)
		}
		return
	}
	if m := tag.FindStringSubmatch(line); m != nil {
		name := strings.ToLower(m[1])
		if value, unknown := s.expand(m[2]); s.macros[name] == "" && unknown == "" {
			s.macros[name] = value
		}
	}
	if m := buildRequires.FindStringSubmatch(line); m != nil {
		s.require(m[1])
	}
}

func (s *spec) require(text string) {
	expanded, unknown := s.expand(text)
	if unknown != "" {
		s.note("BuildRequires: %s: %s is not known", text, unknown)
	}
	if n := len(s.conditions); n > 0 {
		s.note("BuildRequires: %s: taken, whatever %s comes to", expanded, s.conditions[n-1])
	}
	for _, c := range relation.RPM(expanded) {
		if !strings.Contains(c.String(), "%") {
			s.add("BuildRequires", c.String(), c)
		}
	}
}

// expand replaces the macros that the file defines, and returns the first that it does not.
func (s *spec) expand(text string) (expanded, unknown string) {
	expanded = macro.Get().ReplaceAllStringFunc(text, func(whole string) string {
		m := macro.FindStringSubmatch(whole)
		name := m[2] + m[4]
		value, known := s.macros[name]
		switch flags := m[1]; {
		case strings.Contains(flags, "!"): // %{!?name:text}
			if known {
				return ""
			}
			return m[3]
		case flags != "" && known && m[3] != "":
			return m[3]
		case flags != "":
			return value
		case known:
			return value
		}
		if unknown == "" {
			unknown = whole
		}
		return whole
	})
	if i := strings.Index(expanded, "%"); i >= 0 && unknown == "" {
		unknown = expanded[i:]
	}
	return expanded, unknown
}
