package store_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"github.com/catbox-go/catbox/record"
	"github.com/catbox-go/catbox/record/store"
)

// files are the names in a directory.
func files(t *testing.T, dir string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func version(t *testing.T, path string) string {
	t.Helper()
	for _, e := range read(t, path) {
		if start, is := e.(record.Start); is {
			return start.Version
		}
	}
	return "no start"
}

func database(t *testing.T, path, script string) {
	t.Helper()
	conn, err := sqlite.OpenConn(path, sqlite.OpenReadWrite, sqlite.OpenCreate)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(sqlitex.ExecuteScript(conn, script, nil), conn.Close()); err != nil {
		t.Fatal(err)
	}
}

func TestWhatIsNoRecordStaysAsItIs(t *testing.T) {
	for _, test := range []struct {
		name, want string
		make       func(t *testing.T, path string)
	}{
		{"text", "not an SQLite database", func(t *testing.T, path string) { put(t, path, "precious\n") }},
		{"long text", "not an SQLite database", func(t *testing.T, path string) { put(t, path, strings.Repeat("precious\n", 9999)) }},
		{"database", "an SQLite database of another program", func(t *testing.T, path string) {
			database(t, path, "CREATE TABLE precious (a); INSERT INTO precious VALUES (1);")
		}},
		{"directory", "not a regular file", func(t *testing.T, path string) {
			if err := os.Mkdir(path, 0o755); err != nil {
				t.Fatal(err)
			}
		}},
		{"device", "not a regular file", func(t *testing.T, path string) { link(t, "/dev/null", path) }},
		{"nowhere", "a symbolic link to what is not there", func(t *testing.T, path string) { link(t, "nowhere", path) }},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "file")
			test.make(t, path)
			before, _ := os.ReadFile(path)
			if _, err := store.Create(path); err == nil || !strings.HasSuffix(err.Error(), test.want) {
				t.Errorf("got %v, want %s", err, test.want)
			}
			if after, _ := os.ReadFile(path); string(after) != string(before) {
				t.Error("the file was changed")
			}
			if diff := cmp.Diff([]string{"file"}, files(t, dir)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func put(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func link(t *testing.T, to, path string) {
	t.Helper()
	if err := os.Symlink(to, path); err != nil {
		t.Fatal(err)
	}
}

func TestNothingCanBeMadeThere(t *testing.T) {
	for _, path := range []string{"/nonexistent/run.db", "/proc/run.db", "/dev/null/run.db"} {
		if _, err := store.Create(path); err == nil {
			t.Errorf("%s can be made", path)
		}
	}
}

func TestARecordIsReplacedWhenTheNewOneBegins(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "run.db")
	write(t, path, []record.Event{record.Start{Version: "old"}})
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	link(t, "run.db", filepath.Join(dir, "link"))

	w, err := store.Create(filepath.Join(dir, "link"))
	if err != nil {
		t.Fatal(err)
	}
	if got := version(t, path); got != "old" || w.Path() != path {
		t.Errorf("after Create there is %s, %s", got, w.Path())
	}
	if err := w.Event(record.Start{Version: "new"}); err != nil {
		t.Fatal(err)
	}
	if got := version(t, path); got != "new" {
		t.Errorf("after the first event there is %s", got)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"link", "run.db"}, files(t, dir)); diff != "" {
		t.Error(diff)
	}
	if st, err := os.Stat(path); err != nil || st.Mode() != 0o640 {
		t.Errorf("%v, %v", st.Mode(), err)
	}
}

func TestWithoutEventsThereIsNoRecord(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "run.db")
	for _, old := range []string{"", "old"} {
		if old != "" {
			write(t, path, []record.Event{record.Start{Version: old}})
		}
		w, err := store.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(w.Close(), w.Close()); err != nil {
			t.Fatal(err)
		}
		if err := w.Event(record.Start{}); err == nil {
			t.Error("an event after Close")
		}
	}
	if got := version(t, path); got != "old" {
		t.Error(got)
	}
	if diff := cmp.Diff([]string{"run.db"}, files(t, dir)); diff != "" {
		t.Error(diff)
	}
}

func TestANewRecordIsForItsOwner(t *testing.T) {
	path := filepath.Join(t.TempDir(), "run.db")
	write(t, path, []record.Event{record.Start{}})
	if st, err := os.Stat(path); err != nil || st.Mode() != 0o600 {
		t.Errorf("%v, %v", st.Mode(), err)
	}
}

func TestAnEmptyFileIsReplaced(t *testing.T) {
	path := filepath.Join(t.TempDir(), "run.db")
	put(t, path, "")
	write(t, path, []record.Event{record.Start{Version: "new"}})
	if got := version(t, path); got != "new" {
		t.Error(got)
	}
}

// What is left of a record that was removed without its log is not taken for the new one's.
func TestAStrangeLogIsNotRead(t *testing.T) {
	dir := t.TempDir()
	path, other := filepath.Join(dir, "run.db"), filepath.Join(dir, "other.db")
	w, err := store.Create(other)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Event(record.Start{Version: "other"}); err != nil {
		t.Fatal(err)
	}
	if err := w.Event(record.Process{ID: 1}); err != nil {
		t.Fatal(err)
	}
	waitFor(t, other, 2)
	log, err := os.ReadFile(other + "-wal")
	if err != nil || len(log) == 0 {
		t.Fatal(len(log), err)
	}
	put(t, path+"-wal", string(log))
	write(t, path, []record.Event{record.Start{Version: "new"}})
	if diff := cmp.Diff([]record.Event{record.Start{Version: "new"}}, read(t, path)); diff != "" {
		t.Error(diff)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestARecordThatIsBeingWrittenIsNotReplaced(t *testing.T) {
	path := filepath.Join(t.TempDir(), "run.db")
	first, err := store.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	late, err := store.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := first.Event(record.Start{Version: "first"}); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Create(path); err == nil || !strings.Contains(err.Error(), "in use by another process") {
		t.Errorf("Create: %v", err)
	}
	if err := late.Event(record.Start{Version: "late"}); err == nil || !strings.Contains(err.Error(), "in use by another process") {
		t.Errorf("Event: %v", err)
	}
	if err := late.Close(); err == nil {
		t.Error("Close of a record that could not begin")
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if got := version(t, path); got != "first" {
		t.Error(got)
	}
}

// waitFor waits until a record has n events. The writer goes on meanwhile.
func waitFor(t *testing.T, path string, n int) {
	t.Helper()
	for range 1000 {
		if len(read(t, path)) >= n {
			return
		}
	}
	t.Fatalf("%s: not %d events", path, n)
}

func TestReadersSeeWholeBatchesWhileARunGoesOn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "run.db")
	w, err := store.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range []record.Event{record.Start{}, record.Process{ID: 1}, record.Image{ID: 1, Process: 1}} {
		if err := w.Event(e); err != nil {
			t.Fatal(err)
		}
	}
	waitFor(t, path, 3)
	s, err := store.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	// A reader that takes its time does not hold the writer up.
	err = s.Each(context.Background(), func(e record.Event) error {
		if _, is := e.(record.Image); is {
			if err := w.Event(record.Process{ID: 2}); err != nil {
				return err
			}
			waitFor(t, path, 4)
		}
		if p, is := e.(record.Process); is && p.ID == 2 {
			t.Error("what came later is seen")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := python(t, path, "SELECT count(*) FROM processes"); got != "ok 2" {
		t.Error(got)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"run.db"}, files(t, filepath.Dir(path))); diff != "" {
		t.Error(diff)
	}
}

func TestWhatCannotBeIsAnError(t *testing.T) {
	for _, test := range []struct {
		events []record.Event
		want   string
	}{
		{[]record.Event{record.Start{}, record.Start{}}, "start 1 was told before"},
		{[]record.Event{record.Process{ID: 1}, record.Process{ID: 1}}, "process 1 was told before"},
		{[]record.Event{record.Process{ID: 1, Parent: 1}}, "process 1 refers to process 1, which cannot have been told before"},
		{[]record.Event{record.Process{}}, "process 0: they count from 1"},
		{[]record.Event{record.Image{ID: 1}, record.Image{ID: 1}}, "image 1 was told before"},
		{[]record.Event{record.Image{ID: 1, EnvBase: 2}}, "image 1 refers to image 2, which cannot have been told before"},
		{[]record.Event{record.Image{ID: 1, Previous: -1}}, "image 1 refers to image -1, which cannot have been told before"},
		{[]record.Event{record.Exit{Process: 3}, record.Exit{Process: 3}}, "the exit of process 3 was told before"},
		{[]record.Event{record.Violation{Seq: 1}, record.Violation{Seq: 1}}, "violation 1 was told before"},
		{[]record.Event{record.End{}, record.End{}}, "end 1 was told before"},
		{[]record.Event{record.Start{}, &record.Start{}}, "an event of type start, a *record.Start"},
	} {
		w, err := store.Create(filepath.Join(t.TempDir(), "run.db"))
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range test.events {
			err = errors.Join(err, w.Event(e))
		}
		err = errors.Join(err, w.Close())
		if err == nil || !strings.HasSuffix(err.Error(), test.want) {
			t.Errorf("got  %v\nwant %s", err, test.want)
		}
	}
}
