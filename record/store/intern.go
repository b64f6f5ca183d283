package store

import (
	"zombiezen.com/go/sqlite"
)

// knownBytes bounds the names that a writer keeps in memory: some 500,000 paths.
const knownBytes = 64 << 20

// ids gives each path its number. It remembers those that were used lately, and
// asks the database for others once it has had to forget any.
type ids struct {
	conn       *sqlite.Conn
	limit      int
	young, old map[string]int64 // what is used in old moves to young
	bytes      int              // in young
	next       int64            // 0: not known yet
	forgot     bool             // the database has paths that are in neither
}

func newIDs(conn *sqlite.Conn, limit int) *ids {
	return &ids{conn: conn, limit: limit / 2, young: map[string]int64{}}
}

// id returns the number of a path, which it makes if need be; 0 is for "".
func (n *ids) id(path string) (int64, error) {
	if path == "" {
		return 0, nil
	}
	if id, ok := n.young[path]; ok {
		return id, nil
	}
	if err := n.begin(); err != nil {
		return 0, err
	}
	id, ok := n.old[path]
	if !ok && n.forgot {
		var err error
		if id, err = n.lookUp(path); err != nil {
			return 0, err
		}
	}
	if id == 0 {
		if err := n.insert(path); err != nil {
			return 0, err
		}
		id = n.next
		n.next++
	}
	n.remember(path, id)
	return id, nil
}

// begin goes on after the paths that the database has.
func (n *ids) begin() error {
	if n.next != 0 {
		return nil
	}
	last, err := readInt(n.conn, "SELECT coalesce(max(id), 0) FROM path")
	n.next, n.forgot = last+1, last > 0
	return err
}

func (n *ids) remember(path string, id int64) {
	const overhead = 48 // of an entry of a map
	if n.bytes > n.limit {
		n.forgot = n.forgot || len(n.old) > 0
		n.old, n.young, n.bytes = n.young, map[string]int64{}, 0
	}
	n.young[path] = id
	n.bytes += len(path) + overhead
}

func (n *ids) insert(path string) error {
	stmt, err := n.conn.Prepare("INSERT INTO path (id, path) VALUES (?, ?)")
	if err != nil {
		return err
	}
	stmt.BindInt64(1, n.next)
	bindText(stmt, 2, path)
	return run(stmt)
}

// lookUp returns 0 for a path that is new.
func (n *ids) lookUp(path string) (int64, error) {
	stmt, err := n.conn.Prepare("SELECT id FROM path WHERE path = ?")
	if err != nil {
		return 0, err
	}
	bindText(stmt, 1, path)
	found, err := stmt.Step()
	id := int64(0)
	if found {
		id = stmt.ColumnInt64(0)
	}
	if reset := stmt.Reset(); err == nil {
		err = reset
	}
	return id, err
}

// run executes a statement that gives no rows, and makes it ready for the next time.
func run(stmt *sqlite.Stmt) error {
	_, err := stmt.Step()
	if reset := stmt.Reset(); err == nil {
		err = reset
	}
	return err
}
