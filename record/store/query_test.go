package store_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"github.com/catbox-go/catbox/record"
	"github.com/catbox-go/catbox/record/store"
)

// ask returns the rows, each with its values between bars.
func ask(t fataler, path, query string, args ...any) (lines []string) {
	t.Helper()
	s, err := store.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	err = s.Query(context.Background(), query, args, func(_ []string, row []any) error {
		line := strings.TrimSuffix(fmt.Sprintln(row...), "\n")
		lines = append(lines, strings.ReplaceAll(line, "<nil>", "-"))
		return nil
	})
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return lines
}

func small(t fataler, dir string) string {
	path := filepath.Join(dir, "run.db")
	write(t, path, []record.Event{
		record.Start{Time: time.Unix(100, 0), Args: []string{"a b", "c"}},
		record.Process{ID: 1}, record.Image{ID: 1, Process: 1, Path: "/bin/\xff"},
	})
	return path
}

func TestQueryGivesColumnsAndValues(t *testing.T) {
	s, err := store.Open(small(t, t.TempDir()))
	if err != nil {
		t.Fatal(err)
	}
	const query = "SELECT 1, 2.5 AS f, 'x' AS t, NULL AS n, p.path, ?1 AS p, p.id AS t FROM path p -- all of them;"
	err = s.Query(context.Background(), query, []any{"v"}, func(columns []string, row []any) error {
		if diff := cmp.Diff([]string{"1", "f", "t", "n", "path", "p", "t:1"}, columns); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff([]any{int64(1), 2.5, "x", nil, []byte("/bin/\xff"), "v", int64(1)}, row); diff != "" {
			t.Error(diff)
		}
		return io.EOF
	})
	if err != io.EOF {
		t.Error(err)
	}
	columns, err := s.Columns(context.Background(), "SELECT exit AS a, exit AS a FROM run WHERE 0;")
	if diff := cmp.Diff([]string{"a", "a:1"}, columns); diff != "" || err != nil {
		t.Error(diff, err)
	}
}

func TestQueryOnlyReads(t *testing.T) {
	dir := t.TempDir()
	path := small(t, dir)
	other := filepath.Join(dir, "other.db")
	database(t, other, "CREATE TABLE secret (a)")
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, query := range []string{
		"DELETE FROM path", "DELETE FROM path RETURNING id", "UPDATE path SET path = 'x' RETURNING id", "INSERT INTO path (path) VALUES ('x') RETURNING id",
		"DROP TABLE path", "CREATE TABLE x (a)", "CREATE TEMP TABLE x (a)", "CREATE VIRTUAL TABLE x USING fts5(a)",
		"ATTACH '" + other + "' AS other", "VACUUM", "VACUUM INTO '" + filepath.Join(dir, "copy.db") + "'", "ANALYZE", "REINDEX",
		"BEGIN", "PRAGMA user_version = 9", "PRAGMA query_only = OFF", "PRAGMA journal_mode = wal", "PRAGMA writable_schema = ON",
		"SELECT load_extension('x')", "PRAGMA wal_checkpoint", "PRAGMA optimize", "PRAGMA incremental_vacuum",
		"SELECT 1; DELETE FROM path", "SELECT * FROM pragma_journal_mode('wal')",
	} {
		err := s.Query(context.Background(), query, nil, func(_ []string, row []any) error { return nil })
		var wrong *store.QueryError
		if !errors.As(err, &wrong) {
			t.Errorf("%s: %v", query, err)
		}
	}
	if after, err := os.ReadFile(path); err != nil || string(after) != string(before) {
		t.Error("the record was changed", err)
	}
	if diff := cmp.Diff([]string{"other.db", "run.db"}, files(t, dir)); diff != "" {
		t.Error(diff)
	}
}

func TestQueryErrorsSayWhatIsWrong(t *testing.T) {
	s, err := store.Open(small(t, t.TempDir()))
	if err != nil {
		t.Fatal(err)
	}
	for query, want := range map[string]string{
		"SELECT pth FROM inputs":           "1:8: no such column: pth",
		"SELECT * FROM nosuch":             "no such table: nosuch",
		"SELEC 1":                          `1:1: near "SELEC": syntax error`,
		"SELECT\n (":                       "incomplete input",
		"":                                 "the query asks for nothing: it has to be a SELECT",
		"-- nothing":                       "the query asks for nothing: it has to be a SELECT",
		"SELECT 1; SELECT 2":               "there is more than one statement",
		"SELECT 1;;":                       "",
		"SELECT 1; -- one":                 "",
		"SELECT ?":                         "the query has 1 parameters, and there are 0 values",
		"SELECT 1\x00":                     "a NUL in the query",
		"DELETE FROM path":                 "a record is only read: the query would do something else",
		"SELECT abs(-9223372036854775808)": "integer overflow",
	} {
		err := s.Query(context.Background(), query, nil, func([]string, []any) error { return nil })
		if got := fmt.Sprint(err); got != want && (err != nil || want != "") {
			t.Errorf("%q\ngot  %s\nwant %s", query, got, want)
		}
	}
}

const forever = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"

func TestQueryAndEachEndWithTheContext(t *testing.T) {
	s, err := store.Open(small(t, t.TempDir()))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if err := s.Query(ctx, forever, nil, nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	if err := s.Each(ctx, func(record.Event) error { return nil }); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
}

func TestEachStopsAtTheFirstError(t *testing.T) {
	s, err := store.Open(small(t, t.TempDir()))
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	err = s.Each(context.Background(), func(record.Event) error {
		n++
		return io.EOF
	})
	if err != io.EOF || n != 1 {
		t.Error(n, err)
	}
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	dir := t.TempDir()
	text, foreign, newer := filepath.Join(dir, "text"), filepath.Join(dir, "foreign"), filepath.Join(dir, "newer")
	put(t, text, "hello, hello, hello")
	empty := filepath.Join(dir, "empty")
	put(t, empty, "")
	database(t, foreign, "CREATE TABLE a (b)")
	write(t, newer, []record.Event{record.Start{}})
	database(t, newer, "PRAGMA user_version = 4")
	for path, want := range map[string]string{
		text:                "is not a record: not an SQLite database",
		empty:               "is not a record: the file is empty",
		foreign:             "is not a record: an SQLite database of another program",
		dir:                 "is not a record: not a regular file",
		newer:               "was written by a newer catbox: its schema is version 4, and this catbox knows up to 3",
		dir + "/nowhere":    "no such file or directory",
		text + "/too":       "not a directory",
		"file:" + newer:     "no such file or directory",
		newer + "?mode=rwc": "no such file or directory",
	} {
		if _, err := store.Open(path); err == nil || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("%s\ngot  %v\nwant %s", path, err, want)
		}
	}
}

// A record of the first version says nothing of a root, and none before the third of calls.
func TestOlderRecordsAreRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "1.db")
	want := record.Start{Args: []string{"make"}, Dir: "/src", Version: "1", System: "Linux", Detail: "full"}
	write(t, path, []record.Event{want})
	for _, older := range []string{
		"DROP VIEW marks; DROP TABLE call; PRAGMA user_version = 2",
		"DROP VIEW run; ALTER TABLE start DROP COLUMN root; PRAGMA user_version = 1",
	} {
		database(t, path, older)
		if diff := cmp.Diff([]record.Event{want}, read(t, path)); diff != "" {
			t.Errorf("%s: %s", older, diff)
		}
	}
}

// A record that was being written without a write-ahead log, as on a file
// system that has no shared memory, can be read after the writer was killed.
func TestWhatWasBegunWithAJournalIsTakenBack(t *testing.T) {
	dir := t.TempDir()
	path, killed := small(t, dir), filepath.Join(dir, "killed.db")
	conn, err := sqlite.OpenConn(path, sqlite.OpenReadWrite)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	// A cache this small has the pages written before the transaction ends.
	const begun = `PRAGMA cache_size = 1; BEGIN IMMEDIATE;
		WITH RECURSIVE n (i) AS (SELECT 10 UNION ALL SELECT i + 1 FROM n WHERE i < 9999) INSERT INTO path (id, path) SELECT i, i FROM n`
	for query := range strings.SplitSeq(begun, ";") {
		if err := sqlitex.ExecuteTransient(conn, query, nil); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"", "-journal"} {
		data, err := os.ReadFile(path + name)
		if err != nil {
			t.Fatal(err)
		}
		put(t, killed+name, string(data))
	}
	if diff := cmp.Diff([]string{"1"}, ask(t, killed, "SELECT count(*) FROM path")); diff != "" {
		t.Error(diff)
	}
}
