package store

import (
	_ "embed"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

const (
	// Version is the version of the schema, which the file has as user_version.
	// A change by which an older reader would be wrong makes it higher. Since 2 a
	// record has the command's root, since 3 calls: an older reader would take a build
	// for one that asked for nothing, and lose them on the way through JSON.
	Version = 3
	// applicationID says that an SQLite file is a record ("cbox").
	applicationID = 0x63626f78
)

//go:embed schema.sql
var schema string

// Schema is the schema in SQL, with a comment for each table, view and column.
func Schema() string { return schema }

func makeSchema(conn *sqlite.Conn) error {
	if err := pragmaInt(conn, "application_id", applicationID); err != nil {
		return err
	}
	if err := pragmaInt(conn, "user_version", Version); err != nil {
		return err
	}
	return sqlitex.ExecuteScript(conn, schema, nil)
}
