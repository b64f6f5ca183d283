package fakeroot

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
)

// Format is how a state is written.
type Format int

const (
	// JSON has all of a state: a line that says so, then a line for each entry,
	// or for each change of one: the last holds.
	JSON Format = iota
	// Text is what fakeroot(1) writes with -s and reads with -i. What has no
	// place in it follows in lines that fakeroot does not read.
	Text
)

var errForeign = errors.New("not the state of a fake root")

const wantEither = `a line "dev=...,ino=...,..." of fakeroot(1), or ` + header

// Load reads the state in a file of either format. An empty file is an empty
// state, as for fakeroot(1). What is not understood is a [FormatError].
func Load(path string) (*State, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return parse(path, data)
}

// Read is Load of what is open already; name is used in errors.
func Read(r io.Reader, name string) (*State, error) {
	data, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return parse(name, data)
}

func parse(name string, data []byte) (*State, error) {
	format, err := recognise(name, data)
	if err != nil {
		return nil, err
	}
	s := New()
	if format == Text {
		err = s.parseText(name, data)
	} else {
		_, err = s.parseJournal(name, data)
	}
	if err != nil {
		return nil, err
	}
	return s, nil
}

// recognise tells the format from how the content begins. Nothing at all is JSON.
func recognise(name string, data []byte) (Format, error) {
	begin := bytes.TrimLeft(data, spaces)
	switch {
	case bytes.HasPrefix(begin, []byte("dev=")):
		return Text, nil
	case len(begin) == 0, begin[0] == '{':
		return JSON, nil
	}
	return 0, &FormatError{name, 1, errForeign, wantEither}
}

// Write writes all of the state.
func (s *State) Write(w io.Writer, f Format) error {
	if f == Text {
		return writeText(w, s.Entries())
	}
	return writeJSON(w, s.Entries())
}

// Warnings are what came up that is no error: [CutOff], [NotCompacted].
func (s *State) Warnings() []error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return append([]error(nil), s.warnings...)
}

func (s *State) warn(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.warnings = append(s.warnings, err)
}
