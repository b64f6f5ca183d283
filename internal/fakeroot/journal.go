package fakeroot

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// header is the first line of a journal.
const header = `{"format":"catbox-fakeroot","version":1}`

const version = 1

const wantRecord = `{"dev":N,"ino":N,...} with an entry or its removal`

func writeJSON(w io.Writer, entries []Entry) error {
	b := bufio.NewWriter(w)
	fmt.Fprintln(b, header)
	for _, e := range entries {
		data, err := line(recordOf(e))
		if err != nil {
			return err
		}
		b.Write(data)
	}
	return b.Flush()
}

// parseJournal adds what the journal says, and returns how much of it is whole.
func (s *State) parseJournal(name string, data []byte) (whole int, err error) {
	if len(bytes.TrimLeft(data, spaces)) == 0 {
		return 0, nil
	}
	number := 0
	for l := range bytes.Lines(data) {
		number++
		if err, want := s.parseLine(number, bytes.TrimSuffix(l, []byte("\n"))); err != nil {
			if cutOff(number, l) {
				s.warn(&CutOff{name, number, len(l)})
				break
			}
			return whole, &FormatError{name, number, err, want}
		}
		whole += len(l)
	}
	return whole, nil
}

// cutOff tells whether a line that is not understood is the begin of one that is.
// Of the first line the begin is known.
func cutOff(number int, l []byte) bool {
	return !bytes.HasSuffix(l, []byte("\n")) && (number > 1 || strings.HasPrefix(header, string(l)))
}

func (s *State) parseLine(number int, l []byte) (err error, want string) {
	if number == 1 {
		return parseHeader(l), header
	}
	var r record
	if err := unmarshal(l, &r); err != nil {
		return fmt.Errorf("not an entry: %w", err), wantRecord
	}
	if r.Removed {
		delete(s.entries, r.entry().inode())
		s.count.Store(int64(len(s.entries)))
	} else {
		s.set(r.entry())
	}
	return nil, ""
}

// parseHeader takes members that are not known: another version may have them,
// and it is the version that is the error then.
func parseHeader(l []byte) error {
	var h struct {
		Format  string
		Version int
	}
	if err := json.Unmarshal(l, &h); err != nil || h.Format != "catbox-fakeroot" {
		return errForeign
	}
	if h.Version != version {
		return fmt.Errorf("version %d of the format, of which this program knows %d", h.Version, version)
	}
	return nil
}

// journal is the file to which changes are appended.
type journal struct {
	place            // of the file itself, not of a symbolic link to it
	file    *os.File // locked; nil if all is written at the end
	size    int64
	changed bool  // since it was opened
	err     error // why nothing can be appended any more
}

// note appends the entry to the journal, if there is one.
func (s *State) note(e Entry) error { return s.append(recordOf(e)) }

func (s *State) noteRemoval(id ID) error {
	return s.append(record{Dev: id.Dev, Ino: id.Ino, Removed: true})
}

func (s *State) append(r record) error {
	if s.journal == nil {
		return nil
	}
	data, err := line(r)
	if err != nil {
		return err
	}
	return s.journal.append(data)
}

// append writes with one write(2) to a file with O_APPEND: what it was told is
// kept even if this process is killed next. A part of a line, as of a full disk,
// is taken back, or the next line would make garbage of it.
func (j *journal) append(data []byte) error {
	if j.err != nil || j.file == nil {
		return j.err
	}
	j.changed = true
	n, err := j.file.Write(data)
	if err == nil {
		j.size += int64(n)
		return nil
	}
	if n > 0 {
		if cut := j.file.Truncate(j.size); cut != nil {
			j.err = errors.Join(err, cut)
		}
	}
	return err
}
