package main

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"
)

// expand returns the profile's settings with variables replaced and relative
// paths starting from dir.
func (p profile) expand(dir string) (settings, error) {
	s := p.settings
	for _, list := range []*[]string{&s.Write, &s.NoWrite, &s.Read, &s.Hide, &s.Bind, &s.Mount} {
		expanded := make([]string, 0, len(*list))
		for _, path := range *list {
			path, err := expandPath(path)
			if err != nil {
				return s, err
			}
			expanded = append(expanded, path)
		}
		*list = expanded
	}
	root, err := expandPath(s.Root)
	if err != nil {
		return s, err
	}
	s.Root = root
	return s.absolute(dir, false)
}

// expandPath replaces ${HOME} and ${CWD}. In an expression they stand for
// themselves, letter by letter.
func expandPath(path string) (string, error) {
	if strings.HasPrefix(path, "~/") {
		return "", fmt.Errorf("%s: a home directory is written ${HOME}/...; an expression that begins with a slash is written ~(/...)", path)
	}
	var b strings.Builder
	rest := path
	for {
		before, after, found := strings.Cut(rest, "${")
		b.WriteString(before)
		if !found {
			return b.String(), nil
		}
		name, after, closed := strings.Cut(after, "}")
		if !closed {
			return "", fmt.Errorf("%s: ${ without }", path)
		}
		value, err := variable(name)
		if err != nil {
			return "", fmt.Errorf("%s: %w", path, err)
		}
		if strings.HasPrefix(path, "~") {
			value = regexp.QuoteMeta(value)
		}
		b.WriteString(value)
		rest = after
	}
}

func variable(name string) (string, error) {
	switch name {
	case "HOME":
		home, err := os.UserHomeDir()
		if err == nil && !strings.HasPrefix(home, "/") {
			err = errors.New("$HOME is not an absolute path")
		}
		return home, err
	case "CWD":
		return os.Getwd()
	}
	return "", fmt.Errorf("unknown variable ${%s}: there are ${HOME} and ${CWD}", name)
}
