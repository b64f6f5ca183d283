package deps

import (
	"path"
	"slices"
	"strings"
)

// packaged are the files that a build is run for, where it makes any.
var packaged = []string{"*.deb", "*.udeb", "*.rpm", "*.apk", "*.pisi", "*.pkg.tar.*"}

// differing are the names of what is not in both, or not the same.
func differing(x, y map[string]string) []string {
	var names []string
	for name, content := range x {
		if other, there := y[name]; !there || other != content {
			names = append(names, name)
		}
	}
	for name := range y {
		if _, there := x[name]; !there {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// results are the files to compare: of what is the same in every build that which
// matters. Where packages differ in any two builds, what they are made of is compared instead.
func (v *verification) results() []string {
	if len(v.how.Results) > 0 {
		return v.matching(v.how.Results)
	}
	if found := v.matching(packaged); len(found) > 0 {
		v.how.Results = packaged
		return found
	}
	return v.matching(nil)
}

// matching are the files of the reference that match one of the patterns, or all.
func (v *verification) matching(patterns []string) []string {
	names := []string{}
	for name := range v.reference {
		if !v.varies[name] && (patterns == nil || matches(name, patterns)) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// extra tells that a file that only a build without a package has would be a result.
func (v *verification) extra(name string) bool {
	if _, known := v.reference[name]; known {
		return false
	}
	return len(v.how.Results) == 0 || matches(name, v.how.Results)
}

func matches(name string, patterns []string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		part := name
		if !strings.Contains(pattern, "/") {
			part = path.Base(name)
		}
		ok, _ := path.Match(pattern, part)
		return ok
	})
}
