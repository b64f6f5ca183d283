package store

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"zombiezen.com/go/sqlite"
)

// bindText has what is not UTF-8 be a BLOB: languages that hold text in UTF-8
// fail to read such a TEXT, and with it the row.
func bindText(stmt *sqlite.Stmt, param int, s string) {
	if utf8.ValidString(s) {
		stmt.BindText(param, s)
	} else {
		stmt.BindBytes(param, []byte(s))
	}
}

// bind takes int, int64, bool, string, a *string and time.Time, where nil and
// the zero time are NULL.
func bind(stmt *sqlite.Stmt, param int, value any) error {
	switch v := value.(type) {
	case int:
		stmt.BindInt64(param, int64(v))
	case int64:
		stmt.BindInt64(param, v)
	case bool:
		stmt.BindBool(param, v)
	case string:
		bindText(stmt, param, v)
	case time.Time:
		return bindTime(stmt, param, v)
	case nil:
		stmt.BindNull(param)
	default:
		return fmt.Errorf("no SQL type for a %T", value)
	}
	return nil
}

// The times that nanoseconds in 64 bits can say: the years 1678 to 2261.
var (
	earliest = time.Date(1678, 1, 1, 0, 0, 0, 0, time.UTC)
	latest   = time.Date(2262, 1, 1, 0, 0, 0, 0, time.UTC)
)

func bindTime(stmt *sqlite.Stmt, param int, t time.Time) error {
	switch {
	case t.IsZero():
		stmt.BindNull(param)
	case t.Before(earliest) || !t.Before(latest):
		return fmt.Errorf("the year %d is out of range", t.Year())
	default:
		stmt.BindInt64(param, t.UnixNano())
	}
	return nil
}

func columnTime(stmt *sqlite.Stmt, column int) time.Time {
	if stmt.ColumnIsNull(column) {
		return time.Time{}
	}
	return time.Unix(0, stmt.ColumnInt64(column)).UTC()
}

// orNull is NULL for a reference to nothing.
func orNull(id int64) any {
	if id == 0 {
		return nil
	}
	return id
}

// textOrNull is NULL for "".
func textOrNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// plainErr is an error of SQLite without what the Go package puts around it.
type plainErr struct {
	text string
	err  error
}

func (e *plainErr) Error() string { return e.text }
func (e *plainErr) Unwrap() error { return e.err }

// plain takes "sqlite: prepare: " and the words that say nothing from an error,
// whose code stays what it was.
func plain(err error) error {
	var already *plainErr
	if err == nil || errors.As(err, &already) || !strings.HasPrefix(err.Error(), "sqlite") {
		return err
	}
	text := err.Error()
	for _, noise := range []string{"sqlite: ", "sqlitex: ", "prepare: ", "step: ", "reset: ", "bind: ", "SQL logic error: "} {
		text = strings.Replace(text, noise, "", 1)
	}
	return &plainErr{text, err}
}
