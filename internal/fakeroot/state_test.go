package fakeroot

import (
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
			s.OnDrop(func(e Entry) { told = append(told, e) })
			noted := Entry{ID: ID{1, 2, test.noted}, Mode: 0o100644, UID: 3}
			if err := s.Put(noted); err != nil {
				t.Fatal(err)
			}
			e, ok := s.Get(ID{1, 2, test.asked})
			if ok != test.found || e.Birth != test.birth {
				t.Errorf("got %+v, %v", e, ok)
			}
			if !test.found {
				if diff := cmp.Diff([]Entry{noted}, told); diff != "" {
					t.Errorf("told (-want +got):\n%s", diff)
				}
			}
			if want := len(told); s.Dropped() != want || s.Len() != 1-want {
				t.Errorf("%d dropped, %d left, %d told", s.Dropped(), s.Len(), want)
			}
			if all := s.Entries(); test.found && all[0].Birth != test.birth {
				t.Errorf("the state has %+v", all)
			}
		})
	}
}
