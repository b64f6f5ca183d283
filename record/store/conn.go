package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"github.com/catbox-go/catbox/record"
)

// busyTimeout is how long another process may have the file locked, which it
// does for moments only.
const busyTimeout = 2 * time.Second

// openConn opens the database at path, which must be absolute: SQLite could take
// another for a URI.
func openConn(path string, flags sqlite.OpenFlags) (*sqlite.Conn, error) {
	conn, err := sqlite.OpenConn(path, flags)
	if err != nil {
		return nil, plain(err)
	}
	conn.SetBusyTimeout(busyTimeout)
	return conn, nil
}

// notRecordError is of a file that has something else in it.
type notRecordError struct {
	path string
	why  error
}

func (e *notRecordError) Error() string {
	return fmt.Sprintf("%s is not a record: %s", record.Quote(e.path), e.why)
}

// ErrEmpty says that a file has nothing in it. A record never has: it gets its name
// when it has its schema.
var ErrEmpty = errors.New("the file is empty")

func (e *notRecordError) Unwrap() error { return e.why }

// openRecord opens the record at path and returns the version of its schema.
// The file is looked at through SQLite only: to close another descriptor of it
// would give up the locks of this process (fcntl_locking(2)).
func openRecord(path string, flags sqlite.OpenFlags) (*sqlite.Conn, int, error) {
	if err := regular(path); err != nil {
		return nil, 0, err
	}
	absolute, err := filepath.Abs(path)
	if err != nil {
		return nil, 0, err
	}
	conn, err := openConn(absolute, flags)
	if err != nil {
		return nil, 0, fmt.Errorf("%s: %w", record.Quote(path), err)
	}
	version, err := recordVersion(conn, path)
	if err != nil {
		return nil, 0, errors.Join(err, conn.Close())
	}
	return conn, version, nil
}

// regular is an error if there is no regular file at path, or an empty one.
func regular(path string) error {
	st, err := os.Stat(path)
	var failed *fs.PathError
	switch {
	case errors.As(err, &failed):
		return fmt.Errorf("%s: %w", record.Quote(path), failed.Err)
	case err != nil:
		return err
	case !st.Mode().IsRegular():
		return &notRecordError{path, errors.New("not a regular file")}
	case st.Size() == 0:
		return &notRecordError{path, ErrEmpty}
	}
	return nil
}

func recordVersion(conn *sqlite.Conn, path string) (int, error) {
	id, err := readInt(conn, "PRAGMA application_id")
	switch {
	case sqlite.ErrCode(err).ToPrimary() == sqlite.ResultNotADB:
		return 0, &notRecordError{path, errors.New("not an SQLite database")}
	case err != nil:
		return 0, fmt.Errorf("%s: %w", record.Quote(path), err)
	case id != applicationID:
		return 0, &notRecordError{path, errors.New("an SQLite database of another program")}
	}
	version, err := readInt(conn, "PRAGMA user_version")
	if err != nil {
		return 0, fmt.Errorf("%s: %w", record.Quote(path), err)
	}
	return int(version), nil
}

func readInt(conn *sqlite.Conn, query string) (int64, error) {
	var n int64
	err := sqlitex.ExecuteTransient(conn, query, &sqlitex.ExecOptions{
		ResultFunc: func(stmt *sqlite.Stmt) error {
			n = stmt.ColumnInt64(0)
			return nil
		},
	})
	return n, plain(err)
}

func pragmaInt(conn *sqlite.Conn, name string, value int) error {
	return execute(conn, fmt.Sprintf("PRAGMA %s = %d", name, value))
}

// journal sets the mode in which the file is written: an error if it stays another.
func journal(conn *sqlite.Conn, mode string) error {
	got := ""
	err := sqlitex.ExecuteTransient(conn, "PRAGMA journal_mode = "+mode, &sqlitex.ExecOptions{
		ResultFunc: func(stmt *sqlite.Stmt) error {
			got = stmt.ColumnText(0)
			return nil
		},
	})
	if err == nil && got != mode {
		err = fmt.Errorf("the journal mode stays %s", got)
	}
	return plain(err)
}

func execute(conn *sqlite.Conn, query string) error {
	return plain(sqlitex.ExecuteTransient(conn, query, nil))
}

// busy tells that another process or connection has the file in use.
func busy(err error) bool {
	code := sqlite.ErrCode(err).ToPrimary()
	return err != nil && (code == sqlite.ResultBusy || code == sqlite.ResultLocked)
}
