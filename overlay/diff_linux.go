package overlay

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/aymanbagabas/go-udiff"
	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/record"
)

// diffMost is the size in bytes up to which a file is shown line by line: the
// time for a diff can grow with the square.
const diffMost = 1 << 20

// Diff writes what a change changes: a unified diff of text, as patch(1) reads
// it; a line for what is no text, is large, or is no regular file; a line for each
// other difference.
func (o *Overlay) Diff(w io.Writer, c Change) error {
	var b strings.Builder
	for _, line := range c.headlines() {
		fmt.Fprintf(&b, "# %s: %s\n", record.Quote(c.Path), line)
	}
	if c.hasContent() {
		if err := o.diffContent(&b, c); err != nil {
			return err
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (c *Change) hasContent() bool {
	regular := func(s *Stat) bool { return s == nil || s.isRegular() }
	return regular(c.Old) && regular(c.New) && (c.Kind != Modified || c.Differs&Content != 0)
}

// headlines are the differences that are no lines of text.
func (c *Change) headlines() []string {
	switch c.Kind {
	case Added:
		return []string{"added " + c.New.describe()}
	case Removed:
		return []string{"removed " + c.Old.describe()}
	case TypeChanged:
		return []string{c.Old.describe() + " became " + c.New.describe()}
	}
	var lines []string
	for _, d := range []struct {
		is  Differences
		old string
		new string
	}{
		{Mode, fmt.Sprintf("mode %04o", c.Old.Mode&0o7777), fmt.Sprintf("%04o", c.New.Mode&0o7777)},
		{Owner, fmt.Sprintf("owner %d:%d", c.Old.UID, c.Old.GID), fmt.Sprintf("%d:%d", c.New.UID, c.New.GID)},
		{Target, "symbolic link to " + record.Quote(c.Old.Target), record.Quote(c.New.Target)},
		{Device, c.Old.describe(), c.New.describe()},
		{Time, "modification time " + c.Old.Mtime.String(), c.New.Mtime.String()},
	} {
		if c.Differs&d.is != 0 {
			lines = append(lines, d.old+", now "+d.new)
		}
	}
	return append(lines, c.xattrLines()...)
}

func (c *Change) xattrLines() []string {
	if c.Differs&Xattrs == 0 {
		return nil
	}
	var lines []string
	for _, name := range sortedKeys(c.Old.Xattrs, c.New.Xattrs) {
		old, had := c.Old.Xattrs[name]
		now, has := c.New.Xattrs[name]
		switch {
		case had && !has:
			lines = append(lines, fmt.Sprintf("attribute %s %q, now removed", record.Quote(name), old))
		case has && !had:
			lines = append(lines, fmt.Sprintf("attribute %s, now %q", record.Quote(name), now))
		case !bytes.Equal(old, now):
			lines = append(lines, fmt.Sprintf("attribute %s %q, now %q", record.Quote(name), old, now))
		}
	}
	return lines
}

var typeNames = map[uint32]string{
	unix.S_IFREG: "file", unix.S_IFDIR: "directory", unix.S_IFIFO: "FIFO", unix.S_IFSOCK: "socket",
	unix.S_IFCHR: "character device", unix.S_IFBLK: "block device",
}

// describe is the type with what a file of it is.
func (s *Stat) describe() string {
	switch {
	case s.isLink():
		return "symbolic link to " + record.Quote(s.Target)
	case s.isDevice():
		return fmt.Sprintf("%s %d,%d, mode %04o", typeNames[s.kind()], unix.Major(s.Rdev), unix.Minor(s.Rdev), s.Mode&0o7777)
	}
	return fmt.Sprintf("%s, mode %04o", typeNames[s.kind()], s.Mode&0o7777)
}

func (o *Overlay) diffContent(b *strings.Builder, c Change) error {
	if size(c.Old) > diffMost || size(c.New) > diffMost {
		fmt.Fprintf(b, "# %s: %d bytes, now %d: too large to show\n", record.Quote(c.Path), size(c.Old), size(c.New))
		return nil
	}
	old, err := content(c.oldLayer, c.Old, c.Path)
	if err != nil {
		return err
	}
	now, err := content(o.upper, c.New, c.Path)
	if err != nil {
		return err
	}
	if binary(old) || binary(now) {
		fmt.Fprintf(b, "# %s: binary, %d bytes, now %d\n", record.Quote(c.Path), len(old), len(now))
		return nil
	}
	b.WriteString(udiff.Unified(label("a", c.Old, c.Path), label("b", c.New, c.Path), string(old), string(now)))
	return nil
}

func size(s *Stat) int64 {
	if s == nil {
		return 0
	}
	return s.Size
}

// label is a name in the head of a diff, /dev/null for a file that is not there.
func label(side string, s *Stat, path string) string {
	if s == nil {
		return "/dev/null"
	}
	return record.Quote(side + path)
}

func content(l *layer, s *Stat, path string) ([]byte, error) {
	if s == nil {
		return nil, nil
	}
	f, err := l.open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, diffMost))
}

// binary tells what a terminal should not get, and a diff by lines says
// nothing about.
func binary(data []byte) bool { return bytes.IndexByte(data, 0) >= 0 || !utf8.Valid(data) }

// sortedKeys are the names that are in one of the maps.
func sortedKeys(a, b map[string][]byte) []string {
	names := slices.AppendSeq(slices.Collect(maps.Keys(a)), maps.Keys(b))
	slices.Sort(names)
	return slices.Compact(names)
}
