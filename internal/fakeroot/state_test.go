package fakeroot

import (
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestBirthTime(t *testing.T) {
	for _, test := range []struct {
		name         string
		noted, asked int64
		found        bool
		birth        int64 // afterwards
	}{
		{"same", 5, 5, true, 5},
		{"not asked", 5, 0, true, 5},
		{"not noted: learned", 0, 5, true, 5},
		{"neither", 0, 0, true, 0},
		{"another inode", 5, 6, false, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := New()
			var told []Entry
			s.OnDrop(func(e Entry) { told = append(told, e); s.Len() })
			noted := Entry{ID: ID{1, 2, test.noted}, Mode: 0o100644, UID: 3}
			must(t, s.Put(noted))
			e, ok := s.Get(ID{1, 2, test.asked})
			if ok != test.found || e.Birth != test.birth {
				t.Errorf("got %+v, %v", e, ok)
			}
			var want []Entry
			if !test.found {
				want = []Entry{noted}
			}
			if diff := cmp.Diff(want, told); diff != "" {
				t.Errorf("told (-want +got):\n%s", diff)
			}
			if s.Dropped() != len(want) || s.Len() != 1-len(want) {
				t.Errorf("%d dropped, %d left", s.Dropped(), s.Len())
			}
			if all := s.Entries(); test.found && all[0].Birth != test.birth {
				t.Errorf("the state has %+v", all)
			}
		})
	}
}

// TestEveryChangeSeesTheBirthTime is TestBirthTime for what is not Get.
func TestEveryChangeSeesTheBirthTime(t *testing.T) {
	now := ID{1, 2, 6}
	for name, test := range map[string]struct {
		change func(*State) error
		want   []Entry
	}{
		"Update": {
			func(s *State) error {
				return s.Update(now, func(e *Entry, known bool) {
					if known || e.UID != 0 {
						t.Errorf("Update was given %+v, %v", *e, known)
					}
					e.GID = 7
				})
			},
			[]Entry{{ID: now, GID: 7}},
		},
		"Put":    {func(s *State) error { return s.Put(Entry{ID: now, GID: 7}) }, []Entry{{ID: now, GID: 7}}},
		"Delete": {func(s *State) error { return s.Delete(now) }, []Entry{}},
	} {
		s := New()
		must(t, s.Put(Entry{ID: ID{1, 2, 5}, UID: 3}))
		must(t, test.change(s))
		if diff := cmp.Diff(test.want, s.Entries()); diff != "" || s.Dropped() != 1 {
			t.Errorf("%s: %d dropped (-want +got):\n%s", name, s.Dropped(), diff)
		}
	}
}

func TestUpdate(t *testing.T) {
	s := New()
	id := ID{Dev: 1, Ino: 2}
	must(t, s.Update(id, func(e *Entry, known bool) {}))
	if s.Len() != 0 {
		t.Error("noted though nothing was changed")
	}
	must(t, s.Update(id, func(e *Entry, known bool) {
		if known || e.ID != id {
			t.Errorf("given %+v, %v", *e, known)
		}
		e.UID, e.Dev = 3, 9
	}))
	must(t, s.Update(ID{1, 2, 5}, func(e *Entry, known bool) {
		if !known || e.UID != 3 {
			t.Errorf("given %+v, %v", *e, known)
		}
		e.GID = 4
	}))
	want := []Entry{{ID: ID{1, 2, 5}, UID: 3, GID: 4}}
	if diff := cmp.Diff(want, s.Entries()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	must(t, s.Update(id, func(e *Entry, _ bool) { e.Xattrs = map[string][]byte{"user.a": nil} }))
	must(t, s.Update(id, func(e *Entry, _ bool) { e.Xattrs["user.a"] = []byte{} }))
	want[0].Xattrs = map[string][]byte{"user.a": {}} // empty, not removed; the birth time is kept
	if diff := cmp.Diff(want, s.Entries()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	must(t, s.Delete(id))
	must(t, s.Delete(id))
	if _, ok := s.Get(id); ok || s.Len() != 0 {
		t.Error("still there")
	}
}

func TestWhatWasReadDoesNotChange(t *testing.T) {
	s := New()
	id := ID{Dev: 1, Ino: 2}
	given := map[string][]byte{"user.a": []byte("1")}
	must(t, s.Put(Entry{ID: id, Xattrs: given}))
	given["user.b"] = nil
	before, _ := s.Get(id)
	must(t, s.Update(id, func(e *Entry, _ bool) { delete(e.Xattrs, "user.a") }))
	if diff := cmp.Diff(map[string][]byte{"user.a": []byte("1")}, before.Xattrs); diff != "" {
		t.Errorf("read before (-want +got):\n%s", diff)
	}
	if after, _ := s.Get(id); len(after.Xattrs) != 0 {
		t.Errorf("read after: %v", after.Xattrs)
	}
}

func TestEntriesAreSorted(t *testing.T) {
	s := New()
	for _, id := range []ID{{2, 1, 0}, {1, 3, 0}, {1, 20, 0}, {0, 9, 0}} {
		must(t, s.Put(Entry{ID: id}))
	}
	var got []ID
	for _, e := range s.Entries() {
		got = append(got, e.ID)
	}
	if diff := cmp.Diff([]ID{{0, 9, 0}, {1, 3, 0}, {1, 20, 0}, {2, 1, 0}}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestGetDoesNotAllocate(t *testing.T) {
	s := New()
	id := ID{1, 2, 3}
	must(t, s.Put(Entry{ID: id, Xattrs: map[string][]byte{"user.a": nil}}))
	if n := testing.AllocsPerRun(100, func() { s.Get(id); s.Get(ID{Dev: 4}) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestConcurrentUpdatesAreSteps(t *testing.T) {
	s := New()
	id := ID{Dev: 1, Ino: 2}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 100 {
				s.Get(ID{1, 2, 7})
				if err := s.Update(id, func(e *Entry, _ bool) { e.Nlink++ }); err != nil {
					t.Error(err)
				}
				s.Entries()
			}
		})
	}
	wg.Wait()
	if e, _ := s.Get(id); e.Nlink != 800 {
		t.Errorf("%d updates of 800", e.Nlink)
	}
}

func TestClean(t *testing.T) {
	s := New()
	now := map[string]ID{"/kept": {1, 1, 5}, "/replaced": {1, 20, 5}, "/reborn": {1, 3, 6}, "/learned": {1, 5, 8}}
	for _, e := range []Entry{
		{ID: ID{1, 1, 5}, Path: "/kept"}, {ID: ID{1, 2, 5}, Path: "/replaced"}, {ID: ID{1, 3, 5}, Path: "/reborn"},
		{ID: ID{1, 4, 5}, Path: "/gone\n"}, {ID: ID{1, 5, 0}, Path: "/learned"}, {ID: ID{1, 6, 5}},
	} {
		must(t, s.Put(e))
	}
	gone, err := s.Clean(func(e Entry) (ID, bool) {
		id, ok := now[e.Path]
		return id, ok
	})
	must(t, err)
	const want = `dropped 3 entries whose files are gone or replaced: "/gone\n", /reborn, /replaced`
	if gone.String() != want || s.Len() != 3 {
		t.Errorf("%d left, %s", s.Len(), gone)
	}
	many := append(append(gone, gone...), gone...).String()
	if diff := cmp.Diff(`dropped 9 entries whose files are gone or replaced: "/gone\n", /reborn, /replaced, "/gone\n", /reborn, ...`, many); diff != "" {
		t.Error(diff)
	}
}

func BenchmarkGet(b *testing.B) {
	s := New()
	for i := range uint64(10000) {
		must(b, s.Put(Entry{ID: ID{1, i, 3}}))
	}
	for i := 0; b.Loop(); i++ {
		s.Get(ID{1, uint64(i % 10000), 3})
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
