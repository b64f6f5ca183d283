package main

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/catbox-go/catbox/policy"
)

// settings are what a run may do, from flags and from profiles alike. The zero
// value of each means that it was not given.
type settings struct {
	Write        []string          `toml:"write"`
	NoWrite      []string          `toml:"no-write"`
	Read         []string          `toml:"read"`
	Hide         []string          `toml:"hide"`
	Root         string            `toml:"root"`
	Overlay      string            `toml:"overlay"`
	Lower        []string          `toml:"overlay-lower"`
	OverlayType  string            `toml:"overlay-type"`
	Bind         []string          `toml:"bind"`
	Tmpfs        []string          `toml:"tmpfs"`
	Proc         []string          `toml:"proc"`
	Dev          []string          `toml:"dev"`
	Mount        []string          `toml:"mount"`
	Net          string            `toml:"net"`
	AllowConnect []string          `toml:"allow-connect"`
	OnViolation  string            `toml:"on-violation"`
	Strict       *bool             `toml:"strict"`
	Env          map[string]string `toml:"env"`
	ClearEnv     *bool             `toml:"clear-env"`
	Limit        limits            `toml:"limit"`
	Degrade      *bool             `toml:"degrade"`
	Executor     string            `toml:"executor"`
}

// under returns s with over on top: lists, variables and limits are added,
// anything else is replaced if it was given.
func (s settings) under(over settings) settings {
	return settings{
		Write:        slices.Concat(s.Write, over.Write),
		NoWrite:      slices.Concat(s.NoWrite, over.NoWrite),
		Read:         slices.Concat(s.Read, over.Read),
		Hide:         slices.Concat(s.Hide, over.Hide),
		Root:         either(over.Root, s.Root),
		Overlay:      either(over.Overlay, s.Overlay),
		Lower:        slices.Concat(s.Lower, over.Lower),
		OverlayType:  either(over.OverlayType, s.OverlayType),
		Bind:         slices.Concat(s.Bind, over.Bind),
		Tmpfs:        slices.Concat(s.Tmpfs, over.Tmpfs),
		Proc:         slices.Concat(s.Proc, over.Proc),
		Dev:          slices.Concat(s.Dev, over.Dev),
		Mount:        slices.Concat(s.Mount, over.Mount),
		Net:          either(over.Net, s.Net),
		AllowConnect: slices.Concat(s.AllowConnect, over.AllowConnect),
		OnViolation:  either(over.OnViolation, s.OnViolation),
		Strict:       either(over.Strict, s.Strict),
		Env:          added(s.Env, over.Env),
		ClearEnv:     either(over.ClearEnv, s.ClearEnv),
		Limit:        added(s.Limit, over.Limit),
		Degrade:      either(over.Degrade, s.Degrade),
		Executor:     either(over.Executor, s.Executor),
	}
}

// either returns the first of two values that was given.
func either[T comparable](first, second T) T {
	var none T
	if first != none {
		return first
	}
	return second
}

func added[M ~map[string]string](base, over M) M {
	sum := M{}
	maps.Copy(sum, base)
	maps.Copy(sum, over)
	return sum
}

// given tells whether an option is on.
func given(option *bool) bool { return option != nil && *option }

// check finds the mistakes that can be seen in the settings alone.
func (s settings) check() error {
	if _, err := s.Limit.values(); err != nil {
		return fmt.Errorf("limit: %w", err)
	}
	for name := range s.Env {
		if name == "" || strings.ContainsAny(name, "=\x00") || strings.Contains(s.Env[name], "\x00") {
			return fmt.Errorf("env: %q is no name of a variable, or its value has a NUL", name)
		}
	}
	if _, err := s.mounts(); err != nil {
		return err
	}
	_, err := s.policy("/")
	return err
}

// policy puts the settings into a policy. cwd is writable if nothing else is said,
// and it is the host's.
func (s settings) policy(cwd string) (policy.Policy, error) {
	write, err := s.writable(cwd)
	if err != nil {
		return policy.Policy{}, err
	}
	p := policy.ReadOnly()
	if len(s.Read) > 0 {
		p = policy.Policy{}.WithNetwork(p.Network()).Allow(policy.Read|policy.Exec, s.Read...)
	}
	p = p.Allow(policy.Read|policy.Write|policy.Exec, write...).Deny(policy.Write, s.NoWrite...).Hide(s.Hide...)
	if p, err = s.network(p); err != nil {
		return policy.Policy{}, err
	}
	if s.OnViolation != "" {
		action, err := policy.ParseAction(s.OnViolation)
		if err != nil {
			return policy.Policy{}, fmt.Errorf("on-violation: %w", err)
		}
		p = p.WithAction(action)
	}
	return p, p.Err()
}

func (s settings) network(p policy.Policy) (policy.Policy, error) {
	if s.Net != "" {
		network, err := policy.ParseNetwork(s.Net)
		if err != nil {
			return p, fmt.Errorf("net: %w", err)
		}
		p = p.WithNetwork(network)
	}
	for _, text := range s.AllowConnect {
		d, err := policy.ParseDestination(text)
		if err != nil {
			return p, fmt.Errorf("allow-connect: %w", err)
		}
		p = p.AllowConnect(d)
	}
	return p, nil
}

// nothing is the word for no writable path at all.
const nothing = "none"

func (s settings) writable(cwd string) ([]string, error) {
	switch {
	case len(s.Write) == 0 && (s.Root != "" || s.Overlay != "" || len(s.Lower) > 0):
		return nil, nil
	case len(s.Write) == 0:
		return []string{cwd}, nil
	case !slices.Contains(s.Write, nothing):
		return s.Write, nil
	case slices.ContainsFunc(s.Write, func(path string) bool { return path != nothing }):
		return nil, errors.New(`write: "none" and a writable path contradict each other (a directory named none is ./none)`)
	}
	return nil, nil
}

// absolute makes the relative paths of the settings start from dir, a directory of
// the host, and those in a root filesystem from its root.
func (s settings) absolute(dir string, rooted bool) (settings, error) {
	s.Bind = slices.Clone(s.Bind)
	for i, bind := range s.Bind {
		s.Bind[i] = absoluteSource(dir, bind)
	}
	s.Lower = slices.Clone(s.Lower)
	for i, lower := range s.Lower {
		s.Lower[i] = absolutePath(dir, lower)
	}
	for _, one := range []*string{&s.Root, &s.Overlay} {
		if *one != "" {
			*one = absolutePath(dir, *one)
		}
	}
	if s.Root != "" || rooted {
		dir = "/"
	}
	for _, list := range []struct {
		name  string
		paths *[]string
	}{{"write", &s.Write}, {"no-write", &s.NoWrite}, {"read", &s.Read}, {"hide", &s.Hide}} {
		paths := slices.Clone(*list.paths)
		for i, path := range paths {
			switch {
			case path == "":
				return s, fmt.Errorf("%s: a path is empty", list.name)
			case path == nothing && list.name == "write":
			default:
				paths[i] = absolutePath(dir, path)
			}
		}
		*list.paths = paths
	}
	return s, nil
}

func absolutePath(dir, path string) string {
	if strings.HasPrefix(path, "~") || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}

// environment is that of the command.
func (s settings) environment() []string {
	env := []string{}
	if !given(s.ClearEnv) {
		env = slices.DeleteFunc(os.Environ(), func(entry string) bool {
			name, _, _ := strings.Cut(entry, "=")
			_, replaced := s.Env[name]
			return replaced
		})
	}
	for _, name := range slices.Sorted(maps.Keys(s.Env)) {
		env = append(env, name+"="+s.Env[name])
	}
	return env
}
