package store

import (
	"zombiezen.com/go/sqlite"

	"github.com/catbox-go/catbox/record"
)

func (r *reader) images() error {
	const query = `SELECT i.id, i.process, i.previous, i.forked, i.time, i.program, p.path, p.dir, p.env_base, p.searched
		FROM image i JOIN program p ON p.id = i.program ORDER BY i.id`
	return rows(r.conn, query, func(stmt *sqlite.Stmt) error {
		i := record.Image{
			ID: stmt.ColumnInt64(0), Process: stmt.ColumnInt64(1), Previous: stmt.ColumnInt64(2), Forked: stmt.ColumnBool(3),
			Time: columnTime(stmt, 4), EnvBase: stmt.ColumnInt64(8), Searched: stmt.ColumnInt(9),
		}
		var err error
		if i.Path, err = r.names.name(stmt.ColumnInt64(6)); err != nil {
			return err
		}
		if i.Dir, err = r.names.name(stmt.ColumnInt64(7)); err != nil {
			return err
		}
		if err := r.program(&i, stmt.ColumnInt64(5)); err != nil {
			return err
		}
		return r.f(i)
	})
}

// program reads what the image has several of.
func (r *reader) program(i *record.Image, program int64) error {
	for _, list := range []struct {
		query string
		to    *[]string
		read  func(*sqlite.Stmt) (string, error)
	}{
		{"SELECT path FROM interpreter WHERE program = ? ORDER BY position", &i.Interpreters, r.columnName},
		{"SELECT argument FROM argument WHERE program = ? ORDER BY position", &i.Args, columnText},
		{"SELECT name, value FROM setting WHERE program = ? ORDER BY position", &i.Env, columnSetting},
		{"SELECT name FROM unsetting WHERE program = ? ORDER BY position", &i.EnvUnset, columnText},
	} {
		err := rows(r.conn, list.query, func(stmt *sqlite.Stmt) error {
			s, err := list.read(stmt)
			*list.to = append(*list.to, s)
			return err
		}, program)
		if err != nil {
			return err
		}
	}
	return nil
}

func columnText(stmt *sqlite.Stmt) (string, error) { return stmt.ColumnText(0), nil }

func (r *reader) columnName(stmt *sqlite.Stmt) (string, error) {
	return r.names.name(stmt.ColumnInt64(0))
}

func columnSetting(stmt *sqlite.Stmt) (string, error) {
	if stmt.ColumnIsNull(1) {
		return stmt.ColumnText(0), nil
	}
	return stmt.ColumnText(0) + "=" + stmt.ColumnText(1), nil
}

// loadedNames bounds the paths that a reader keeps in memory.
const loadedNames = 256 << 20

// names gives the path of each number: from memory for as many as were loaded,
// from the database for the others.
type names struct {
	conn   *sqlite.Conn
	loaded []string
}

// loadNames loads at most limit bytes of paths. They are numbered from 1 without gaps.
func loadNames(conn *sqlite.Conn, limit int) (*names, error) {
	n := &names{conn, []string{""}}
	err := rows(conn, "SELECT id, path FROM path ORDER BY id", func(stmt *sqlite.Stmt) error {
		if stmt.ColumnInt64(0) != int64(len(n.loaded)) || limit <= 0 {
			return errEnough
		}
		path := stmt.ColumnText(1)
		limit -= len(path) + 16
		n.loaded = append(n.loaded, path)
		return nil
	})
	if err == errEnough {
		err = nil
	}
	return n, err
}

func (n *names) name(id int64) (string, error) {
	if 0 <= id && id < int64(len(n.loaded)) {
		return n.loaded[id], nil
	}
	path := ""
	err := rows(n.conn, "SELECT path FROM path WHERE id = ?", func(stmt *sqlite.Stmt) error {
		path = stmt.ColumnText(0)
		return nil
	}, id)
	return path, err
}
