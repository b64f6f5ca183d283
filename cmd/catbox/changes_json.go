package main

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/overlay"
)

// changeJSON is a change as an object.
type changeJSON struct {
	Path     string    `json:"path"`
	Kind     string    `json:"kind"`
	Differs  []string  `json:"differs,omitempty"`
	Old      *statJSON `json:"old,omitempty"`
	New      *statJSON `json:"new,omitempty"`
	Conflict string    `json:"conflict,omitempty"`
	// Escaped are the members that are no UTF-8: a byte of them is \xHH, a
	// backslash is \\, as in a record.
	Escaped []string `json:"escaped,omitempty"`
}

type statJSON struct {
	Type   string            `json:"type"`
	Mode   string            `json:"mode"` // octal, without the type
	UID    uint32            `json:"uid"`
	GID    uint32            `json:"gid"`
	Size   int64             `json:"size"` // bytes
	Mtime  time.Time         `json:"mtime"`
	Target string            `json:"target,omitempty"`
	Major  uint32            `json:"major,omitempty"`
	Minor  uint32            `json:"minor,omitempty"`
	Xattrs map[string][]byte `json:"xattrs,omitempty"` // base64
}

func changeAsJSON(c overlay.Change) changeJSON {
	j := changeJSON{Path: c.Path, Kind: c.Kind.String(), Differs: c.Differs.Names(), Conflict: c.Conflict, Old: statAsJSON(c.Old), New: statAsJSON(c.New)}
	j.escape("path", &j.Path)
	if j.Old != nil {
		j.escape("old.target", &j.Old.Target)
	}
	if j.New != nil {
		j.escape("new.target", &j.New.Target)
	}
	return j
}

func (j *changeJSON) escape(member string, s *string) {
	if utf8.ValidString(*s) {
		return
	}
	var b strings.Builder
	for i, r := range *s {
		switch _, n := utf8.DecodeRuneInString((*s)[i:]); {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\x%02x`, (*s)[i])
		case r == '\\':
			b.WriteString(`\\`)
		default:
			b.WriteRune(r)
		}
	}
	*s = b.String()
	j.Escaped = append(j.Escaped, member)
}

// fileTypes are the words of find(1) and mtree(5) for types.
var fileTypes = map[uint32]string{
	unix.S_IFREG: "file", unix.S_IFDIR: "dir", unix.S_IFLNK: "link", unix.S_IFIFO: "fifo",
	unix.S_IFSOCK: "socket", unix.S_IFCHR: "char", unix.S_IFBLK: "block",
}

func statAsJSON(s *overlay.Stat) *statJSON {
	if s == nil {
		return nil
	}
	return &statJSON{
		Type: fileTypes[s.Mode&unix.S_IFMT], Mode: fmt.Sprintf("%04o", s.Mode&0o7777), UID: s.UID, GID: s.GID,
		Size: s.Size, Mtime: s.Mtime.UTC(), Target: s.Target, Major: unix.Major(s.Rdev), Minor: unix.Minor(s.Rdev), Xattrs: s.Xattrs,
	}
}
