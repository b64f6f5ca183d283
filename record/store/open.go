package store

import (
	"context"
	"fmt"

	"zombiezen.com/go/sqlite"

	"github.com/catbox-go/catbox/record"
)

// Store is a record to be read. It may be used by several goroutines: each call
// has a connection of its own, and sees the record as it is at its beginning,
// also while a run is being recorded.
type Store struct {
	path string
}

// Open returns the record at path. It is an error if there is none, if the file
// is something else, or if a newer catbox has written it.
func Open(path string) (*Store, error) {
	s := &Store{path}
	conn, err := s.conn(context.Background())
	if err != nil {
		return nil, fmt.Errorf("open record: %w", err)
	}
	return s, conn.Close()
}

// Close ends the use of the record.
func (s *Store) Close() error { return nil }

// conn opens the record for reading until ctx is done.
func (s *Store) conn(ctx context.Context) (*sqlite.Conn, error) {
	conn, version, err := openRecord(s.path, sqlite.OpenReadOnly)
	if err != nil && sqlite.ErrCode(err).ToPrimary() == sqlite.ResultReadOnly {
		conn, version, err = s.recovered()
	}
	if err != nil {
		return nil, err
	}
	if version > Version {
		conn.Close()
		return nil, fmt.Errorf("%s was written by a newer catbox: its schema is version %d, and this catbox knows up to %d",
			record.Quote(s.path), version, Version)
	}
	conn.SetInterrupt(ctx.Done())
	return conn, nil
}

// recovered opens a record that a catbox without a write-ahead log was writing
// when it was killed. To take back the last batch it has to be written to.
func (s *Store) recovered() (*sqlite.Conn, int, error) {
	conn, _, err := openRecord(s.path, sqlite.OpenReadWrite)
	if err != nil {
		return nil, 0, fmt.Errorf("what was begun when it was killed has to be taken back: %w", err)
	}
	if err := conn.Close(); err != nil {
		return nil, 0, err
	}
	return openRecord(s.path, sqlite.OpenReadOnly)
}

// rows calls f for each row that the query gives.
func rows(conn *sqlite.Conn, query string, f func(*sqlite.Stmt) error, values ...any) error {
	stmt, err := conn.Prepare(query)
	if err != nil {
		return plain(err)
	}
	for i, v := range values {
		if err := bind(stmt, i+1, v); err != nil {
			return err
		}
	}
	defer stmt.Reset() // its error is that of Step
	for {
		more, err := stmt.Step()
		if err != nil || !more {
			return plain(err)
		}
		if err := f(stmt); err != nil {
			return err
		}
	}
}
