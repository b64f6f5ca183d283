package unpack

import (
	"fmt"
	"path"
	"strings"
)

// pathMax is PATH_MAX of limits.h, less the NUL.
const pathMax = 4095

// clean turns a name of an archive into a path below the tree, or says what is
// wrong with it. "." is the tree itself.
func (t *Tree) clean(name string) (string, error) {
	switch {
	case name == "":
		return "", fmt.Errorf("an entry has no name")
	case strings.IndexByte(name, 0) >= 0:
		return "", fmt.Errorf("entry %q: a name can't hold a NUL byte", name)
	case len(name) > pathMax:
		return "", fmt.Errorf("entry %.40q...: the name has %d bytes, more than PATH_MAX (%d)", name, len(name), pathMax)
	case name[0] == '/' && !t.opts.AbsoluteNames:
		return "", fmt.Errorf("entry %q: the name is absolute; names in an archive are relative to its root", name)
	}
	for part := range strings.SplitSeq(name, "/") {
		if part == ".." {
			return "", fmt.Errorf("entry %q: the name has a .. component, which could lead out of the image", name)
		}
	}
	p := path.Clean(strings.TrimLeft(name, "/"))
	if strings.Count(p, "/")+1 > t.limits.Depth {
		return "", fmt.Errorf("entry %.40q...: %w", name, &LimitError{"depth", int64(t.limits.Depth)})
	}
	return p, nil
}

// mapped is clean after the layer's Name.
func (a *adding) mapped(name string) (string, bool, error) {
	p, err := a.clean(name)
	if err != nil || a.Name == nil {
		return p, true, err
	}
	p, ok, err := a.Name(p)
	if err != nil {
		return "", false, fmt.Errorf("entry %q: %w", name, err)
	}
	return p, ok, nil
}
