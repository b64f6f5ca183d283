package fakeroot

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// errText says that a file cannot be appended to as a journal.
var errText = errors.New("the text format of fakeroot(1), which cannot be appended to")

// Open reads the state in a file in the format JSON, which is created if it
// does not exist, and appends each change of it from now on. The file is locked:
// a second Open is [ErrInUse]. To a FIFO, a device or /dev/stdout, the state is
// written when it is closed. What is not understood is a [FormatError], and the
// file stays as it is.
func Open(path string) (*State, error) {
	s := New()
	if direct(path) {
		s.journal = &journal{place: findPlace(path)}
		return s, s.journal.lost
	}
	file, err := openLocked(path)
	if err != nil {
		return nil, err
	}
	if err := s.start(path, file); err != nil {
		file.Close()
		return nil, err
	}
	return s, nil
}

// start reads the journal and makes it ready for the next line.
func (s *State) start(path string, file *os.File) error {
	data, err := io.ReadAll(file)
	if err != nil {
		return err
	}
	switch format, err := recognise(path, data); {
	case err != nil:
		return err
	case format == Text:
		return &FormatError{path, 1, errText, header + ", or a file that does not exist yet"}
	}
	whole, err := s.parseJournal(path, data)
	if err != nil {
		return err
	}
	target, err := filepath.EvalSymlinks(path)
	if err != nil {
		return err
	}
	s.journal = &journal{place: findPlace(target), file: file, size: int64(whole)}
	err = s.journal.begin(data)
	s.journal.changed = false
	return err
}

// begin takes a line that is cut off away, and completes what is whole.
func (j *journal) begin(data []byte) error {
	if j.size < int64(len(data)) {
		if err := j.file.Truncate(j.size); err != nil {
			return err
		}
	}
	switch {
	case j.size == 0:
		return j.append([]byte(header + "\n"))
	case data[j.size-1] != '\n':
		return j.append([]byte("\n"))
	}
	return nil
}

// Close ends the journal, if there is one, and compacts it. If that cannot be
// done, it is complete all the same, and Warnings has why. Changes after it are
// an error.
func (s *State) Close() error {
	j, broken := s.end()
	switch {
	case j == nil:
		return nil
	case j.file == nil:
		return errors.Join(j.writeDirect(s.writer(JSON)), j.close())
	}
	return errors.Join(s.compact(j, broken), j.file.Close(), j.close())
}

// end lets no more changes in. It returns nil if there is nothing to close, and
// what broke the journal before.
func (s *State) end() (j *journal, broken error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	j = s.journal
	if j == nil || errors.Is(j.err, fs.ErrClosed) {
		return nil, nil
	}
	broken = j.err
	j.err = &fs.PathError{Op: "write", Path: j.path, Err: fs.ErrClosed}
	return j, broken
}

// compact replaces the journal by one without history. That also mends a broken one.
func (s *State) compact(j *journal, broken error) error {
	if !j.changed {
		return nil
	}
	err := j.replace(s.writer(JSON))
	switch {
	case err == nil:
		return nil
	case broken != nil:
		return errors.Join(broken, err)
	}
	s.warn(&NotCompacted{j.path, err})
	return j.file.Sync()
}

func (s *State) writer(f Format) func(io.Writer) error {
	return func(w io.Writer) error { return s.Write(w, f) }
}

// Save writes all of the state to a file, at once: who reads it has the old or
// the new one. A FIFO, a device and /dev/stdout are written to. A file that is
// there and is no state is a [FormatError], and stays as it is.
func (s *State) Save(path string, f Format) error {
	if direct(path) {
		p := findPlace(path)
		return errors.Join(p.writeDirect(s.writer(f)), p.close())
	}
	file, err := openState(path)
	if err != nil {
		return err
	}
	if file == nil {
		return replace(path, s.writer(f))
	}
	defer file.Close() // and with it the lock
	target, err := filepath.EvalSymlinks(path)
	if err != nil {
		return err
	}
	return replace(target, s.writer(f))
}

// Check tells what Save would refuse, before a long run is done for nothing.
func Check(path string) error {
	if direct(path) {
		return nil
	}
	file, err := openState(path)
	if err != nil {
		return err
	}
	if file != nil {
		return file.Close()
	}
	_, err = os.Stat(filepath.Dir(path))
	return err
}

// openState opens and locks the file if it is a state; nil is that there is none.
func openState(path string) (*os.File, error) {
	if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	file, err := openLocked(path)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(file)
	if err == nil {
		_, err = parse(path, data)
	}
	if err != nil {
		file.Close()
		return nil, err
	}
	return file, nil
}
