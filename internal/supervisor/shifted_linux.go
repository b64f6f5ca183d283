package supervisor

import (
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/catbox-go/catbox/internal/abi"
	"github.com/catbox-go/catbox/internal/paths"
	"github.com/catbox-go/catbox/internal/target"
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

// moved has both names of a rename count: which of them there is shows at the end.
func (s *shifted) moved(from, to string) {
	s.mu.Lock()
	defer s.mu.Unlock()
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

// Shift says that a file belongs to another on disk from the start.
func (f *FakeRoot) Shift(path string) { f.shifted.add(path) }

// shifts remembers the file of a call that changes its owner.
func (r *receiver) shifts(h *held) {
	var path string
	if list := h.row.Paths(); len(list) > 0 && !h.namesDescriptor(list[0]) {
		path, _ = r.canonicalOf(h, list[0])
	} else {
		fd := h.row.Arg(abi.FD)
		if fd < 0 {
			fd = list[0].Dir
		}
		place, _ := r.s.view.Resolve(target.Lookup{Thread: h.thread, Dir: h.fd(fd), Empty: true})
		path = place.Canonical
	}
	if strings.HasPrefix(path, "/") {
		r.s.Fake.shifted.add(path)
	}
}

// becomesOther remembers that a process may not be root any more.
func (r *receiver) becomesOther() Answer {
	s := &r.s.Fake.shifted
	s.mu.Lock()
	s.dropped = true
	s.mu.Unlock()
	return Continue() // wall: the ids are those of the run's own namespace
}
