package fakeroot

import (
	"bufio"
	"cmp"
	"io"
	"path"
	"slices"
	"strings"
)

// The file types of st_mode (inode(7)), and their names in mtree(5). Written out
// because the modes noted are Linux's wherever this runs.
const (
	typeMask = 0o170000
	typeChar = 0o020000
	typeDir  = 0o040000
	typeBlk  = 0o060000
	typeLink = 0o120000
)

var typeNames = map[uint32]string{
	0o010000: "fifo",
	typeChar: "char",
	typeDir:  "dir",
	typeBlk:  "block",
	0o100000: "file",
	typeLink: "link",
	0o140000: "socket",
}

// IsDevice tells whether a mode is that of a character or block device.
func IsDevice(mode uint32) bool {
	t := mode & typeMask
	return t == typeChar || t == typeBlk
}

// item is a line of a manifest in JSON.
type item struct {
	Path       string  `json:"path,omitempty"`
	PathBase64 []byte  `json:"path_base64,omitempty"` // instead of Path, where that is not UTF-8
	Type       string  `json:"type"`
	Mode       octal   `json:"mode"` // without the type
	UID        uint32  `json:"uid"`
	GID        uint32  `json:"gid"`
	Device     *device `json:"device,omitempty"`
	Xattrs     []xattr `json:"xattrs,omitempty"`
}

type device struct {
	Major uint32 `json:"major"`
	Minor uint32 `json:"minor"`
}

// WriteManifest writes what was noted as lines of JSON, sorted by path, for who
// makes a package. Paths below base are relative to it, base itself is ".".
// A file with hard links has a line for each of its paths. Entries without a path
// are left out, and counted in a [Lost], as are files with paths that are not known.
func WriteManifest(w io.Writer, base string, entries []Entry) error {
	b := bufio.NewWriter(w)
	named, lost := byPath(base, entries)
	for _, e := range named {
		data, err := line(itemOf(e))
		if err != nil {
			return err
		}
		b.Write(data)
	}
	if err := b.Flush(); err != nil {
		return err
	}
	return lost.lost()
}

func itemOf(e Entry) item {
	i := item{
		Type: typeNames[e.Mode&typeMask],
		Mode: octal(e.Mode &^ typeMask),
		UID:  e.UID, GID: e.GID,
		Xattrs: xattrsOf(e.Xattrs),
	}
	i.Path, i.PathBase64 = split(e.Path)
	if IsDevice(e.Mode) {
		i.Device = &device{Major(e.Rdev), Minor(e.Rdev)}
	}
	return i
}

// byPath returns the entries with paths relative to base, sorted.
func byPath(base string, entries []Entry) (named []Entry, lost Lost) {
	for _, e := range entries {
		if e.Path == "" {
			lost.Unnamed++
			continue
		}
		if e.hasOthers() {
			lost.Names++
		}
		for _, name := range e.Names() {
			e.Path = relative(base, name)
			named = append(named, e)
		}
	}
	slices.SortFunc(named, func(a, b Entry) int { return cmp.Or(cmp.Compare(a.Path, b.Path), compare(a, b)) })
	return named, lost
}

func relative(base, name string) string {
	if base == "" {
		return name
	}
	base = path.Clean(base)
	if name == base {
		return "."
	}
	if below, ok := strings.CutPrefix(name, strings.TrimSuffix(base, "/")+"/"); ok {
		return below
	}
	return name
}
