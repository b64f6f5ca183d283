package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"

	"zombiezen.com/go/sqlite"

	"github.com/catbox-go/catbox/record"
)

// Files are the files that the record at path consists of while it is written.
func Files(path string) []string {
	return []string{path, path + "-wal", path + "-shm", path + "-journal"}
}

// place finds where a record at path is: at the end of its symbolic links. It
// is an error if there is something that is not a record, or one that another
// process uses.
func place(path string) (string, error) {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	real, err := filepath.EvalSymlinks(absolute)
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Lstat(absolute); err == nil {
			return "", fmt.Errorf("%s: a symbolic link to what is not there", record.Quote(path))
		}
		dir, err := filepath.EvalSymlinks(filepath.Dir(absolute))
		return filepath.Join(dir, filepath.Base(absolute)), err
	}
	if err != nil {
		return "", err
	}
	return real, replaceable(real)
}

// replaceable is an error if what is at path may not be replaced by a new
// record. It leaves the old one without a write-ahead log, which would be taken
// for the new one's.
func replaceable(path string) error {
	if st, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) || err == nil && st.Mode().IsRegular() && st.Size() == 0 {
		return nil
	}
	conn, _, err := openRecord(path, sqlite.OpenReadWrite)
	if err != nil {
		return err
	}
	conn.SetBusyTimeout(0) // whoever writes a record has it for the whole run
	err = journal(conn, "delete")
	if busy(err) {
		err = fmt.Errorf("%s is in use by another process", record.Quote(path))
	}
	return errors.Join(err, conn.Close())
}

// temporary makes an empty file in path's directory.
func temporary(path string) (string, error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".catbox-record-*")
	if err != nil {
		return "", err
	}
	return f.Name(), f.Close()
}

// canCreate is an error if no file can be made in path's directory.
func canCreate(path string) error {
	made, err := temporary(path)
	if err != nil {
		return err
	}
	return os.Remove(made)
}

// begin makes a record of the first event, if there is one, at path, in the stead of one that is
// there, and opens it for writing. The new one has all that before it gets the name.
func begin(path string, first record.Event) (*sqlite.Conn, error) {
	made, err := temporary(path)
	if err != nil {
		return nil, err
	}
	defer os.Remove(made) // not there any more once it has its name
	if err := makeRecord(made, first); err != nil {
		return nil, err
	}
	unlock, err := lockDir(filepath.Dir(path))
	if err != nil {
		return nil, err
	}
	defer unlock()
	if err := install(made, path); err != nil {
		return nil, err
	}
	return openWriter(path)
}

func makeRecord(path string, first record.Event) error {
	conn, err := openConn(path, sqlite.OpenReadWrite)
	if err != nil {
		return err
	}
	// No journal: nobody looks at it before it is whole.
	for _, pragma := range []string{"journal_mode = OFF", "synchronous = OFF"} {
		err = errors.Join(err, execute(conn, "PRAGMA "+pragma))
	}
	if err == nil {
		err = makeSchema(conn)
	}
	if err == nil {
		err = newTables(conn).batch(slices.DeleteFunc([]record.Event{first}, func(e record.Event) bool { return e == nil }))
	}
	if err == nil {
		_ = journal(conn, "wal") // where it cannot be had, openWriter does without
	}
	return errors.Join(err, conn.Close())
}

// Move gives the record from, which is closed, the name to, under the rules of
// Create: a record there is replaced, anything else is an error.
func Move(from, to string) error {
	path, err := place(to)
	if err != nil {
		return err
	}
	unlock, err := lockDir(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer unlock()
	return install(from, path)
}

// install gives made the name path. It keeps the mode of an old record, and
// removes the logs of one that was removed without them.
func install(made, path string) error {
	if err := replaceable(path); err != nil {
		return err
	}
	if st, err := os.Stat(path); err == nil {
		if err := os.Chmod(made, st.Mode().Perm()); err != nil {
			return err
		}
	}
	for _, log := range Files(path)[1:] {
		if err := os.Remove(log); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return os.Rename(made, path)
}

// lockDir keeps other writers from beginning a record in dir at the same time.
// Where the file system has no locks, they are on their own.
func lockDir(dir string) (unlock func(), err error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	for {
		if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != syscall.EINTR {
			return func() { f.Close() }, nil
		}
	}
}

// openWriter opens the record for the length of a run. Write-ahead mode is for
// its readers; where it cannot be had, a journal does.
func openWriter(path string) (*sqlite.Conn, error) {
	conn, err := openConn(path, sqlite.OpenReadWrite)
	if err != nil {
		return nil, err
	}
	if journal(conn, "wal") != nil {
		err = journal(conn, "truncate")
	}
	// What the kernel has been given outlives catbox; a power failure takes the
	// run with it. Close waits for the disk.
	for _, pragma := range []string{"synchronous = OFF", "cache_size = -65536", "temp_store = MEMORY", "foreign_keys = OFF"} {
		err = errors.Join(err, execute(conn, "PRAGMA "+pragma))
	}
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return conn, nil
}
