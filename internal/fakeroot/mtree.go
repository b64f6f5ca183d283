package fakeroot

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// WriteMtree writes what was noted as mtree(5), as WriteManifest does as JSON.
// It has no extended attributes: entries that have some are counted in a [Lost].
// readlink returns the target of a symbolic link, as os.Readlink does, and is
// given the entry's own path; nil, or an error of it, leaves the target out.
func WriteMtree(w io.Writer, base string, entries []Entry, readlink func(path string) (string, error)) error {
	b := bufio.NewWriter(w)
	fmt.Fprintln(b, "#mtree")
	targets := linkTargets(entries, readlink)
	named, lost := byPath(base, entries)
	for _, e := range named {
		if len(e.Xattrs) > 0 {
			lost.Xattrs++
		}
		fmt.Fprintln(b, mtreeLine(e, targets[e.inode()]))
	}
	if err := b.Flush(); err != nil {
		return err
	}
	return lost.lost()
}

func linkTargets(entries []Entry, readlink func(string) (string, error)) map[inode]string {
	targets := map[inode]string{}
	for _, e := range entries {
		if readlink == nil || e.Path == "" || e.Mode&typeMask != typeLink {
			continue
		}
		if target, err := readlink(e.Path); err == nil {
			targets[e.inode()] = target
		}
	}
	return targets
}

// noContents is given to devices: libarchive ends with an error if the file on
// disk is of another type, as one that stands for a device is, and looks at that
// of contents= instead if there is one.
const noContents = "/nonexistent"

func mtreeLine(e Entry, target string) string {
	line := mtreePath(e.Path)
	if name := typeNames[e.Mode&typeMask]; name != "" {
		line += " type=" + name
	}
	line += fmt.Sprintf(" mode=%04o uid=%d gid=%d", e.Mode&^typeMask, e.UID, e.GID)
	if IsDevice(e.Mode) {
		line += fmt.Sprintf(" device=native,%d,%d contents=%s", Major(e.Rdev), Minor(e.Rdev), noContents)
	}
	if target != "" {
		line += " link=" + vis(target)
	}
	return line
}

// mtreePath is a name with a slash in it: without one it would be taken as
// being in the directory that a line above has entered (mtree(5)). A line that
// begins with a slash is a command, so that one is encoded.
func mtreePath(name string) string {
	if below, absolute := strings.CutPrefix(name, "/"); absolute {
		return `\057` + vis(below)
	}
	if name == "." {
		return name
	}
	return "./" + vis(name)
}

// plain are the bytes of a name that mean only themselves to every reader. Not
// among them are the patterns of glob(7), which mtree(8) would match, nor = and #.
const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/.,:_-+@%~"

// vis encodes as vis(3) does with VIS_OCTAL, which all readers of mtree(5) decode.
func vis(name string) string {
	var b strings.Builder
	for _, c := range []byte(name) {
		if strings.IndexByte(plain, c) >= 0 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, `\%03o`, c)
		}
	}
	return b.String()
}
