package store

import (
	"crypto/sha256"
	"fmt"
	"syscall"

	"zombiezen.com/go/sqlite"

	"github.com/catbox-go/catbox/record"
)

// tables writes events into the tables, on the writer's goroutine.
type tables struct {
	conn     *sqlite.Conn
	paths    *ids
	classes  map[record.Class]int64
	errnos   map[syscall.Errno]bool
	programs map[[sha256.Size]byte]int64
	accesses accesses
}

func newTables(conn *sqlite.Conn) *tables {
	return &tables{
		conn: conn, paths: newIDs(conn, knownBytes), errnos: map[syscall.Errno]bool{},
		programs: map[[sha256.Size]byte]int64{}, accesses: newAccesses(),
	}
}

// batch writes events in one transaction.
func (t *tables) batch(events []record.Event) error {
	err := execute(t.conn, "BEGIN IMMEDIATE")
	if err != nil {
		return err
	}
	for _, e := range events {
		if err := t.event(e); err != nil {
			_ = execute(t.conn, "ROLLBACK") // the error is the first one
			return plain(err)
		}
	}
	if err := t.flushAccesses(); err != nil {
		_ = execute(t.conn, "ROLLBACK")
		return plain(err)
	}
	return execute(t.conn, "COMMIT")
}

func (t *tables) event(e record.Event) error {
	switch e := e.(type) {
	case record.Access:
		return t.access(e)
	case record.Image:
		return t.image(e)
	case record.Process:
		return t.process(e)
	case record.Exit:
		return t.exit(e)
	case record.Call:
		return t.call(e)
	case record.Network:
		return t.network(e)
	case record.Violation:
		return t.violation(e)
	case record.Blind:
		return t.blind(e)
	case record.Start:
		return t.start(e)
	case record.End:
		return t.insert("end", 1, "INSERT INTO finish (id, time, exit, signal, calls) VALUES (?, ?, ?, ?, ?)",
			1, e.Time, e.Exit, textOrNull(record.SignalName(e.Signal)), int64(e.Calls))
	}
	return fmt.Errorf("an event of type %s, a %T", e.Kind(), e)
}

// insert runs query; what and id are what a message says of a row that is there.
func (t *tables) insert(what string, id int64, query string, values ...any) error {
	stmt, err := t.conn.Prepare(query)
	if err != nil {
		return err
	}
	for i, v := range values {
		if err := bind(stmt, i+1, v); err != nil {
			return fmt.Errorf("%s %d: %w", what, id, err)
		}
	}
	err = run(stmt)
	switch sqlite.ErrCode(err) {
	case sqlite.ResultConstraintPrimaryKey, sqlite.ResultConstraintRowID:
		return fmt.Errorf("%s %d was told before", what, id)
	}
	return err
}

// told is an error for a reference to what cannot have been told before.
func told(what string, id int64, refers string, to int64) error {
	switch {
	case id <= 0:
		return fmt.Errorf("%s %d: they count from 1", what, id)
	case to < 0 || to >= id:
		return fmt.Errorf("%s %d refers to %s %d, which cannot have been told before", what, id, refers, to)
	}
	return nil
}

func (t *tables) start(s record.Start) error {
	dir, err := t.paths.id(s.Dir)
	if err != nil {
		return err
	}
	err = t.insert("start", 1, "INSERT INTO start (id, time, dir, root, version, system, detail) VALUES (?, ?, ?, ?, ?, ?, ?)",
		1, s.Time, dir, s.Root, s.Version, s.System, s.Detail)
	for i, arg := range s.Args {
		if err == nil {
			err = t.insert("argument", int64(i), "INSERT INTO start_argument (position, argument) VALUES (?, ?)", i, arg)
		}
	}
	return err
}

func (t *tables) process(p record.Process) error {
	if err := told("process", p.ID, "process", p.Parent); err != nil {
		return err
	}
	return t.insert("process", p.ID, "INSERT INTO process (id, parent, pid, time) VALUES (?, ?, ?, ?)",
		p.ID, orNull(p.Parent), p.PID, p.Time)
}

func (t *tables) exit(x record.Exit) error {
	return t.insert("the exit of process", x.Process,
		"INSERT INTO exit (process, time, known, status, signal, user, system, max_rss) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
		x.Process, x.Time, x.Known, x.Status, textOrNull(record.SignalName(x.Signal)), int64(x.User), int64(x.System), x.MaxRSS)
}

func (t *tables) call(c record.Call) error {
	return t.insert("call of image", c.Image,
		`INSERT INTO call (image, name, mark, count, first, last) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT DO UPDATE SET count = count + excluded.count,
			first = min(coalesce(first, excluded.first), coalesce(excluded.first, first)),
			last = max(coalesce(last, excluded.last), coalesce(excluded.last, last))`,
		c.Image, c.Name, c.Mark, c.Count, c.First, c.Last)
}

func (t *tables) network(n record.Network) error {
	if err := t.errno(n.Errno); err != nil {
		return err
	}
	return t.insert("network of image", n.Image,
		`INSERT INTO contact (image, operation, destination, errno, count, first, last) VALUES (?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT DO UPDATE SET count = count + excluded.count,
			first = min(coalesce(first, excluded.first), coalesce(excluded.first, first)),
			last = max(coalesce(last, excluded.last), coalesce(excluded.last, last))`,
		n.Image, string(n.Operation), n.Destination, int(n.Errno), n.Count, n.First, n.Last)
}

func (t *tables) violation(v record.Violation) error {
	if err := t.errno(v.Errno); err != nil {
		return err
	}
	return t.insert("violation", int64(v.Seq),
		`INSERT INTO violation (seq, time, operation, call, path, canonical, errno, action, program, pid)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		v.Seq, v.Time, string(v.Operation), v.Call, v.Path, v.Canonical, int(v.Errno), string(v.Action), v.Program, v.PID)
}

func (t *tables) blind(b record.Blind) error {
	return t.insert("blind of process", b.Process,
		`INSERT INTO blindness (time, what, by, process, count) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT DO UPDATE SET count = count + excluded.count,
			time = min(coalesce(time, excluded.time), coalesce(excluded.time, time))`,
		b.Time, b.What, b.By, b.Process, b.Count)
}

// errno has the name in the record of an error that is referred to.
func (t *tables) errno(e syscall.Errno) error {
	if e == 0 || t.errnos[e] {
		return nil
	}
	t.errnos[e] = true
	return t.insert("errno", int64(e), "INSERT OR IGNORE INTO errno (number, name) VALUES (?, ?)", int(e), record.ErrnoName(e))
}
