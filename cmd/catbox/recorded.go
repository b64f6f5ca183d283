package main

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"

	"github.com/catbox-go/catbox/record"
	"github.com/catbox-go/catbox/record/store"
)

// eachEvent calls a function for every event of a record, and ends with the first error.
type eachEvent = func(func(record.Event) error) error

// recorded is a record to be read, and what it begins with, as far as there is one.
type recorded struct {
	start record.Start
	each  eachEvent
}

// openRecord opens a record: the recorder's file, or JSON lines; - reads these from
// standard input. What cannot be read in it is told by who reads it all.
func openRecord(ctx context.Context, path string) (*recorded, error) {
	if path == "-" {
		return readRecorded(os.Stdin), nil
	}
	lines, err := isJSON(path)
	if err != nil {
		return nil, err
	}
	if lines {
		return newRecorded(func(f func(record.Event) error) error { return decodeFile(path, f) }), nil
	}
	s, err := store.Open(path)
	if err != nil {
		return nil, err
	}
	return newRecorded(func(f func(record.Event) error) error { return s.Each(ctx, f) }), nil
}

// hintEmptyRecord says what a record is: an empty file has nothing to tell it by.
func hintEmptyRecord(err error) string {
	if !errors.Is(err, store.ErrEmpty) {
		return ""
	}
	return "a record is what 'catbox run --record FILE' makes, or its JSON lines ('catbox record export')"
}

// newRecorded looks at the first event.
func newRecorded(each eachEvent) *recorded {
	r := &recorded{each: each}
	_ = each(func(e record.Event) error {
		r.begin(e)
		return io.EOF
	})
	return r
}

// readRecorded is of what can be read only once.
func readRecorded(from io.Reader) *recorded {
	d := record.NewDecoder(from)
	first, err := d.Next()
	r := &recorded{each: func(f func(record.Event) error) error { return decode(d, first, err, f) }}
	r.begin(first)
	return r
}

func (r *recorded) begin(first record.Event) {
	if start, ok := first.(record.Start); ok {
		r.start = start
	}
}

// root is where the packages are that the command used: as it was asked for, or else the
// root directory that the command had.
func (r *recorded) root(asked string) string { return either(asked, either(r.start.Root, "/")) }

func isJSON(path string) (bool, error) {
	f, err := os.Open(path)
	if err != nil {
		return false, err
	}
	defer f.Close()
	first, err := bufio.NewReader(f).ReadByte()
	if errors.Is(err, io.EOF) {
		return false, nil // an empty file is no record
	}
	return first == '{', err
}

func decodeFile(path string, f func(record.Event) error) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	d := record.NewDecoder(file)
	first, err := d.Next()
	return decode(d, first, err, f)
}

// decode gives all events, of which the first was read already.
func decode(d *record.Decoder, e record.Event, err error, f func(record.Event) error) error {
	for ; err == nil; e, err = d.Next() {
		if err := f(e); err != nil {
			return err
		}
	}
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}
