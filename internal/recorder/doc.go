// Package recorder turns what a supervisor and a tracer see into the events of a
// record: it knows which image a thread runs, tells each access of an image
// once and counts the rest, and keeps what the run made itself apart from
// what it found. It looks at no process and at no file.
//
// Nothing is lost: a sink that is slow holds the run up.
package recorder
