package policy

import (
	"fmt"
	"path"
	"strings"
)

// Resolve returns a copy in which the path of each rule and of each unix
// destination is replaced by what canonical returns for it, so that it can be
// compared with canonical paths. canonical is called with a clean absolute
// path and should accept one that does not exist yet. Regular expressions stay
// as they are: they are searched in canonical paths already.
//
// A path that is denied or hidden and whose last component is a symbolic link
// becomes two rules, one for what the link leads to and one for the link
// itself: otherwise the link could be replaced. Of [Policy.HideName] it is the link's alone.
//
// An error names the path, wraps what canonical returned, and comes with a
// policy that allows nothing.
func (p Policy) Resolve(canonical func(path string) (string, error)) (Policy, error) {
	if p.err != nil {
		return Policy{}, p.err
	}
	rules, err := resolveRules(p.rules, canonical)
	if err != nil {
		return Policy{}, err
	}
	destinations, err := resolveDestinations(p.destinations, canonical)
	if err != nil {
		return Policy{}, err
	}
	p.destinations = destinations
	return p.withRules(rules), nil
}

func resolveRules(rules []Rule, canonical func(string) (string, error)) ([]Rule, error) {
	var resolved []Rule
	for _, r := range rules {
		paths, err := r.resolve(canonical)
		if err != nil {
			return nil, err
		}
		for _, s := range paths {
			resolved = append(resolved, Rule{r.Access, r.Effect, prefixPattern(s), r.Name})
		}
		if r.Pattern.IsRegexp() {
			resolved = append(resolved, r)
		}
	}
	return resolved, nil
}

// resolve returns the canonical paths that stand for r's path; none for a
// regular expression.
func (r Rule) resolve(canonical func(string) (string, error)) ([]string, error) {
	if r.Pattern.IsRegexp() {
		return nil, nil
	}
	name := r.Pattern.Literal()
	if r.Name {
		link, err := resolveName(name, canonical)
		return []string{link}, err
	}
	to, err := resolvePath(name, canonical)
	if err != nil {
		return nil, err
	}
	if r.Effect == EffectAllow || name == "/" {
		return []string{to}, nil
	}
	link, err := resolveName(name, canonical)
	if err != nil {
		return nil, err
	}
	if link != to {
		return []string{to, link}, nil
	}
	return []string{to}, nil
}

// resolveName resolves the directory, and keeps the last component, which may be a link.
func resolveName(name string, canonical func(string) (string, error)) (string, error) {
	dir, err := resolvePath(path.Dir(name), canonical)
	return path.Join(dir, path.Base(name)), err
}

func resolveDestinations(destinations []Destination, canonical func(string) (string, error)) ([]Destination, error) {
	var resolved []Destination
	for _, d := range destinations {
		if d.kind == unixPath {
			s, err := resolvePath(d.name, canonical)
			if err != nil {
				return nil, err
			}
			d.name = s
		}
		resolved = append(resolved, d)
	}
	return resolved, nil
}

func resolvePath(s string, canonical func(string) (string, error)) (string, error) {
	c, err := canonical(s)
	if err != nil {
		return "", fmt.Errorf("resolve %s: %w", quoteIfNeeded(s), err)
	}
	if !strings.HasPrefix(c, "/") {
		return "", fmt.Errorf("resolve %s: got %q, want an absolute path", quoteIfNeeded(s), c)
	}
	return path.Clean(c), nil
}
