package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"zombiezen.com/go/sqlite"
)

// errEnough ends the reading of rows.
var errEnough = errors.New("enough")

// QueryError says what is wrong with a query.
type QueryError struct{ Err error }

func (e *QueryError) Error() string { return e.Err.Error() }
func (e *QueryError) Unwrap() error { return e.Err }

// Query runs one SQL statement and calls f for each row, with the names of the
// columns and their values: nil, int64, float64, string, or []byte for a BLOB.
// Of columns with the same name the later ones are "NAME:1", "NAME:2".
//
// args are the values of the parameters: int, int64, bool, string, time.Time or nil.
//
// Whatever the statement says, it only reads, and reads nothing but the record.
// It ends with ctx, whose error is returned. Query returns f's first error as
// it is; what is wrong with the statement is a *QueryError.
func (s *Store) Query(ctx context.Context, sql string, args []any, f func(columns []string, row []any) error) error {
	conn, err := s.conn(ctx)
	if err != nil {
		return fmt.Errorf("query record: %w", err)
	}
	defer conn.Close()
	err = query(conn, sql, args, f)
	if ctx.Err() != nil && sqlite.ErrCode(err).ToPrimary() == sqlite.ResultInterrupt {
		return ctx.Err()
	}
	return err
}

// Columns returns the names of the columns that a query gives, which it does not run.
func (s *Store) Columns(ctx context.Context, sql string) ([]string, error) {
	conn, err := s.conn(ctx)
	if err != nil {
		return nil, fmt.Errorf("query record: %w", err)
	}
	defer conn.Close()
	stmt, columns, err := prepare(conn, sql)
	if err != nil {
		return nil, err
	}
	return columns, stmt.Finalize()
}

func query(conn *sqlite.Conn, sql string, args []any, f func([]string, []any) error) error {
	stmt, columns, err := prepare(conn, sql)
	if err != nil {
		return err
	}
	defer stmt.Finalize() // its error is that of Step
	if n := stmt.BindParamCount(); n != len(args) {
		return &QueryError{fmt.Errorf("the query has %d parameters, and there are %d values", n, len(args))}
	}
	for i, v := range args {
		if err := bind(stmt, i+1, v); err != nil {
			return &QueryError{err}
		}
	}
	for {
		more, err := stmt.Step()
		if err != nil {
			return &QueryError{plain(err)}
		}
		if !more {
			return nil
		}
		if err := f(columns, values(stmt)); err != nil {
			return err
		}
	}
}

// prepare takes exactly one statement.
func prepare(conn *sqlite.Conn, sql string) (*sqlite.Stmt, []string, error) {
	if strings.ContainsRune(sql, 0) {
		return nil, nil, &QueryError{errors.New("a NUL in the query")}
	}
	if err := readOnly(conn); err != nil {
		return nil, nil, err
	}
	stmt, trailing, err := conn.PrepareTransient(sql)
	switch {
	case sqlite.ErrCode(err).ToPrimary() == sqlite.ResultAuth:
		return nil, nil, &QueryError{errors.New("a record is only read: the query would do something else")}
	case err != nil:
		return nil, nil, &QueryError{plain(err)}
	}
	if stmt.ColumnCount() == 0 {
		stmt.Finalize()
		return nil, nil, &QueryError{errors.New("the query asks for nothing: it has to be a SELECT")}
	}
	if !blank(conn, sql[len(sql)-trailing:]) {
		stmt.Finalize()
		return nil, nil, &QueryError{errors.New("there is more than one statement")}
	}
	return stmt, columnNames(conn, stmt, sql[:len(sql)-trailing]), nil
}

// blank tells that there is nothing but spaces and comments.
func blank(conn *sqlite.Conn, sql string) bool {
	if strings.TrimSpace(sql) == "" {
		return true
	}
	stmt, _, err := conn.PrepareTransient(sql)
	if err != nil {
		return false
	}
	defer stmt.Finalize()
	return stmt.ColumnCount() == 0
}

// columnNames makes up for what sqlite.Stmt says of columns with the same name:
// the last has it, and the others have none. As those of a subquery they have
// different ones.
func columnNames(conn *sqlite.Conn, stmt *sqlite.Stmt, sql string) []string {
	names := namesOf(stmt)
	if !slices.Contains(names, "") {
		return names
	}
	outer, _, err := conn.PrepareTransient("SELECT * FROM (" + strings.TrimRight(sql, "; \t\r\n") + "\n)")
	if err != nil {
		return names
	}
	defer outer.Finalize()
	return namesOf(outer)
}

func namesOf(stmt *sqlite.Stmt) []string {
	names := make([]string, stmt.ColumnCount())
	for i := range names {
		names[i] = stmt.ColumnName(i)
	}
	return names
}

func values(stmt *sqlite.Stmt) []any {
	row := make([]any, stmt.ColumnCount())
	for i := range row {
		switch stmt.ColumnType(i) {
		case sqlite.TypeInteger:
			row[i] = stmt.ColumnInt64(i)
		case sqlite.TypeFloat:
			row[i] = stmt.ColumnFloat(i)
		case sqlite.TypeText:
			row[i] = stmt.ColumnText(i)
		case sqlite.TypeBlob:
			data := make([]byte, stmt.ColumnLen(i))
			stmt.ColumnBytes(i, data)
			row[i] = data
		}
	}
	return row
}

// readOnly is in addition to the file being open for reading: SQL can attach
// other files, and VACUUM INTO writes one.
func readOnly(conn *sqlite.Conn) error {
	if err := execute(conn, "PRAGMA query_only = ON"); err != nil {
		return err
	}
	return conn.SetAuthorizer(sqlite.AuthorizeFunc(authorize))
}

// pragmas are those that only tell something; with an argument, about a table.
var pragmas = map[string]bool{
	"table_info": true, "table_xinfo": true, "table_list": true, "index_list": true, "index_info": true, "index_xinfo": true,
	"database_list": true, "compile_options": true, "function_list": true, "integrity_check": true, "quick_check": true,
}

// readable are the pragmas that set something if they have an argument.
var readable = map[string]bool{
	"application_id": true, "user_version": true, "schema_version": true, "page_count": true, "page_size": true,
	"journal_mode": true, "encoding": true, "freelist_count": true,
}

func authorize(a sqlite.Action) sqlite.AuthResult {
	switch a.Type() {
	case sqlite.OpSelect, sqlite.OpRead, sqlite.OpFunction, sqlite.OpRecursive:
		return sqlite.AuthResultOK
	case sqlite.OpPragma:
		if pragmas[a.Pragma()] || readable[a.Pragma()] && a.PragmaArg() == "" {
			return sqlite.AuthResultOK
		}
	}
	return sqlite.AuthResultDeny
}
