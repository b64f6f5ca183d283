package overlay

import (
	"slices"
	"time"
)

// committed are the steps that were done.
type committed []*operation

// has tells whether a path was committed, with all that is known of it.
func (ops committed) has() func(p string) bool {
	at := map[string]*operation{}
	for _, op := range ops {
		at[string(op.Path)] = op
	}
	return func(p string) bool {
		if at[p] != nil {
			return true
		}
		for p = parent(p); p != "/"; p = parent(p) {
			if op := at[p]; op != nil && op.Do != attrs {
				return true
			}
		}
		return false
	}
}

// touched are the inodes that have a new ctime by what was done.
func (ops committed) touched() map[uint64]bool {
	touched := map[uint64]bool{}
	for _, op := range ops {
		touched[op.Ino] = true
		for _, ino := range op.Links {
			touched[ino] = true
		}
	}
	return touched
}

// leaver takes out of the overlay what the root has too.
type leaver struct {
	walker
	done  func(string) bool
	whole map[string]bool     // paths of which nothing is left out
	split map[string][]string // as it is afterwards
}

// leave removes what was committed from the overlay, and what has no meaning
// then. It looks at what is there only, so that it can be done again.
func (o *Overlay) leave(ops committed) error {
	b, err := o.loadBase()
	if err != nil {
		return err
	}
	l := leaver{walker{o, b, nil}, ops.has(), map[string]bool{}, map[string][]string{}}
	for _, op := range ops {
		l.whole[string(op.Path)] = op.Whole
	}
	for path := range b {
		if l.done(path) {
			delete(b, path)
		}
	}
	upper, low, err := o.roots()
	defer low.close()
	if err != nil {
		return err
	}
	defer upper.dir.Close()
	if _, err := l.dir(&node{place: upper}, upper, low); err != nil {
		return err
	}
	if len(o.upper.split) > 0 {
		if err := o.SetSplit(l.split); err != nil {
			return err
		}
	}
	return o.rebase(b, l.done, ops)
}

// dir cleans a directory and tells whether something is left in it.
func (l *leaver) dir(is *node, up place, low stack) (left bool, err error) {
	if is.opaque {
		return l.opaque(is, up, low)
	}
	names, err := l.names(is, &up, low)
	if err != nil {
		return true, err
	}
	_, splits := up.split[up.path]
	if splits {
		l.split[up.path] = []string{}
	}
	for _, name := range names {
		stays, err := l.entry(up, low, name)
		if err != nil {
			return true, err
		}
		left = left || stays
	}
	return left || splits, nil
}

// opaque keeps a directory as it is as long as it hides anything: a file that
// left it would be gone.
func (l *leaver) opaque(is *node, up place, low stack) (left bool, err error) {
	w := walker{l.Overlay, l.base, func(c Change, e error) bool {
		err = e
		left = left || c.listed(true) && !(l.done(c.Path) && c.New != nil && c.Old != nil)
		return e == nil && !left
	}}
	w.dir(up.path, is, &up, low)
	return left || err != nil, err
}

// entry removes a name if it says nothing any more.
func (l *leaver) entry(up place, low stack, name string) (stays bool, err error) {
	names, inSplit := l.split[up.path]
	if !inSplit && l.whole[join(up.path, name)] {
		return false, l.removeIf(true, node{place: up, name: name})
	}
	u, err := up.look(name)
	if err != nil || u.silent {
		return err != nil, err
	}
	below, sub, err := low.child(name)
	defer sub.close()
	if err != nil {
		return true, err
	}
	if u.stat == nil {
		if below.stat != nil && inSplit {
			l.split[up.path] = append(names, name)
		}
		return below.stat != nil, l.removeIf(below.stat == nil && u.gone && !inSplit, u)
	}
	stays, err = l.stays(&u, &below, sub)
	if err != nil {
		return true, err
	}
	if inSplit {
		// A new name that was committed is one of those that are there.
		if slices.Contains(up.split[up.path], name) || !stays {
			l.split[up.path] = append(names, name)
		}
		return true, nil
	}
	return stays, l.removeIf(!stays, u)
}

func (l *leaver) removeIf(does bool, u node) error {
	if !does {
		return nil
	}
	return u.wrap(join(u.path, u.name), writable(u.dir, func() error { return removeTree(int(u.dir.Fd()), u.name) }))
}

// stays tells whether a file is not the same as below.
func (l *leaver) stays(u, below *node, sub stack) (bool, error) {
	path := join(u.path, u.name)
	differs, err := l.differs(path, u, below)
	if err != nil || below.stat == nil || !u.stat.IsDir() || !below.stat.IsDir() {
		return differs, err
	}
	up, err := u.open()
	if err != nil {
		return true, err
	}
	defer up.dir.Close()
	left, err := l.dir(u, up, sub)
	return left || differs, err
}

func (l *leaver) differs(path string, u, below *node) (bool, error) {
	if l.done(path) && below.stat != nil && below.stat.kind() == u.stat.kind() {
		return false, nil
	}
	c, err := l.compare(path, u, below)
	return c.listed(true), err
}

// rebase drops the lines of what left the overlay. Those of what is left, and
// was a hard link to a file that was exchanged, have a new ctime by that.
func (o *Overlay) rebase(b base, done func(string) bool, ops committed) error {
	touched := ops.touched()
	kept := base{}
	for c, err := range o.walk(b) {
		if err != nil {
			return err
		}
		line, known := b[c.Path]
		switch {
		case done(c.Path):
			kept[c.Path] = settled(c, time.Now())
		case known:
			kept[c.Path] = line.relinked(c.Old, touched)
		}
	}
	ops.closed(kept)
	return o.saveBase(kept)
}

// closed notes the modes that directories get last of all, see closeDirs.
func (ops committed) closed(b base) {
	for _, op := range ops {
		if line, known := b[string(op.Path)]; known && op.Do == attrs {
			line.Mode = op.Want.Mode
			b[string(op.Path)] = line
		}
	}
}

// restored notes the new ctime of files that were moved aside and back: that is
// no conflict.
func (o *Overlay) restored(ops committed) error {
	b, err := o.loadBase()
	if err != nil {
		return err
	}
	for _, op := range ops {
		st, err := o.root().stat(string(op.Path))
		if err != nil || st.id.Ino != op.Ino {
			continue // not as it was left: a conflict that stays one
		}
		if _, known := b[string(op.Path)]; !known {
			b[string(op.Path)] = describe(string(op.Path), st)
		}
	}
	touched := ops.touched()
	for path, line := range b {
		if touched[line.Ino] {
			st, _ := o.root().stat(path) // nil if it is gone, which is a conflict
			b[path] = line.relinked(st, touched)
		}
	}
	return o.saveBase(b)
}

func (b below) relinked(st *Stat, touched map[uint64]bool) below {
	if st == nil || !touched[b.Ino] {
		return b
	}
	now := b
	now.Ctime = st.ctime.UnixNano()
	if now.changed(describe(string(b.Path), st)) != "" {
		return b
	}
	return now
}
