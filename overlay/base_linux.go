package overlay

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"time"

	"github.com/catbox-go/catbox/record"
)

// below is a line of the file base: what lay below a path when a command first
// used it.
type below struct {
	Path   text   `json:"path"`
	Absent bool   `json:"absent,omitempty"`
	Mode   uint32 `json:"mode,omitempty"`
	UID    uint32 `json:"uid,omitempty"`
	GID    uint32 `json:"gid,omitempty"`
	Ino    uint64 `json:"ino,omitempty"`
	Size   int64  `json:"size,omitempty"`
	Mtime  int64  `json:"mtime,omitempty"` // nanoseconds since the epoch
	Ctime  int64  `json:"ctime,omitempty"`
	// Saved is of a file of a saved overlay: committed, it is another inode.
	Saved bool `json:"saved,omitempty"`
	// Conflict is of a file that changed while the command ran.
	Conflict string `json:"conflict,omitempty"`
	// Same is the inode in the overlay that is a mere copy; nil if it is not.
	Same *copied `json:"same,omitempty"`
}

// copied is an inode that nothing was done to as long as this holds.
type copied struct {
	Ino   uint64 `json:"ino"`
	Ctime int64  `json:"ctime"`
}

func copyOf(st *Stat) *copied { return &copied{st.id.Ino, st.ctime.UnixNano()} }

type base map[string]below

func describe(path string, st *Stat) below {
	if st == nil {
		return below{Path: text(path), Absent: true}
	}
	return below{
		Path: text(path), Mode: st.Mode, UID: st.UID, GID: st.GID, Ino: st.id.Ino, Size: st.Size,
		Mtime: st.Mtime.UnixNano(), Ctime: st.ctime.UnixNano(),
	}
}

// conflict says how what lies below has changed since, "" if it has not.
func (b base) conflict(path string, st *Stat, created time.Time) string {
	was, known := b[path]
	if !known {
		if st != nil && !st.IsDir() && st.ctime.After(created) {
			return "changed since the overlay was made"
		}
		return ""
	}
	if was.Conflict != "" {
		return was.Conflict
	}
	return was.changed(describe(path, st))
}

// changed tells two states apart. A directory has a new ctime with each file
// made in it, which is no conflict.
func (b below) changed(now below) string {
	const kind = 0o170000
	switch {
	case b.Absent && now.Absent:
		return ""
	case b.Absent:
		return "was made meanwhile"
	case now.Absent:
		return "was removed meanwhile"
	case b.Mode&kind != now.Mode&kind || b.Ino != now.Ino && !b.Saved:
		return "was replaced meanwhile"
	case b.Mode != now.Mode || b.UID != now.UID || b.GID != now.GID:
		return "has another mode or owner meanwhile"
	case b.Mode&kind == 0o040000:
		return ""
	case b.Size != now.Size || b.Mtime != now.Mtime:
		return "was modified meanwhile"
	case b.Ctime != now.Ctime && !b.Saved:
		return "was changed meanwhile (ctime)"
	}
	return ""
}

func (o *Overlay) loadBase() (base, error) {
	f, err := o.files.Open(baseName)
	if errors.Is(err, fs.ErrNotExist) {
		return base{}, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b := base{}
	for d := json.NewDecoder(bufio.NewReader(f)); ; {
		var line below
		if err := d.Decode(&line); err == io.EOF {
			return b, nil
		} else if err != nil {
			return nil, fmt.Errorf("%s: %w", record.Quote(filepath.Join(o.dir, baseName)), err)
		}
		b[string(line.Path)] = line
	}
}

func (o *Overlay) saveBase(b base) error {
	var paths []string
	for path := range b {
		paths = append(paths, path)
	}
	slices.Sort(paths)
	return writeFile(o.files, baseName, func(w io.Writer) error {
		out := bufio.NewWriter(w)
		enc := json.NewEncoder(out)
		for _, path := range paths {
			if err := enc.Encode(b[path]); err != nil {
				return err
			}
		}
		return out.Flush()
	})
}

// Settle notes, at the end of a run that began at started, what lies below each
// path that the run used first. A file that was changed below while the command
// ran is a conflict. The caller holds the lock.
func (o *Overlay) Settle(started time.Time) (err error) {
	defer func() { err = errors.Join(err, o.closeAgain()) }()
	if err := o.adopt(); err != nil {
		return err
	}
	b, err := o.loadBase()
	if err != nil {
		return err
	}
	if err := o.reload(); err != nil {
		return err
	}
	before := len(b)
	for c, err := range o.walk(b) {
		if err != nil {
			return err
		}
		if _, known := b[c.Path]; !known {
			b[c.Path] = settled(c, started)
		}
	}
	if len(b) > before {
		if err := o.saveBase(b); err != nil {
			return err
		}
	}
	o.info.Runs++
	return o.info.save(o.files)
}

func settled(c Change, started time.Time) below {
	line := describe(c.Path, c.Old)
	line.Saved = c.Old != nil && !c.oldLayer.plain
	if c.Kind == 0 && c.New != nil {
		line.Same = copyOf(c.New)
	}
	if c.Kind != 0 && c.Old != nil && !c.Old.IsDir() && c.Old.ctime.After(started) {
		line.Conflict = "was changed while the command ran"
	}
	return line
}

// reload reads the fake root's notes again, which a run has added to.
func (o *Overlay) reload() (err error) {
	o.upper.notes, err = loadNotes(o.dir)
	return err
}
