// Package paths compares canonical paths as text: which lies below which, and
// reads them where they are escaped. It
// looks at no file system.
package paths

import (
	"slices"
	"strings"
)

// Under tells whether path is dir or below it.
func Under(path, dir string) bool {
	rest, ok := strings.CutPrefix(path, dir)
	return ok && (rest == "" || rest[0] == '/' || dir == "/")
}

// UnderAny tells whether path is one of dirs or below one.
func UnderAny(path string, dirs []string) bool {
	return slices.ContainsFunc(dirs, func(dir string) bool { return Under(path, dir) })
}

// Covered tells whether another of dirs, being above, brings path along.
func Covered(path string, dirs []string) bool {
	return slices.ContainsFunc(dirs, func(dir string) bool { return dir != path && Under(path, dir) })
}

// Topmost drops what is below another of the paths, and sorts the rest so that a
// directory comes before its neighbours' names.
func Topmost(all []string) []string {
	sorted := slices.Clone(all)
	slices.SortFunc(sorted, compare)
	var top []string
	for _, path := range sorted {
		if len(top) == 0 || !Under(path, top[len(top)-1]) {
			top = append(top, path)
		}
	}
	return top
}

// compare has what is below a path follow it at once: a slash comes first.
func compare(a, b string) int {
	return strings.Compare(strings.ReplaceAll(a, "/", "\x00"), strings.ReplaceAll(b, "/", "\x00"))
}
