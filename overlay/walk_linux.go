package overlay

import (
	"iter"
	"path"
	"slices"
)

// ListOptions say which changes are listed.
type ListOptions struct {
	// All adds files of which the modification time alone has changed.
	All bool
	// Patterns select by path; nil is all. See [CheckPattern].
	Patterns []string
}

// Changes are what differs from the root in the order of paths: a directory
// comes before what is in it. Each file of a directory that was added or removed
// is a change of its own. It ends with the first error.
func (o *Overlay) Changes(opts ListOptions) iter.Seq2[Change, error] {
	return func(yield func(Change, error) bool) {
		selected, err := newSelection(opts.Patterns)
		if err != nil {
			yield(Change{}, err)
			return
		}
		b, err := o.loadBase()
		if err != nil {
			yield(Change{}, err)
			return
		}
		for c, err := range o.walk(b) {
			if err == nil && (!c.listed(opts.All) || !selected.match(c.Path)) {
				continue
			}
			if !yield(c, err) {
				return
			}
		}
	}
}

// listed tells whether it is a change: a time alone is none, unless asked for.
func (c *Change) listed(all bool) bool {
	if !all && c.Kind == Modified {
		c.Differs &^= Time
	}
	return c.Kind != 0 && (c.Kind != Modified || c.Differs != 0)
}

// walker compares the overlay with what lies below.
type walker struct {
	*Overlay
	base  base
	yield func(Change, error) bool
}

// walk yields each file of the overlay, and each that is hidden by it. What
// equals the file below has the kind 0.
func (o *Overlay) walk(b base) iter.Seq2[Change, error] {
	return func(yield func(Change, error) bool) {
		w := walker{o, b, yield}
		upper, low, err := o.roots()
		defer low.close()
		if err != nil {
			yield(Change{}, err)
			return
		}
		defer upper.dir.Close()
		w.dir("/", &node{place: upper}, &upper, low)
	}
}

func (o *Overlay) roots() (upper place, low stack, err error) {
	o.upper.forget()
	for _, l := range o.lowers {
		l.forget()
		p, err := l.top()
		if err != nil {
			return upper, low, err
		}
		low = append(low, p)
	}
	upper, err = o.upper.top()
	return upper, low, err
}

// top is the layer's topmost directory.
func (l *layer) top() (place, error) {
	dir, err := l.openHere(l.root, ".", "/")
	return place{layer: l, dir: dir, path: "/"}, l.wrap("/", err)
}

// dir compares a directory. up is nil if all that lies below is removed; is is
// up's node.
func (w *walker) dir(dir string, is *node, up *place, low stack) bool {
	names, err := w.names(is, up, low)
	if err != nil {
		return w.fail(err)
	}
	for _, name := range names {
		if !w.entry(dir, name, is, up, low) {
			return false
		}
	}
	return true
}

func (w *walker) fail(err error) bool {
	w.yield(Change{}, err)
	return false
}

// names are those to be looked at: what the overlay has, and what it hides.
func (w *walker) names(is *node, up *place, low stack) ([]string, error) {
	if up == nil {
		return low.names()
	}
	names, err := up.names()
	if err != nil {
		return nil, err
	}
	if is.opaque {
		hidden, err := low.names()
		if err != nil {
			return nil, err
		}
		names = append(names, hidden...)
	}
	names = append(names, up.split[up.path]...)
	slices.Sort(names)
	return slices.Compact(names), nil
}

// entry compares what is under a name.
func (w *walker) entry(dir, name string, is *node, up *place, low stack) bool {
	var u node
	if up != nil {
		var err error
		if u, err = up.look(name); err != nil {
			return w.fail(err)
		}
	}
	if u.silent {
		return true
	}
	l, sub, err := low.child(name)
	defer sub.close()
	if err != nil {
		return w.fail(err)
	}
	if u.stat == nil && l.stat == nil {
		return true // removed from both
	}
	c, err := w.compare(join(dir, name), &u, &l)
	if err != nil {
		return w.fail(err)
	}
	// What is in a directory that hides all below it hides all below it too.
	u.opaque = u.opaque || is != nil && is.opaque
	return w.yield(c, nil) && w.below(c, &u, sub)
}

// below goes on into a directory. Below one that is no directory in the overlay
// all is removed; below one that is none in the root all is added.
func (w *walker) below(c Change, u *node, sub stack) bool {
	if u.stat == nil || !u.stat.IsDir() {
		return len(sub) == 0 || w.dir(c.Path, nil, nil, sub)
	}
	up, err := u.open()
	if err != nil {
		return w.fail(err)
	}
	defer up.dir.Close()
	return w.dir(c.Path, u, &up, sub)
}

// compare tells what became of a file.
func (w *walker) compare(p string, u, l *node) (Change, error) {
	c := Change{Path: p, Old: l.stat, New: u.stat, oldLayer: l.layer}
	if u.stat != nil && w.untouched(p, u.stat) {
		return c, nil
	}
	if u.stat != nil {
		w.ownersFrom(u, l.stat)
	}
	var err error
	switch {
	case u.stat == nil:
		c.Kind = Removed
	case l.stat == nil:
		c.Kind = Added
	case u.stat.kind() != l.stat.kind():
		c.Kind = TypeChanged
	default:
		err = w.modified(&c, l.layer)
	}
	if c.Kind != 0 {
		c.Conflict = w.base.conflict(p, l.stat, w.info.Created)
	}
	return c, err
}

// untouched tells whether it is the copy that it was at the end of a run, and
// nothing was done to it since.
func (w *walker) untouched(path string, st *Stat) bool {
	line, known := w.base[path]
	return known && line.Same != nil && *line.Same == *copyOf(st)
}

func (w *walker) modified(c *Change, below *layer) error {
	c.Differs = differences(c.Old, c.New)
	if c.New.isRegular() {
		same, err := c.sameContent(w.upper, below)
		if err != nil {
			return err
		}
		if !same {
			c.Differs |= Content
		}
	}
	if c.Differs != 0 {
		c.Kind = Modified
	}
	return nil
}

func (c *Change) sameContent(upper, below *layer) (bool, error) {
	if c.Old.Size != c.New.Size || c.Old.Size == 0 {
		return c.Old.Size == c.New.Size, nil
	}
	return sameContent(upper.tree, below.tree, c.Path)
}

func parent(p string) string { return path.Dir(p) }
