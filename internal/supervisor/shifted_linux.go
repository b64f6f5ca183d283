package supervisor

import (
	"maps"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/fakeroot"
	"github.com/catbox-go/catbox/internal/paths"
)

// shifted are the files that were given to others on disk, by path.
type shifted struct {
	mu      sync.Mutex
	places  map[string]bool
	dropped bool // a process became somebody else, and may have made files anywhere
}

func (s *shifted) empty() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.places) == 0
}

func (s *shifted) add(path string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.places == nil {
		s.places = map[string]bool{}
	}
	s.places[path] = true
}

// anywhere says that files below the working directory may belong to others.
func (s *shifted) anywhere() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dropped = true
}

// moved has both names of a rename count: which of them there is shows at the end.
func (s *shifted) moved(from, to string, isDir bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !isDir {
		if s.places[from] {
			s.places[to] = true
		}
		return
	}
	for path := range maps.Clone(s.places) {
		if paths.Under(path, from) {
			s.places[to+strings.TrimPrefix(path, from)] = true
		}
	}
}

// Shifted are the places below which files may belong to others than the user.
// dir is the command's working directory.
func (f *FakeRoot) Shifted(dir string) []string {
	f.shifted.mu.Lock()
	defer f.shifted.mu.Unlock()
	places := slices.Collect(maps.Keys(f.shifted.places))
	if f.shifted.dropped {
		places = append(places, dir)
	}
	return paths.Topmost(places)
}

// Give says that a noted file, which the run has at path, has its owner on disk.
func (f *FakeRoot) Give(e fakeroot.Entry, path string) {
	f.given.Store(FileID{e.Dev, e.Ino}, e.ID)
	f.shifted.add(path)
}

func (f *FakeRoot) isGiven(id fakeroot.ID) bool {
	given, ok := f.given.Load(FileID{id.Dev, id.Ino})
	return ok && given == id
}

// asOnDisk is the entry of a file that has its owner on disk, with all else that is there.
func (f *FakeRoot) asOnDisk(st *unix.Statx_t, e fakeroot.Entry) fakeroot.Entry {
	real := f.entryOf(st)
	real.Path, real.Links, real.Xattrs = e.Path, e.Links, e.Trusted()
	return real
}

// takeGiven forgets a file that is removed.
func (f *FakeRoot) takeGiven(id fakeroot.ID) {
	if f.isGiven(id) {
		f.given.Delete(FileID{id.Dev, id.Ino})
		_ = f.State.Delete(id)
	}
}

// loses forgets a name of a file that has others. If they are not known, they may
// be anywhere.
func (f *FakeRoot) loses(id fakeroot.ID, path string) {
	if !f.isGiven(id) {
		return
	}
	_ = f.State.Update(id, func(e *fakeroot.Entry, _ bool) { e.RemoveName(f.onHost(path)) })
	if e, _ := f.State.Get(id); e.Path == "" {
		f.shifted.anywhere()
	}
}

// trustedOf are the noted attributes of a file that has its owner on disk: those
// that the kernel does not have.
func (f *FakeRoot) trustedOf(st *unix.Statx_t) map[string][]byte {
	if !f.ownIDs() {
		return nil
	}
	e, known := f.State.Get(f.idOf(st))
	if !known {
		return nil
	}
	return e.Trusted()
}

// Given are the files that have their owners on disk and are noted all the same.
func (f *FakeRoot) Given() []fakeroot.ID {
	var ids []fakeroot.ID
	f.given.Range(func(_, id any) bool {
		ids = append(ids, id.(fakeroot.ID))
		return true
	})
	return ids
}

// shifts remembers a file whose owner or mode is changed, and notes what it
// becomes: if nobody lives to take it back, it is not forgotten.
func (r *receiver) shifts(s subject, change func(*fakeroot.Entry)) {
	if !s.found {
		return
	}
	if path := r.pathOf(s); path != "" {
		r.s.Fake.shift(&s.st, path, change)
	}
}

func (f *FakeRoot) shift(st *unix.Statx_t, path string, change func(*fakeroot.Entry)) {
	if st.Nlink == 0 { // it dies with the run, or gets a name that is not seen
		f.shifted.anywhere()
		return
	}
	f.noting.Lock()
	defer f.noting.Unlock()
	f.left(f.idOf(st))
	was, _ := f.State.Get(f.idOf(st))
	e := f.asOnDisk(st, was)
	e.Rename("", f.onHost(path))
	change(&e)
	f.Give(e, path)
	_ = f.State.Put(e) // if it cannot be written, it is only not there after a kill
}

// becomesOther remembers that a process may not be root any more.
func (r *receiver) becomesOther() Answer {
	r.s.Fake.shifted.anywhere()
	return Continue() // wall: the ids are those of the run's own namespace
}
