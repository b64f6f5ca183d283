package report

import (
	"slices"
	"strings"
)

// secret tells that a variable may hold what others must not see. Reports are
// shown around; a record has the value.
func secret(name string) bool {
	name = strings.ToUpper(name)
	return slices.ContainsFunc([]string{"TOKEN", "SECRET", "PASS", "KEY", "AUTH", "CREDENTIAL", "COOKIE", "PRIVATE"},
		func(word string) bool { return strings.Contains(name, word) })
}

// environment is that of the command, by variable.
func (r *Run) environment() map[string]string {
	env := map[string]string{}
	if len(r.Images) == 0 {
		return env
	}
	for _, pair := range r.Images[0].Env {
		name, value, _ := strings.Cut(pair, "=")
		env[name] = value
	}
	return env
}

// environments are the variables that differ.
func environments(a, b *Run) []Change {
	one, other := a.environment(), b.environment()
	var all []Change
	for name, value := range one {
		if now, still := other[name]; !still {
			all = append(all, Change{Visible(name), a.shown(name, value), ""})
		} else if a.inside(value) != b.inside(now) {
			all = append(all, Change{Visible(name), a.shown(name, value), b.shown(name, now)})
		}
	}
	for name, value := range other {
		if _, before := one[name]; !before {
			all = append(all, Change{Visible(name), "", b.shown(name, value)})
		}
	}
	slices.SortFunc(all, func(a, b Change) int { return strings.Compare(a.Name, b.Name) })
	return all
}

func (r *Run) shown(name, value string) string {
	if secret(name) {
		return "(not shown)"
	}
	return VisibleArg(value)
}
