package recorder

import (
	"path"
	"sync"

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
	mu      sync.Mutex
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
	c := &r.cache
	c.mu.Lock()
	defer c.mu.Unlock()
	f, ok := c.found[l]
	return f, ok && c.stands(f)
}

// Keep keeps where a lookup leads.
func (r *Recorder) Keep(l Lookup, f target.Found) {
	c := &r.cache
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.stands(f) {
		return
	}
	if len(c.found) >= cached {
		clear(c.found)
	}
	c.found[l] = f
}

func (c *cache) stands(f target.Found) bool {
	for _, hop := range f.Links {
		if c.differs(hop.Path) {
			return false
		}
	}
	return !c.differs(f.Canonical)
}

// change notes that a name comes or goes.
func (c *cache) change(name string) { c.changeIn(path.Dir(name)) }

// changeIn notes that names in the directory come or go.
func (c *cache) changeIn(dir string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.changed[dir] = true
}

// move notes that a directory comes or goes with what is in it.
func (c *cache) move(dir string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.off = c.off || len(c.moved) >= maxMoved
	c.moved = append(c.moved, dir)
}

func (c *cache) isChanged(name string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.differs(name)
}

func (c *cache) differs(name string) bool {
	return c.off || c.changed[path.Dir(name)] || len(c.moved) > 0 && paths.UnderAny(name, c.moved)
}
