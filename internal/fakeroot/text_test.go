package fakeroot

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const first = "dev=fe00,ino=10,mode=100644,uid=7,gid=8,nlink=1,rdev=0\n"

var firstEntry = Entry{ID: ID{Dev: 0xfe00, Ino: 10}, Mode: 0o100644, UID: 7, GID: 8, Nlink: 1}

func TestTextIsRead(t *testing.T) {
	full := firstEntry
	full.Birth, full.Path, full.Xattrs = 5, "/a", map[string][]byte{"user.a": []byte("b"), "user.gone": nil}
	const more = `extra {"dev":65024,"ino":10,"birth":5,"path":"/a","xattrs":[` +
		`{"name":"user.a","value":"Yg=="},{"name":"user.gone","value":null}]}` + "\n"
	other := firstEntry
	other.UID = 1
	for name, test := range map[string]struct {
		text string
		want []Entry
	}{
		"nothing":            {"", nil},
		"white space":        {" \n\n", nil},
		"one":                {first, []Entry{firstEntry}},
		"no newline":         {strings.TrimSpace(first), []Entry{firstEntry}},
		"white space around": {"\n " + strings.TrimSpace(first) + " \r\n\n", []Entry{firstEntry}},
		"the last holds":     {strings.Replace(first, "uid=7", "uid=1", 1) + first, []Entry{firstEntry}},
		"the last, changed":  {first + strings.Replace(first, "uid=7", "uid=1", 1), []Entry{other}},
		"extra":              {first + more, []Entry{full}},
		"extra before":       {strings.Replace(first, "ino=10", "ino=9", 1) + more + first, []Entry{at(firstEntry, 9), full}},
		"extra of nothing":   {strings.Replace(first, "ino=10", "ino=9", 1) + more, []Entry{at(firstEntry, 9)}},
		"the greatest": {
			"dev=ffffffffffffffff,ino=18446744073709551615,mode=37777777777,uid=4294967295,gid=4294967294,nlink=4294967295,rdev=18446744073709551615",
			[]Entry{{ID{1<<64 - 1, 1<<64 - 1, 0}, 1<<32 - 1, 1<<32 - 1, 1<<32 - 2, 1<<64 - 1, 1<<32 - 1, nil, "", nil}},
		},
	} {
		s, err := Read(strings.NewReader(test.text), name)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if diff := cmp.Diff(append([]Entry{}, test.want...), s.Entries()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func at(e Entry, ino uint64) Entry {
	e.Ino = ino
	return e
}

func TestTextIsRefused(t *testing.T) {
	for text, want := range map[string]string{
		"hello\n":                                 `f:1: not the state of a fake root; want ` + wantEither,
		first + "hello\n":                         `f:2: not an entry: "hello"; want ` + wantText,
		first + "# note\n":                        `f:2: not an entry: "# note"; want ` + wantText,
		"dev=1,ino=2,mode\n":                      `f:1: not an entry: "dev=1,ino=2,mode"; want ` + wantText,
		first + "\n" + first[9:]:                  `f:3: not an entry: "ino=10,mode=100644,uid=7,gid=8,nlink=1,rdev=0"; want ` + wantText,
		change("uid=7", "uid=-1"):                 `f:1: uid "-1": invalid syntax; want ` + wantText,
		change("uid=7", "uid=4294967296"):         `f:1: uid "4294967296": value out of range; want ` + wantText,
		change("mode=1", "mode=9"):                `f:1: mode "900644": invalid syntax; want ` + wantText,
		change("uid", "gid"):                      `f:1: "gid=7" where uid should be; want ` + wantText,
		change("rdev=0", "rdev="):                 `f:1: rdev "": invalid syntax; want ` + wantText,
		change("rdev=0", strings.Repeat("x", 99)): `f:1: "` + strings.Repeat("x", 60) + `"... where rdev should be; want ` + wantText,
		first + "extra 1\n":                       `f:2: not a JSON object in UTF-8; want ` + wantExtra,
		first + `extra {"color":1}`:               `f:2: json: unknown field "color"; want ` + wantExtra,
	} {
		s, err := Read(strings.NewReader(text), "f")
		var format *FormatError
		if !errors.As(err, &format) {
			t.Errorf("%q: %v, %v", text, s, err)
		} else if diff := cmp.Diff(want, err.Error()); diff != "" {
			t.Errorf("%q (-want +got):\n%s", text, diff)
		}
	}
}

func change(from, to string) string { return strings.Replace(first, from, to, 1) }

func TestTextIsThatOfFakeroot(t *testing.T) {
	s := New()
	must(t, s.Put(firstEntry))
	var b bytes.Buffer
	must(t, s.Write(&b, Text))
	if diff := cmp.Diff(first, b.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func FuzzText(f *testing.F) {
	f.Add([]byte(first))
	f.Add([]byte(first + `extra {"dev":65024,"ino":10,"birth":5,"path_base64":"/w==","xattrs":[{"name":"a","value":""}]}`))
	f.Fuzz(func(t *testing.T, data []byte) { again(t, data, Text) })
}

// again checks that what could be read is the same when written and read again.
func again(t *testing.T, data []byte, format Format) {
	s, err := Read(bytes.NewReader(data), "f")
	if err != nil {
		if wrong := new(FormatError); !errors.As(err, &wrong) {
			t.Errorf("%v is no *FormatError", err)
		}
		return
	}
	var b bytes.Buffer
	must(t, s.Write(&b, format))
	s2, err := Read(&b, "g")
	must(t, err)
	if diff := cmp.Diff(s.Entries(), s2.Entries()); diff != "" {
		t.Errorf("(-first +again):\n%s", diff)
	}
}
