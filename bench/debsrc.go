//go:build linux

package main

import "strings"

// sourceList turns a file of sources.list(5) into one for source packages of
// the distribution itself: third parties have no hello. The text is empty if
// nothing is left. A file that apt would not read (by its suffix) gives nothing.
func sourceList(name, text, codename string) (newName, newText string) {
	switch {
	case strings.HasSuffix(name, ".list"):
		return name, oneLineSources(text, codename)
	case strings.HasSuffix(name, ".sources"):
		return name, deb822Sources(text, codename)
	}
	return name, ""
}

// oneLineSources: deb [ options ] uri suite component...
func oneLineSources(text, codename string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		rest, ok := strings.CutPrefix(strings.TrimSpace(line), "deb ")
		if ok && ofDistribution(suiteOf(rest), codename) {
			b.WriteString("deb-src " + rest + "\n")
		}
	}
	return b.String()
}

func suiteOf(entry string) string {
	if strings.HasPrefix(strings.TrimSpace(entry), "[") {
		_, entry, _ = strings.Cut(entry, "]")
	}
	fields := strings.Fields(entry)
	if len(fields) < 2 {
		return ""
	}
	return fields[1]
}

func deb822Sources(text, codename string) string {
	var b strings.Builder
	for _, stanza := range strings.Split(text, "\n\n") {
		if s := deb822Stanza(stanza, codename); s != "" {
			b.WriteString(s + "\n")
		}
	}
	return b.String()
}

func deb822Stanza(stanza, codename string) string {
	var b strings.Builder
	binary, ours := false, false
	for line := range strings.Lines(stanza) {
		key, value, _ := strings.Cut(line, ":")
		switch strings.ToLower(strings.TrimSpace(key)) {
		case "types":
			binary = strings.Contains(value, "deb")
			line = "Types: deb-src\n"
		case "suites":
			for _, suite := range strings.Fields(value) {
				ours = ours || ofDistribution(suite, codename)
			}
		}
		b.WriteString(strings.TrimRight(line, "\n") + "\n")
	}
	if !binary || !ours {
		return ""
	}
	return b.String()
}

// ofDistribution knows bookworm, bookworm-updates and the like, and the names
// that Debian moves along.
func ofDistribution(suite, codename string) bool {
	base, _, _ := strings.Cut(suite, "-")
	switch base {
	case codename, "stable", "testing", "unstable", "sid":
		return true
	}
	return false
}
