// Package store keeps a record in a file.
//
// The file is an SQLite database that any SQLite tool opens; [Schema] says what
// is in it, and docs/record-schema.md says it for people. A [Writer] takes the
// events of a run, a [Store] gives them back, or answers SQL.
//
// While a run goes on, its record is in write-ahead mode (the files FILE-wal and
// FILE-shm stand beside it): readers neither see half a batch nor hold the run
// up, and a catbox that is killed loses at most what came in the last moments.
// Closed, it is one file. Nothing but catbox may write to the three: a run must
// not have them among what it may write, see [Files].
//
// It is readable by its owner only when it is new, since it holds the
// environment of every program.
package store
