package fakeroot

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestNames(t *testing.T) {
	e := Entry{Nlink: 3, Mode: 0o100644}
	for i, step := range []struct {
		do   func()
		want []string
	}{
		{func() {}, nil},
		{func() { e.AddName("/c") }, []string{"/c"}},
		{func() { e.AddName("/b"); e.AddName("/a"); e.AddName("/b") }, []string{"/c", "/a", "/b"}},
		{func() { e.RemoveName("/c") }, []string{"/a", "/b"}},
		{func() { e.Rename("/b", "/d") }, []string{"/d", "/a"}},
		{func() { e.Rename("/unseen", "/a") }, []string{"/a", "/d"}},
		{func() { e.Nlink = 1; e.Rename("/d", "/e") }, []string{"/e"}},
		{func() { e.RemoveName("/e") }, nil},
	} {
		step.do()
		if diff := cmp.Diff(step.want, e.Names()); diff != "" {
			t.Errorf("step %d: %s", i, diff)
		}
	}
}

// TestLinksAreShared: what Get returned does not change with the entry.
func TestLinksAreShared(t *testing.T) {
	s := New()
	id := ID{1, 2, 3}
	must(t, s.Put(Entry{ID: id, Path: "/a", Links: []string{"/b", "/d"}}))
	before, _ := s.Get(id)
	must(t, s.Update(id, func(e *Entry, _ bool) { e.AddName("/c"); e.RemoveName("/a") }))
	if diff := cmp.Diff([]string{"/a", "/b", "/d"}, before.Names()); diff != "" {
		t.Error(diff)
	}
}

func TestLinksAreWrittenAndRead(t *testing.T) {
	want := []Entry{{ID: ID{1, 2, 3}, Mode: 0o100644, Nlink: 3, Path: "/a", Links: []string{"/b\n", "/c\xff"}}}
	s := New()
	must(t, s.Put(want[0]))
	for _, write := range []func(*bytes.Buffer) error{
		func(b *bytes.Buffer) error { return writeJSON(b, s.Entries()) },
		func(b *bytes.Buffer) error { return writeText(b, s.Entries()) },
	} {
		var b bytes.Buffer
		must(t, write(&b))
		read, err := Read(&b, "state")
		must(t, err)
		if diff := cmp.Diff(want, read.Entries()); diff != "" {
			t.Error(diff)
		}
	}
}

func TestCleanOfHardLinks(t *testing.T) {
	s := New()
	now := map[string]ID{"/b": {1, 1, 5}}
	exists := func(e Entry) (ID, bool) { id, ok := now[e.Path]; return id, ok }
	must(t, s.Put(Entry{ID: ID{1, 1, 5}, Nlink: 2, Path: "/a", Links: []string{"/b"}}))
	must(t, s.Put(Entry{ID: ID{1, 2, 5}, Nlink: 2, Path: "/gone", Links: []string{"/gone too"}}))
	must(t, s.Put(Entry{ID: ID{1, 3, 5}, Nlink: 2, Path: "/gone, but for an unseen one"}))
	gone, err := s.Clean(exists)
	must(t, err)
	if want := "dropped 1 entry whose file is gone or replaced: /gone"; gone.String() != want {
		t.Errorf("%s; want %s", gone, want)
	}
	var left [][]string
	for _, e := range s.Entries() {
		left = append(left, e.Names())
	}
	if diff := cmp.Diff([][]string{{"/b"}, nil}, left); diff != "" {
		t.Error(diff)
	}
}

func TestManifestHasEachName(t *testing.T) {
	var b bytes.Buffer
	err := WriteManifest(&b, "/d", []Entry{{ID: ID{1, 1, 5}, Mode: 0o104755, UID: 3, Nlink: 3, Path: "/d/two", Links: []string{"/d/one"}}})
	const want = `{"path":"one","type":"file","mode":"04755","uid":3,"gid":0}
{"path":"two","type":"file","mode":"04755","uid":3,"gid":0}
`
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Error(diff)
	}
	if err == nil || err.Error() != "not written: further hard links of 1 entries" {
		t.Errorf("%v; want the third name to be missed", err)
	}
}
