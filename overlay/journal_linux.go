package overlay

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/catbox-go/catbox/record"
)

// journal is the file undo: what a commit does, written before it does it. It
// is there as long as the commit is not over.
type journal struct {
	Format     string       `json:"format"`
	Version    int          `json:"version"`
	Root       text         `json:"root"`
	Operations []*operation `json:"operations"`
}

const journalFormat = "catbox-undo"

// mark is a further line of the journal.
type mark struct {
	// Staged are the inodes of what is new, when all of it has been made, in the
	// order of the operations.
	Staged []uint64 `json:"staged,omitempty"`
	// Committed says that all is done: from here on there is no way back.
	Committed bool `json:"committed,omitempty"`
}

func (o *Overlay) beginJournal(ops []*operation) error {
	err := writeFile(o.files, undoName, func(w io.Writer) error {
		return json.NewEncoder(w).Encode(journal{journalFormat, version, o.info.Root, ops})
	})
	if err != nil {
		return err
	}
	return syncName(o.files, undoName)
}

// mark adds a line, which is on disk then. With an error it is not there.
func (o *Overlay) mark(m mark) error {
	line, err := json.Marshal(m)
	if err != nil {
		return err
	}
	f, err := o.files.OpenFile(undoName, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	before, err := f.Stat()
	if err != nil {
		return err
	}
	if _, err = f.Write(append(line, '\n')); err == nil {
		err = f.Sync()
	}
	if err != nil {
		return errors.Join(err, f.Truncate(before.Size()))
	}
	return nil
}

func (o *Overlay) endJournal() error { return o.files.Remove(undoName) }

// readJournal returns the steps of a commit that is not over, nil if there is
// none, and whether all of it was done.
func (o *Overlay) readJournal() (ops []*operation, committed bool, err error) {
	data, err := o.files.ReadFile(undoName)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	first, rest, _ := bytes.Cut(data, []byte("\n"))
	var j journal
	if err := json.Unmarshal(first, &j); err != nil || j.Format != journalFormat || j.Version != version || j.Root != o.info.Root {
		return nil, false, fmt.Errorf("%s is not the journal of a commit to %s", record.Quote(filepath.Join(o.dir, undoName)), record.Quote(o.Root()))
	}
	for line := range bytes.Lines(rest) {
		var m mark
		if json.Unmarshal(line, &m) != nil {
			break // cut off by a crash
		}
		committed = committed || m.Committed
		for i, ino := range m.Staged {
			j.Operations[i].New = ino
		}
	}
	return j.Operations, committed, nil
}

// recover undoes a commit that was killed, or finishes it if all was done.
func (o *Overlay) recover() error {
	if _, err := o.files.Lstat(undoName); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	lock, err := o.Lock()
	if err != nil {
		return err
	}
	defer lock.Close()
	return o.recoverLocked()
}

func (o *Overlay) recoverLocked() error {
	ops, committed, err := o.readJournal()
	switch {
	case err != nil || ops == nil:
		return err
	case committed:
		return o.finish(ops)
	}
	return o.undo(ops)
}
