package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/catbox-go/catbox"
)

// mounts are what the settings mount, in the order of their kinds: directories of the
// host first, as others may lie in them.
func (s settings) mounts() ([]catbox.Mount, error) {
	var all []catbox.Mount
	for _, kind := range []struct {
		name  string
		given []string
		parse func(string) (catbox.Mount, error)
	}{
		{"mount", s.Mount, parseFstab},
		{"bind", s.Bind, parseBind},
		{"tmpfs", s.Tmpfs, parseTmpfs},
		{"proc", s.Proc, atPlace("proc")},
		{"dev", s.Dev, atPlace("dev")},
	} {
		for _, text := range kind.given {
			m, err := kind.parse(text)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", kind.name, err)
			}
			all = append(all, m)
		}
	}
	return all, nil
}

// parseFstab reads a line of fstab(5).
func parseFstab(line string) (catbox.Mount, error) {
	m, err := catbox.ParseMount(line)
	if err == nil {
		err = m.Check()
	}
	return m, err
}

// parseBind reads SRC[:DST][:OPTIONS].
func parseBind(text string) (catbox.Mount, error) {
	fields := strings.Split(text, ":")
	m := catbox.Mount{Source: fields[0], Target: fields[0], Type: "bind"}
	rest := fields[1:]
	if len(rest) > 0 && strings.HasPrefix(rest[0], "/") {
		m.Target, rest = rest[0], rest[1:]
	}
	if len(rest) > 0 {
		m.Options, rest = strings.Split(rest[0], ","), rest[1:]
	}
	if m.Source == "" || len(rest) > 0 || !bindOptions(m.Options) {
		return m, fmt.Errorf("%q: want SRC[:DST][:OPTIONS], DST being absolute and OPTIONS some of ro, rw, nosuid, nodev, noexec, with commas (for a path with a colon: --mount)", text)
	}
	return m, nil
}

func bindOptions(options []string) bool {
	for _, o := range options {
		switch o {
		case "ro", "rw", "nosuid", "nodev", "noexec", "noatime":
		default:
			return false
		}
	}
	return true
}

// parseTmpfs reads DST[:OPTIONS].
func parseTmpfs(text string) (catbox.Mount, error) {
	target, options, given := strings.Cut(text, ":")
	m := catbox.Mount{Source: "tmpfs", Target: target, Type: "tmpfs"}
	if given {
		m.Options = strings.Split(options, ",")
	}
	return m, absoluteTarget(target)
}

func atPlace(kind string) func(string) (catbox.Mount, error) {
	return func(target string) (catbox.Mount, error) {
		return catbox.Mount{Source: kind, Target: target, Type: kind}, absoluteTarget(target)
	}
}

func absoluteTarget(target string) error {
	if !filepath.IsAbs(target) {
		return errors.New("want an absolute path of the run, not " + fmt.Sprintf("%q", target))
	}
	return nil
}

// absoluteSource makes the host's path in a bind mount start from dir.
func absoluteSource(dir, text string) string {
	source, rest, _ := strings.Cut(text, ":")
	if source == "" {
		return text
	}
	if rest != "" {
		rest = ":" + rest
	}
	return absolutePath(dir, source) + rest
}
