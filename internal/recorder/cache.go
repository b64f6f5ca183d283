package recorder

import (
	"path"

	"github.com/catbox-go/catbox/internal/paths"
	"github.com/catbox-go/catbox/internal/target"
)

// Lookup is a path as it is looked up: from where, and whether its last symbolic
// link is followed.
type Lookup struct {
	Base, Path string
	Follow     bool
}

// cache keeps where lookups lead that go through directories which the run does
// not change. A change is seen before it happens, so nothing can be kept of a
// directory that was ever changed; what somebody outside changes is not seen.
type cache struct {
	found   map[Lookup]target.Found
	changed map[string]bool // directories
	moved   []string        // directories that came or went with all that is below
	off     bool
}

const (
	cached   = 1 << 17 // how many lookups are kept
	maxMoved = 64      // moved directories, before nothing is kept any more
)

// Found returns where a lookup leads if that is known.
func (r *Recorder) Found(l Lookup) (target.Found, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f, ok := r.cache.found[l]
	return f, ok && r.cache.stands(f)
}

// Keep keeps where a lookup leads.
func (r *Recorder) Keep(l Lookup, f target.Found) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.cache.stands(f) {
		return
	}
	if len(r.cache.found) >= cached {
		clear(r.cache.found)
	}
	r.cache.found[l] = f
}

func (c *cache) stands(f target.Found) bool {
	for _, hop := range f.Links {
		if c.isChanged(hop.Path) {
			return false
		}
	}
	return !c.isChanged(f.Canonical)
}

// change notes that a name comes or goes.
func (c *cache) change(name string) { c.changed[path.Dir(name)] = true }

// move notes that a directory comes or goes with what is in it.
func (c *cache) move(dir string) {
	c.off = c.off || len(c.moved) >= maxMoved
	c.moved = append(c.moved, dir)
}

func (c *cache) isChanged(name string) bool {
	return c.off || c.changed[path.Dir(name)] || len(c.moved) > 0 && paths.UnderAny(name, c.moved)
}
