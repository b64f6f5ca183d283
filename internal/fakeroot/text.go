package fakeroot

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// The format of fakeroot(1), as save_database and load_database in its faked.c
// write and read it: a line for each inode, of which the last holds. It is read
// with scanf(3), which takes any white space, or none, between lines.
//
// At a line that begins with anything else scanf finds nothing and fakeroot
// stops reading, without an error. So what has no place in its lines is kept
// after the last of them, in lines that begin with extra; they are lost when
// fakeroot writes the file. The word sorts behind "dev=", for those who sort
// the file.
const (
	textLine = "dev=%x,ino=%d,mode=%o,uid=%d,gid=%d,nlink=%d,rdev=%d\n"
	extra    = "extra "
	spaces   = " \t\n\v\f\r" // isspace(3)
)

const (
	wantText  = `"dev=HEX,ino=N,mode=OCTAL,uid=N,gid=N,nlink=N,rdev=N"`
	wantExtra = `"` + extra + `{...}" with an entry, as the journal has it`
)

func writeText(w io.Writer, entries []Entry) error {
	b := bufio.NewWriter(w)
	for _, e := range entries {
		fmt.Fprintf(b, textLine, e.Dev, e.Ino, e.Mode, e.UID, e.GID, e.Nlink, e.Rdev)
	}
	for _, e := range entries {
		if e.Birth == 0 && e.Path == "" && len(e.Xattrs) == 0 {
			continue
		}
		data, err := line(recordOf(Entry{ID: e.ID, Path: e.Path, Links: e.Links, Xattrs: e.Xattrs}))
		if err != nil {
			return err
		}
		b.WriteString(extra)
		b.Write(data)
	}
	return b.Flush()
}

// parseText reads more strictly than fakeroot does, which ends at what it does
// not know as if there were no more.
func (s *State) parseText(name string, data []byte) error {
	var extras []Entry
	number := 0
	for l := range bytes.Lines(data) {
		number++
		text := strings.Trim(string(l), spaces)
		if e, err, want := parseTextLine(text); err != nil {
			return &FormatError{name, number, err, want}
		} else if strings.HasPrefix(text, extra) {
			extras = append(extras, e)
		} else if text != "" {
			s.set(e)
		}
	}
	for _, e := range extras {
		s.addExtra(e)
	}
	return nil
}

// parseTextLine also says what would have been right.
func parseTextLine(text string) (e Entry, err error, want string) {
	switch json, isExtra := strings.CutPrefix(text, extra); {
	case text == "":
		return Entry{}, nil, ""
	case isExtra:
		var r record
		err := unmarshal([]byte(json), &r)
		return r.entry(), err, wantExtra
	}
	e, err = parseInode(text)
	return e, err, wantText
}

// addExtra completes the entry that fakeroot's line made. Without one, somebody
// took that line out and means the rest as well.
func (s *State) addExtra(e Entry) {
	known, ok := s.entries[e.inode()]
	if !ok {
		return
	}
	known.Birth, known.Path, known.Links, known.Xattrs = e.Birth, e.Path, e.Links, e.Xattrs
	s.set(known)
}

// fields are those of a line, in this order.
var fields = [...]struct {
	name       string
	base, bits int
}{
	{"dev", 16, 64}, {"ino", 10, 64}, {"mode", 8, 32}, {"uid", 10, 32},
	{"gid", 10, 32}, {"nlink", 10, 32}, {"rdev", 10, 64},
}

func parseInode(text string) (Entry, error) {
	parts := strings.Split(text, ",")
	if len(parts) != len(fields) {
		return Entry{}, fmt.Errorf("not an entry: %s", quoted(text))
	}
	var n [len(fields)]uint64
	for i, f := range fields {
		name, value, _ := strings.Cut(parts[i], "=")
		if name != f.name {
			return Entry{}, fmt.Errorf("%s where %s should be", quoted(parts[i]), f.name)
		}
		var err error
		if n[i], err = strconv.ParseUint(value, f.base, f.bits); err != nil {
			return Entry{}, fmt.Errorf("%s %s: %w", f.name, quoted(value), errors.Unwrap(err))
		}
	}
	return Entry{
		ID:   ID{Dev: n[0], Ino: n[1]},
		Mode: uint32(n[2]), UID: uint32(n[3]), GID: uint32(n[4]), Nlink: uint32(n[5]), Rdev: n[6],
	}, nil
}

// quoted is what a message shows of a line, which may be long and hold anything.
func quoted(s string) string {
	const most = 60
	if len(s) > most {
		return strconv.Quote(s[:most]) + "..."
	}
	return strconv.Quote(s)
}
