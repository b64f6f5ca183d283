package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"

	"zombiezen.com/go/sqlite"

	"github.com/catbox-go/catbox/record"
)

// errClosed is of an event for a Writer that was closed.
var errClosed = errors.New("the record is closed")

// Writer is a record.Sink that writes a record. It keeps the slices of an event
// until they are written: they must not be changed.
type Writer struct {
	path   string
	queue  *queue // nil before Begin or the first event
	old    string // another name of the record that was there, until there is an event
	told   bool   // there was one
	tables *tables
	done   chan struct{}
	once   sync.Once
	closed bool
	err    error
}

// Create returns a Writer for a record at path, in place of a record that is
// there. It is an error if there is anything else, or nothing can be made there;
// the file is made, and the old record replaced, with the first event or by Begin.
func Create(path string) (*Writer, error) {
	real, err := place(path)
	if err == nil {
		err = canCreate(real)
	}
	if err != nil {
		return nil, fmt.Errorf("create record: %w", err)
	}
	return &Writer{path: real}, nil
}

// Path is where the record is: the path that Create was given without symbolic links.
func (w *Writer) Path() string { return w.path }

// Event takes an event. It returns at once unless the disk is far behind: then
// it waits. An error may be of an event before.
func (w *Writer) Event(e record.Event) error {
	if w.err != nil {
		return w.err
	}
	if w.closed {
		return errClosed
	}
	if w.queue == nil {
		w.told = true
		w.err = w.begin(e)
		return w.err
	}
	if w.told = true; w.old != "" {
		os.Remove(w.old)
		w.old = ""
	}
	return w.queue.put(e)
}

// Begin makes the record's files before there is an event, for who has to protect
// them: those of Files that are there then are all that the record uses until Close.
// An old record comes back if there is no event.
func (w *Writer) Begin() error {
	if w.queue != nil {
		return nil
	}
	err := w.keepOld()
	if err != nil {
		return fmt.Errorf("begin record: %w", err)
	}
	if err = w.begin(nil); err == nil {
		err = touch(w.tables.conn)
	}
	return err
}

func (w *Writer) begin(first record.Event) error {
	conn, err := begin(w.path, first)
	if err != nil {
		return fmt.Errorf("begin record: %w", err)
	}
	w.tables, w.queue, w.done = newTables(conn), newQueue(), make(chan struct{})
	go w.write()
	return nil
}

// write is the goroutine that has the connection until the queue is closed. It works behind the programs
// that are recorded, which it must not keep from a processor while another is free: they run for a moment, and it
// for some milliseconds.
func (w *Writer) write() {
	defer close(w.done)
	background()
	for open := true; open; {
		var events []record.Event
		events, open = w.queue.take()
		if w.queue.failure() != nil {
			continue // wait for the close
		}
		if err := w.tables.batch(events); err != nil {
			w.queue.fail(fmt.Errorf("write record %s: %w", record.Quote(w.path), err))
		}
	}
}

// Close writes what is left and makes the record one file. It returns the first
// error of all. Without an event there is no record, and an old one stays.
func (w *Writer) Close() error {
	w.once.Do(func() {
		w.closed = true
		if w.queue == nil {
			return
		}
		w.queue.close()
		<-w.done
		w.err = w.queue.failure()
		if !w.told {
			w.err = errors.Join(w.err, w.tables.conn.Close(), w.discard())
			return
		}
		if err := finish(w.tables.conn); err != nil && w.err == nil {
			w.err = fmt.Errorf("close record %s: %w", record.Quote(w.path), err)
		}
	})
	return w.err
}

// keepOld gives a record that is there another name.
func (w *Writer) keepOld() error {
	if st, err := os.Stat(w.path); err != nil || st.Size() == 0 {
		return nil
	}
	name, err := temporary(w.path)
	if err == nil {
		err = os.Remove(name)
	}
	if err == nil {
		err = os.Link(w.path, name)
	}
	if err == nil {
		w.old = name
	}
	return err
}

// discard takes back what Begin did.
func (w *Writer) discard() error {
	var err error
	for _, f := range Files(w.path) {
		if e := os.Remove(f); e != nil && !errors.Is(e, fs.ErrNotExist) {
			err = errors.Join(err, e)
		}
	}
	if w.old != "" {
		err = errors.Join(err, os.Rename(w.old, w.path))
	}
	return err
}

// touch has SQLite make the files that it writes to.
func touch(conn *sqlite.Conn) error { return pragmaInt(conn, "user_version", Version) }

// finish makes one file of the database and its log, and waits for the disk. A
// reader who looks at it in this moment keeps the log in use: it then stays
// beside the file, and readers take it into account.
func finish(conn *sqlite.Conn) error {
	err := execute(conn, "CREATE INDEX IF NOT EXISTS access_path ON access (path, class, made, errno)")
	err = errors.Join(err, execute(conn, "PRAGMA synchronous = FULL"))
	if mode := journal(conn, "delete"); !busy(mode) {
		err = errors.Join(err, mode)
	}
	return errors.Join(err, conn.Close())
}
