package overlay

import (
	"fmt"
	"path"
	"strings"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/catbox-go/catbox/record"
)

// selection are the paths that patterns select; nil is all.
type selection []string

// CheckPattern tells whether a pattern can be used: that of a path from the
// root, with * and ? for all but a slash, [class], {a,b}, and ** for any
// directories. A leading slash may be left out. A pattern that matches a
// directory selects all that is below it.
func CheckPattern(pattern string) error {
	_, err := newSelection([]string{pattern})
	return err
}

func newSelection(patterns []string) (selection, error) {
	var s selection
	for _, p := range patterns {
		if p == "" || !doublestar.ValidatePattern(p) {
			return nil, fmt.Errorf("pattern %s: want a path with *, ?, [class], {a,b} or **", record.Quote(p))
		}
		s = append(s, path.Clean("/"+strings.TrimPrefix(p, "./")))
	}
	return s, nil
}

// match tells whether the path, or a directory on the way to it, is selected.
func (s selection) match(p string) bool {
	if s == nil {
		return true
	}
	for ; ; p = parent(p) {
		for _, pattern := range s {
			if doublestar.MatchUnvalidated(pattern, p) {
				return true
			}
		}
		if p == "/" {
			return false
		}
	}
}
