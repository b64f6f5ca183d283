package report

import "strings"

// PathID is a path's index in Paths.
type PathID int32

// NoPath is no path.
const NoPath PathID = -1

// Paths holds each path once, with every directory above it, so that the tree
// can be walked. A parent has a lower number than what is in it.
type Paths struct {
	full    []string
	parent  []PathID
	child   []PathID // the newest child of each
	sibling []PathID // the next older child of the parent
	ids     map[string]PathID
}

func newPaths() *Paths { return &Paths{ids: map[string]PathID{}} }

// Len is how many there are.
func (p *Paths) Len() int { return len(p.full) }

// Path returns the path of an id.
func (p *Paths) Path(id PathID) string {
	if id < 0 {
		return ""
	}
	return p.full[id]
}

// Parent returns the directory of a path, NoPath for the top.
func (p *Paths) Parent(id PathID) PathID { return p.parent[id] }

// Name is the path's last component. A path is its parent's, a slash, and its name.
func (p *Paths) Name(id PathID) string {
	if p.parent[id] < 0 {
		return p.full[id]
	}
	return p.full[id][len(p.full[p.parent[id]])+1:]
}

// Find returns a path's number, NoPath if it is not there.
func (p *Paths) Find(path string) PathID {
	if id, ok := p.ids[path]; ok {
		return id
	}
	return NoPath
}

func (p *Paths) add(path string) PathID {
	if id, ok := p.ids[path]; ok {
		return id
	}
	parent := NoPath
	if slash := strings.LastIndexByte(path, '/'); slash >= 0 {
		parent = p.add(path[:slash])
	}
	id := PathID(len(p.full))
	p.ids[path] = id
	p.full, p.parent = append(p.full, path), append(p.parent, parent)
	p.child, p.sibling = append(p.child, NoPath), append(p.sibling, NoPath)
	if parent >= 0 {
		p.sibling[id], p.child[parent] = p.child[parent], id
	}
	return id
}

// below calls f for everything below a path, itself not.
func (p *Paths) below(id PathID, f func(PathID)) {
	for c := p.child[id]; c >= 0; c = p.sibling[c] {
		f(c)
		p.below(c, f)
	}
}
