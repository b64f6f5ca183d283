package fakeroot

import (
	"slices"
	"sync"
	"sync/atomic"
)

// State is what a fake root has noted. Its methods may be called concurrently.
type State struct {
	count   atomic.Int64 // of entries, for Len without the lock
	dropped atomic.Int64
	tell    func(Entry)

	mu       sync.RWMutex
	entries  map[inode]Entry
	journal  *journal // nil: kept in memory only
	warnings []error
}

// New is an empty state that is kept in memory only.
func New() *State { return &State{entries: map[inode]Entry{}} }

// OnDrop sets what is told each entry that is dropped because its inode is gone
// and another one has its number. It must be called before the state is used;
// tell is called without any lock held.
func (s *State) OnDrop(tell func(Entry)) { s.tell = tell }

// Dropped counts the entries dropped because another inode has their number.
func (s *State) Dropped() int { return int(s.dropped.Load()) }

// Len is the number of entries. It takes no lock.
func (s *State) Len() int { return int(s.count.Load()) }

// Get returns what is noted of the inode.
func (s *State) Get(id ID) (Entry, bool) {
	s.mu.RLock()
	e, ok := s.entries[id.inode()]
	s.mu.RUnlock()
	if !ok || e.ID == id || id.Birth == 0 {
		return e, ok
	}
	return s.settle(id)
}

// settle is Get where the birth times differ: it drops an entry that is not the
// inode's, and gives one that has no birth time that of the inode. What it
// cannot write is no error: the next one who reads the file finds the same.
func (s *State) settle(id ID) (Entry, bool) {
	s.mu.Lock()
	e, ok, stale := s.find(id)
	if ok && e.Birth != id.Birth {
		e.Birth = id.Birth
		if s.note(e) == nil {
			s.entries[id.inode()] = e
		}
	}
	s.mu.Unlock()
	s.report(stale)
	return e, ok
}

// find returns the entry of the inode, and as stale one that had its number and
// is dropped now. The lock must be held for writing.
func (s *State) find(id ID) (e Entry, ok bool, stale *Entry) {
	e, ok = s.entries[id.inode()]
	if !ok || e.same(id) {
		return e, ok, nil
	}
	gone := e
	_ = s.remove(gone.ID) // dropped again by the next one who reads it
	return Entry{}, false, &gone
}

func (s *State) report(stale *Entry) {
	if stale == nil {
		return
	}
	s.dropped.Add(1)
	if s.tell != nil {
		s.tell(*stale)
	}
}

// Update changes the entry of an inode, known or not, as one step. It is in the
// journal before Update returns; if that fails, nothing is changed. change must
// not use the state. An unknown inode that change leaves as it is, is not noted.
func (s *State) Update(id ID, change func(e *Entry, known bool)) error {
	s.mu.Lock()
	old, known, stale := s.find(id)
	if !known {
		old = Entry{ID: id}
	}
	e := old.clone()
	change(&e, known)
	e.ID = id.known(old.ID)
	var err error
	if !e.equal(old) {
		err = s.store(e)
	}
	s.mu.Unlock()
	s.report(stale)
	return err
}

// Put notes the entry, whatever was noted of its inode before.
func (s *State) Put(e Entry) error {
	e = e.clone()
	s.mu.Lock()
	old, known, stale := s.find(e.ID)
	e.ID = e.ID.known(old.ID)
	var err error
	if !known || !e.equal(old) {
		err = s.store(e)
	}
	s.mu.Unlock()
	s.report(stale)
	return err
}

// store notes the entry in the journal, then here. The lock must be held.
func (s *State) store(e Entry) error {
	if err := s.note(e); err != nil {
		return err
	}
	s.set(e)
	return nil
}

// set is store without the journal.
func (s *State) set(e Entry) {
	s.entries[e.inode()] = e
	s.count.Store(int64(len(s.entries)))
}

// Delete forgets the inode. One that is not known is no error.
func (s *State) Delete(id ID) error {
	s.mu.Lock()
	_, ok, stale := s.find(id)
	var err error
	if ok {
		err = s.remove(id)
	}
	s.mu.Unlock()
	s.report(stale)
	return err
}

// remove forgets the entry even if the journal cannot be written: it would be
// wrong to go on with it.
func (s *State) remove(id ID) error {
	delete(s.entries, id.inode())
	s.count.Store(int64(len(s.entries)))
	return s.noteRemoval(id)
}

// Entries returns all, sorted by device and inode.
func (s *State) Entries() []Entry {
	s.mu.RLock()
	all := make([]Entry, 0, len(s.entries))
	for _, e := range s.entries {
		all = append(all, e)
	}
	s.mu.RUnlock()
	slices.SortFunc(all, compare)
	return all
}
