package fakeroot

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"unicode/utf8"
)

// record is an entry as a line of JSON, or the removal of one.
type record struct {
	Dev        uint64  `json:"dev"`
	Ino        uint64  `json:"ino"`
	Birth      int64   `json:"birth,omitempty"`
	Removed    bool    `json:"removed,omitempty"` // and nothing below
	Mode       octal   `json:"mode,omitempty"`
	UID        uint32  `json:"uid,omitempty"`
	GID        uint32  `json:"gid,omitempty"`
	Rdev       uint64  `json:"rdev,omitempty"`
	Nlink      uint32  `json:"nlink,omitempty"`
	Xattrs     []xattr `json:"xattrs,omitempty"`
	Path       string  `json:"path,omitempty"`
	PathBase64 []byte  `json:"path_base64,omitempty"` // instead of Path, where that is not UTF-8
	Links      []link  `json:"links,omitempty"`
}

// link is a further path of a file.
type link struct {
	Path       string `json:"path,omitempty"`
	PathBase64 []byte `json:"path_base64,omitempty"`
}

type xattr struct {
	Name       string `json:"name,omitempty"`
	NameBase64 []byte `json:"name_base64,omitempty"` // instead of Name, where that is not UTF-8
	Value      []byte `json:"value"`                 // base64; null is removed
}

// octal is a mode, which people read in octal.
type octal uint32

func (o octal) MarshalText() ([]byte, error) { return fmt.Appendf(nil, "%#o", uint32(o)), nil }

func (o *octal) UnmarshalText(text []byte) error {
	n, err := strconv.ParseUint(string(text), 8, 32)
	*o = octal(n)
	return err
}

// split tells how bytes that are mostly, but need not be, UTF-8 are put into
// JSON, which has no others.
func split(s string) (text string, base64 []byte) {
	if utf8.ValidString(s) {
		return s, nil
	}
	return "", []byte(s)
}

func join(text string, base64 []byte) string {
	if base64 != nil {
		return string(base64)
	}
	return text
}

func recordOf(e Entry) record {
	r := record{
		Dev: e.Dev, Ino: e.Ino, Birth: e.Birth,
		Mode: octal(e.Mode), UID: e.UID, GID: e.GID, Rdev: e.Rdev, Nlink: e.Nlink,
		Xattrs: xattrsOf(e.Xattrs),
	}
	r.Path, r.PathBase64 = split(e.Path)
	for _, name := range e.Links {
		var l link
		l.Path, l.PathBase64 = split(name)
		r.Links = append(r.Links, l)
	}
	return r
}

func xattrsOf(m map[string][]byte) []xattr {
	var all []xattr
	for _, name := range slices.Sorted(maps.Keys(m)) {
		x := xattr{Value: m[name]}
		x.Name, x.NameBase64 = split(name)
		all = append(all, x)
	}
	return all
}

func (r record) entry() Entry {
	e := Entry{
		ID:   ID{r.Dev, r.Ino, r.Birth},
		Mode: uint32(r.Mode), UID: r.UID, GID: r.GID, Rdev: r.Rdev, Nlink: r.Nlink,
		Path: join(r.Path, r.PathBase64),
	}
	for _, l := range r.Links {
		e.AddName(join(l.Path, l.PathBase64))
	}
	for _, x := range r.Xattrs {
		if e.Xattrs == nil {
			e.Xattrs = map[string][]byte{}
		}
		e.Xattrs[join(x.Name, x.NameBase64)] = x.Value
	}
	return e
}

// line is v as JSON and a newline.
func line(v any) ([]byte, error) {
	data, err := json.Marshal(v)
	return append(data, '\n'), err
}

var errNotObject = errors.New("not a JSON object in UTF-8")

// unmarshal reads one JSON object and nothing else. A member that is not known
// is an error: to leave it out could lose what a later version wrote.
func unmarshal(data []byte, v any) error {
	if !bytes.HasPrefix(data, []byte("{")) || !utf8.Valid(data) {
		return errNotObject
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("more than one JSON object")
	}
	return nil
}
