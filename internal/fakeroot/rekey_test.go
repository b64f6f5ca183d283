package fakeroot

import "testing"

func TestRekey(t *testing.T) {
	s := New()
	for ino := range uint64(4) {
		if err := s.Put(Entry{ID: ID{Dev: 1, Ino: ino}, Mode: 0o100644, UID: uint32(ino), Nlink: 1}); err != nil {
			t.Fatal(err)
		}
	}
	// One moves onto the number of another that moves too, one is not known, one stays.
	to := map[uint64]ID{0: {Dev: 1, Ino: 1}, 1: {Dev: 2, Ino: 9}, 3: {Dev: 1, Ino: 3}}
	err := s.Rekey(func(e *Entry) {
		if id, ok := to[uint64(e.UID)]; ok {
			e.ID = id
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	for owner, id := range map[uint32]ID{0: {Dev: 1, Ino: 1}, 1: {Dev: 2, Ino: 9}, 2: {Dev: 1, Ino: 2}, 3: {Dev: 1, Ino: 3}} {
		if e, ok := s.Get(id); !ok || e.UID != owner {
			t.Errorf("%v: %+v, %v, want owner %d", id, e, ok, owner)
		}
	}
	if s.Len() != 4 {
		t.Errorf("%d entries", s.Len())
	}
}
