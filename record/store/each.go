package store

import (
	"context"
	"fmt"
	"syscall"
	"time"

	"zombiezen.com/go/sqlite"

	"github.com/catbox-go/catbox/record"
)

// Each calls f for every event, in an order in which each comes after those that
// it refers to: start, processes, images, accesses (of an image together, each
// with its whole count), calls, network, violations, blindness, exits, end. It stops
// at f's first error, and returns it.
func (s *Store) Each(ctx context.Context, f func(record.Event) error) error {
	conn, err := s.conn(ctx)
	if err != nil {
		return fmt.Errorf("read record: %w", err)
	}
	defer conn.Close()
	var failed error // of f, which is returned as it is
	r := &reader{conn: conn, f: func(e record.Event) error {
		failed = f(e)
		return failed
	}}
	err = r.all()
	switch {
	case err == nil || failed != nil:
		return failed
	case ctx.Err() != nil:
		return ctx.Err()
	}
	return fmt.Errorf("read record %s: %w", record.Quote(s.path), err)
}

// reader turns rows into events.
type reader struct {
	conn    *sqlite.Conn
	f       func(record.Event) error
	names   *names
	classes map[int64]record.Class
	errnos  map[int64]syscall.Errno
}

func (r *reader) all() error {
	// One transaction, so that all tables are of the same moment.
	if err := execute(r.conn, "BEGIN"); err != nil {
		return err
	}
	for _, step := range []func() error{
		r.load, r.start, r.loadNames, r.processes, r.images, r.accesses, r.calls, r.network, r.violations, r.blind, r.exits, r.end,
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return execute(r.conn, "COMMIT")
}

func (r *reader) load() error {
	r.classes, r.errnos = map[int64]record.Class{}, map[int64]syscall.Errno{}
	err := rows(r.conn, "SELECT id, name FROM class", func(stmt *sqlite.Stmt) error {
		r.classes[stmt.ColumnInt64(0)] = record.Class(stmt.ColumnText(1))
		return nil
	})
	if err != nil {
		return err
	}
	return rows(r.conn, "SELECT number, name FROM errno", func(stmt *sqlite.Stmt) error {
		r.errnos[stmt.ColumnInt64(0)] = record.ErrnoByName(stmt.ColumnText(1))
		return nil
	})
}

// loadNames comes after the start: who wants no more than that need not wait for it.
func (r *reader) loadNames() (err error) {
	r.names, err = loadNames(r.conn, loadedNames)
	return err
}

func (r *reader) start() error {
	var args []string
	err := rows(r.conn, "SELECT argument FROM start_argument ORDER BY position", func(stmt *sqlite.Stmt) error {
		args = append(args, stmt.ColumnText(0))
		return nil
	})
	if err != nil {
		return err
	}
	root, err := r.since(2, "s.root")
	if err != nil {
		return err
	}
	query := "SELECT s.time, p.path, s.version, s.system, s.detail, " + root + " FROM start s LEFT JOIN path p ON p.id = s.dir"
	return rows(r.conn, query, func(stmt *sqlite.Stmt) error {
		return r.f(record.Start{
			Time: columnTime(stmt, 0), Args: args, Dir: stmt.ColumnText(1), Version: stmt.ColumnText(2),
			System: stmt.ColumnText(3), Detail: stmt.ColumnText(4), Root: stmt.ColumnText(5),
		})
	})
}

// since is a column of text that records have from that version of the schema on, or what is
// empty in older ones.
func (r *reader) since(version int64, column string) (string, error) {
	old, err := r.before(version)
	if old {
		return "''", err
	}
	return column, err
}

// before tells whether the record's schema is older than that version.
func (r *reader) before(version int64) (bool, error) {
	own, err := readInt(r.conn, "PRAGMA user_version")
	return own < version, err
}

func (r *reader) processes() error {
	return rows(r.conn, "SELECT id, parent, pid, time FROM process ORDER BY id", func(stmt *sqlite.Stmt) error {
		return r.f(record.Process{
			ID: stmt.ColumnInt64(0), Parent: stmt.ColumnInt64(1), PID: stmt.ColumnInt(2), Time: columnTime(stmt, 3),
		})
	})
}

func (r *reader) accesses() error {
	const query = `SELECT image, class, path, target, errno, directory, made, mark, count, first, last
		FROM access ORDER BY image, path, class, target, errno`
	return rows(r.conn, query, func(stmt *sqlite.Stmt) error {
		a := record.Access{
			Image: stmt.ColumnInt64(0), Class: r.classes[stmt.ColumnInt64(1)], Errno: r.errnos[stmt.ColumnInt64(4)],
			Dir: stmt.ColumnBool(5), Made: stmt.ColumnBool(6), Count: stmt.ColumnInt(8),
			First: columnTime(stmt, 9), Last: columnTime(stmt, 10),
		}
		if !stmt.ColumnIsNull(7) {
			a.Mark = stmt.ColumnText(7)
		}
		var err error
		if a.Path, err = r.names.name(stmt.ColumnInt64(2)); err != nil {
			return err
		}
		if a.To, err = r.names.name(stmt.ColumnInt64(3)); err != nil {
			return err
		}
		return r.f(a)
	})
}

func (r *reader) calls() error {
	if old, err := r.before(3); old || err != nil {
		return err // it has no such table
	}
	return rows(r.conn, "SELECT image, name, mark, count, first, last FROM call ORDER BY id", func(stmt *sqlite.Stmt) error {
		return r.f(record.Call{
			Image: stmt.ColumnInt64(0), Name: stmt.ColumnText(1), Mark: stmt.ColumnText(2), Count: stmt.ColumnInt(3),
			First: columnTime(stmt, 4), Last: columnTime(stmt, 5),
		})
	})
}

func (r *reader) network() error {
	const query = "SELECT image, operation, destination, errno, count, first, last FROM contact ORDER BY id"
	return rows(r.conn, query, func(stmt *sqlite.Stmt) error {
		return r.f(record.Network{
			Image: stmt.ColumnInt64(0), Operation: record.Operation(stmt.ColumnText(1)), Destination: stmt.ColumnText(2),
			Errno: r.errnos[stmt.ColumnInt64(3)], Count: stmt.ColumnInt(4), First: columnTime(stmt, 5), Last: columnTime(stmt, 6),
		})
	})
}

func (r *reader) violations() error {
	const query = "SELECT seq, time, operation, call, path, canonical, errno, action, program, pid FROM violation ORDER BY seq"
	return rows(r.conn, query, func(stmt *sqlite.Stmt) error {
		return r.f(record.Violation{
			Seq: stmt.ColumnInt(0), Time: columnTime(stmt, 1), Operation: record.Operation(stmt.ColumnText(2)),
			Call: stmt.ColumnText(3), Path: stmt.ColumnText(4), Canonical: stmt.ColumnText(5),
			Errno: r.errnos[stmt.ColumnInt64(6)], Action: record.Action(stmt.ColumnText(7)),
			Program: stmt.ColumnText(8), PID: stmt.ColumnInt(9),
		})
	})
}

func (r *reader) blind() error {
	return rows(r.conn, "SELECT time, what, by, process, count FROM blindness ORDER BY id", func(stmt *sqlite.Stmt) error {
		return r.f(record.Blind{
			Time: columnTime(stmt, 0), What: stmt.ColumnText(1), By: stmt.ColumnText(2),
			Process: stmt.ColumnInt64(3), Count: stmt.ColumnInt(4),
		})
	})
}

func (r *reader) exits() error {
	const query = "SELECT process, time, known, status, signal, user, system, max_rss FROM exit ORDER BY time, process"
	return rows(r.conn, query, func(stmt *sqlite.Stmt) error {
		return r.f(record.Exit{
			Process: stmt.ColumnInt64(0), Time: columnTime(stmt, 1), Known: stmt.ColumnBool(2), Status: stmt.ColumnInt(3),
			Signal: record.SignalByName(stmt.ColumnText(4)),
			User:   time.Duration(stmt.ColumnInt64(5)), System: time.Duration(stmt.ColumnInt64(6)), MaxRSS: stmt.ColumnInt64(7),
		})
	})
}

func (r *reader) end() error {
	return rows(r.conn, "SELECT time, exit, signal, calls FROM finish", func(stmt *sqlite.Stmt) error {
		return r.f(record.End{
			Time: columnTime(stmt, 0), Exit: stmt.ColumnInt(1), Signal: record.SignalByName(stmt.ColumnText(2)),
			Calls: uint64(stmt.ColumnInt64(3)),
		})
	})
}
