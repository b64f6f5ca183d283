package relation

import (
	"slices"
	"strings"
)

// Applies tells whether the relation holds where packages are built for the
// Debian architecture arch with these build profiles.
func (r Relation) Applies(arch string, profiles []string) bool {
	return r.appliesTo(arch) && r.appliesWith(profiles)
}

// appliesTo follows deb-src-control(5): either all names of the list are negated, or none is.
func (r Relation) appliesTo(arch string) bool {
	if len(r.Arch) == 0 {
		return true
	}
	negated := strings.HasPrefix(r.Arch[0], "!")
	for _, name := range r.Arch {
		if MatchArch(arch, strings.TrimPrefix(name, "!")) {
			return !negated
		}
	}
	return negated
}

func (r Relation) appliesWith(profiles []string) bool {
	if len(r.Profiles) == 0 {
		return true
	}
	return slices.ContainsFunc(r.Profiles, func(terms []string) bool {
		return !slices.ContainsFunc(terms, func(term string) bool {
			name, negated := strings.CutPrefix(term, "!")
			return slices.Contains(profiles, name) == negated
		})
	})
}

// MatchArch tells whether arch is wildcard, or what a wildcard such as any,
// linux-any or any-arm64 stands for (dpkg-architecture(1)). An architecture
// without an operating system in its name is Linux's.
func MatchArch(arch, wildcard string) bool {
	if wildcard == "any" || wildcard == arch {
		return true
	}
	if !strings.Contains(wildcard, "any") {
		return false
	}
	a, w := tuple(arch), tuple(wildcard)
	for i := range a {
		if w[i] != "any" && w[i] != a[i] {
			return false
		}
	}
	return true
}

// tuple returns libc, kernel and processor.
func tuple(arch string) [3]string {
	parts := strings.Split(arch, "-")
	missing := []string{"gnu", "linux"}
	if slices.Contains(parts, "any") {
		missing = []string{"any", "any"}
	}
	switch n := len(parts); {
	case n < 3:
		parts = append(missing[:3-n:3-n], parts...)
	case n > 3:
		parts = parts[n-3:]
	}
	return [3]string(parts)
}
