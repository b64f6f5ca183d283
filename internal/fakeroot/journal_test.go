package fakeroot

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

const (
	head   = header + "\n"
	second = `{"dev":1,"ino":2,"mode":"0100644"}` + "\n"
)

var secondEntry = Entry{ID: ID{Dev: 1, Ino: 2}, Mode: 0o100644}

// fileWith is a file of that content in a directory of its own.
func fileWith(t testing.TB, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "state")
	must(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}

func content(t testing.TB, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	must(t, err)
	return string(data)
}

func TestJournalIsRead(t *testing.T) {
	const removal = `{"dev":1,"ino":2,"removed":true}` + "\n"
	for name, test := range map[string]struct {
		content string
		want    []Entry
		cut     string // the warning
		after   string // what is in the file once it is open
	}{
		"nothing":             {"", nil, "", head},
		"white space":         {"\n", nil, "", head},
		"no entries":          {head, nil, "", head},
		"one":                 {head + second, []Entry{secondEntry}, "", head + second},
		"removed":             {head + second + removal, nil, "", head + second + removal},
		"removed, again":      {head + second + removal + second, []Entry{secondEntry}, "", head + second + removal + second},
		"cut off":             {head + second + second[:20], []Entry{secondEntry}, ":3: last line is cut off, dropped its 20 bytes", head + second},
		"zeros after a crash": {head + second + "\x00\x00", []Entry{secondEntry}, ":3: last line is cut off, dropped its 2 bytes", head + second},
		"cut off in the head": {head[:9], nil, ":1: last line is cut off, dropped its 9 bytes", head},
		"only the newline":    {head + strings.TrimSpace(second), []Entry{secondEntry}, "", head + second},
		"that of the head":    {header, nil, "", head},
	} {
		t.Run(name, func(t *testing.T) {
			path := fileWith(t, test.content)
			s, err := Open(path)
			must(t, err)
			var warnings, want string
			for _, w := range s.Warnings() {
				warnings += w.Error()
			}
			if test.cut != "" {
				want = path + test.cut
			}
			if diff := cmp.Diff(want, warnings); diff != "" {
				t.Errorf("warnings (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(append([]Entry{}, test.want...), s.Entries()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.after, content(t, path)); diff != "" {
				t.Errorf("the file (-want +got):\n%s", diff)
			}
			must(t, s.Put(Entry{ID: ID{Dev: 3}}))
			if diff := cmp.Diff(test.after+`{"dev":3,"ino":0}`+"\n", content(t, path)); diff != "" {
				t.Errorf("the file with another line (-want +got):\n%s", diff)
			}
			must(t, s.Close())
		})
	}
}

func TestWhatIsNotUnderstoodStaysAsItIs(t *testing.T) {
	for content, want := range map[string]string{
		"root:x:0:0\n":                                `:1: not the state of a fake root; want ` + wantEither,
		`{"name":"left-pad"}`:                         `:1: not the state of a fake root; want ` + header,
		"\n" + head:                                   `:1: not the state of a fake root; want ` + header,
		head + "\n" + second:                          `:2: not an entry: not a JSON object in UTF-8; want ` + wantRecord,
		head + "null\n":                               `:2: not an entry: not a JSON object in UTF-8; want ` + wantRecord,
		head + second[:9] + second:                    `:2: not an entry: invalid character '{' looking for beginning of object key string; want ` + wantRecord,
		head + strings.TrimSpace(second) + second:     `:2: not an entry: more than one JSON object; want ` + wantRecord,
		head + `{"dev":1,"ino":2,"color":3}` + "\n":   `:2: not an entry: json: unknown field "color"; want ` + wantRecord,
		head + "{\"path\":\"\xff\"}\n":                `:2: not an entry: not a JSON object in UTF-8; want ` + wantRecord,
		head + "\x00\x00\n" + second:                  `:2: not an entry: not a JSON object in UTF-8; want ` + wantRecord,
		strings.Replace(head, "1", "2", 1) + "what\n": `:1: version 2 of the format, of which this program knows 1; want ` + header,
	} {
		path := fileWith(t, content)
		for name, use := range map[string]func() error{
			"Open":  func() error { _, err := Open(path); return err },
			"Load":  func() error { _, err := Load(path); return err },
			"Check": func() error { return Check(path) },
			"Save":  func() error { return New().Save(path, Text) },
		} {
			err := use()
			var format *FormatError
			if !errors.As(err, &format) || err.Error() != path+want {
				t.Errorf("%s of %q:\n got %v\nwant %s", name, content, err, path+want)
			}
		}
		if got, err := os.ReadFile(path); err != nil || string(got) != content {
			t.Errorf("%q became %q, %v", content, got, err)
		}
	}
}

func TestTextIsNotAppendedTo(t *testing.T) {
	path := fileWith(t, first)
	_, err := Open(path)
	if !errors.Is(err, errText) || content(t, path) != first {
		t.Errorf("%v, and the file is %q", err, content(t, path))
	}
}

func TestEveryChangeIsInTheFileAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state")
	s, err := Open(path)
	must(t, err)
	same := func(when string) {
		t.Helper()
		now, err := Load(path)
		must(t, err)
		if diff := cmp.Diff(s.Entries(), now.Entries()); diff != "" {
			t.Errorf("%s (-state +file):\n%s", when, diff)
		}
	}
	id := ID{1, 2, 5}
	must(t, s.Put(secondEntry))
	same("put")
	s.Get(id)
	same("birth time learned")
	must(t, s.Update(id, func(e *Entry, _ bool) { e.Xattrs = map[string][]byte{"user.\xff": {}, "user.a": nil}; e.Path = "/\xfe" }))
	same("updated")
	size := len(content(t, path))
	must(t, s.Update(id, func(e *Entry, _ bool) { e.UID = 0 }))
	if len(content(t, path)) != size {
		t.Error("what changes nothing was written")
	}
	s.Get(ID{1, 2, 6})
	same("dropped")
	must(t, s.Put(secondEntry))
	must(t, s.Delete(id))
	same("deleted")
	must(t, s.Close())
	must(t, s.Close())
	same("closed")
	if err := s.Put(secondEntry); !errors.Is(err, fs.ErrClosed) || s.Len() != 0 {
		t.Errorf("after Close: %v, and %d entries", err, s.Len())
	}
}

func randomEntry(t *rapid.T) Entry {
	b := func() []byte { return rapid.SliceOfN(rapid.Byte(), 0, 5).Draw(t, "bytes") }
	u32 := func() uint32 { return rapid.Uint32().Draw(t, "u32") }
	e := Entry{
		ID:   ID{rapid.Uint64().Draw(t, "dev"), rapid.Uint64Range(0, 3).Draw(t, "ino"), rapid.Int64().Draw(t, "birth")},
		Mode: u32(), UID: u32(), GID: u32(), Nlink: u32(), Rdev: rapid.Uint64().Draw(t, "rdev"), Path: string(b()),
	}
	for range rapid.IntRange(0, 3).Draw(t, "xattrs") {
		if e.Xattrs == nil {
			e.Xattrs = map[string][]byte{}
		}
		value := b()
		if rapid.Bool().Draw(t, "removed") {
			value = nil
		}
		e.Xattrs[string(b())] = value
	}
	return e
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := New()
		for range rapid.IntRange(0, 5).Draw(t, "entries") {
			if err := s.Put(randomEntry(t)); err != nil {
				t.Fatal(err)
			}
		}
		for _, format := range []Format{JSON, Text} {
			var b bytes.Buffer
			if err := s.Write(&b, format); err != nil {
				t.Fatal(err)
			}
			got, err := Read(&b, "f")
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(s.Entries(), got.Entries()); diff != "" {
				t.Fatalf("format %d (-written +read):\n%s", format, diff)
			}
		}
	})
}

func FuzzJournal(f *testing.F) {
	f.Add([]byte(head + second))
	f.Add([]byte(head + `{"dev":1,"ino":2,"removed":true}` + "\n" + second[:9]))
	f.Add([]byte(head + `{"dev":1,"ino":2,"path_base64":"/w==","xattrs":[{"name":"a","value":null}]}`))
	f.Fuzz(func(t *testing.T, data []byte) { again(t, data, JSON) })
}

func BenchmarkUpdateWithJournal(b *testing.B) {
	s, err := Open(filepath.Join(b.TempDir(), "state"))
	must(b, err)
	for i := uint64(0); b.Loop(); i++ {
		must(b, s.Update(ID{1, i, 3}, func(e *Entry, _ bool) { *e = firstEntry; e.Path = "/home/user/build/debian/tmp/usr/bin/program" }))
	}
	must(b, s.Close())
}
