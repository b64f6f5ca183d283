package store

import (
	"fmt"
	"syscall"
	"time"

	"zombiezen.com/go/sqlite"

	"github.com/catbox-go/catbox/record"
)

// accessKey is what makes two accesses the same row.
type accessKey struct {
	image, path, class, target int64
	errno                      syscall.Errno
}

// accessRow is what they add up to.
type accessRow struct {
	key         accessKey
	dir, made   bool
	mark        string
	count       int
	first, last time.Time
}

// accesses are those of a batch, added up, in the order in which they first came.
type accesses struct {
	rows  []accessRow
	index map[accessKey]int
}

func newAccesses() accesses { return accesses{index: map[accessKey]int{}} }

func (a *accesses) add(r accessRow) {
	i, there := a.index[r.key]
	if !there {
		a.index[r.key] = len(a.rows)
		a.rows = append(a.rows, r)
		return
	}
	a.rows[i].merge(r)
}

// merge adds what came later. A file that the run had not made the first time
// is an input, whatever it was later.
func (r *accessRow) merge(later accessRow) {
	r.count += later.count
	r.dir = r.dir || later.dir
	r.made = r.made && later.made
	if r.mark == "" {
		r.mark = later.mark
	}
	if r.first.IsZero() || !later.first.IsZero() && later.first.Before(r.first) {
		r.first = later.first
	}
	if later.last.After(r.last) {
		r.last = later.last
	}
}

func (t *tables) access(a record.Access) error {
	r := accessRow{
		key: accessKey{image: a.Image, errno: a.Errno}, dir: a.Dir, made: a.Made, mark: a.Mark,
		count: a.Count, first: a.First, last: a.Last,
	}
	var err error
	if r.key.path, err = t.paths.id(a.Path); err != nil {
		return err
	}
	if r.key.target, err = t.paths.id(a.To); err != nil {
		return err
	}
	if r.key.class, err = t.class(a.Class); err != nil {
		return err
	}
	t.accesses.add(r)
	return t.errno(a.Errno)
}

const upsertAccess = `INSERT INTO access (image, path, class, target, errno, directory, made, mark, count, first, last)
	VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
	ON CONFLICT DO UPDATE SET count = count + excluded.count,
		directory = max(directory, excluded.directory), made = min(made, excluded.made), mark = coalesce(mark, excluded.mark),
		first = min(coalesce(first, excluded.first), coalesce(excluded.first, first)),
		last = max(coalesce(last, excluded.last), coalesce(excluded.last, last))`

func (t *tables) flushAccesses() error {
	stmt, err := t.conn.Prepare(upsertAccess)
	if err != nil {
		return err
	}
	for i := range t.accesses.rows {
		if err := t.accesses.rows[i].write(stmt); err != nil {
			return err
		}
	}
	t.accesses.rows = t.accesses.rows[:0]
	clear(t.accesses.index)
	return nil
}

func (r *accessRow) write(stmt *sqlite.Stmt) error {
	for i, n := range []int64{r.key.image, r.key.path, r.key.class, r.key.target, int64(r.key.errno)} {
		stmt.BindInt64(i+1, n)
	}
	stmt.BindBool(6, r.dir)
	stmt.BindBool(7, r.made)
	if r.mark == "" {
		stmt.BindNull(8)
	} else {
		bindText(stmt, 8, r.mark)
	}
	stmt.BindInt64(9, int64(r.count))
	if err := bindTime(stmt, 10, r.first); err != nil {
		return fmt.Errorf("access of image %d: %w", r.key.image, err)
	}
	if err := bindTime(stmt, 11, r.last); err != nil {
		return fmt.Errorf("access of image %d: %w", r.key.image, err)
	}
	return run(stmt)
}

// class returns the number of a class. One that the schema does not have gets
// the next.
func (t *tables) class(c record.Class) (int64, error) {
	if t.classes == nil {
		if err := t.readClasses(); err != nil {
			return 0, err
		}
	}
	if id, ok := t.classes[c]; ok {
		return id, nil
	}
	id := int64(len(t.classes) + 1)
	t.classes[c] = id
	return id, t.insert("class", id, "INSERT INTO class (id, name) VALUES (?, ?)", id, string(c))
}

func (t *tables) readClasses() error {
	t.classes = map[record.Class]int64{}
	return rows(t.conn, "SELECT id, name FROM class", func(stmt *sqlite.Stmt) error {
		t.classes[record.Class(stmt.ColumnText(1))] = stmt.ColumnInt64(0)
		return nil
	})
}
