package executor

import (
	"strconv"
	"strings"
)

// UnsupportedError says that an executor cannot do, on this host, what a field
// of a Spec asks for.
type UnsupportedError struct {
	Executor  string
	Field     string // of Spec: "Network", "Mounts", "Writable", "Root", "ExtraMounts"
	Value     string // that was asked for
	Supported []string
}

func (e *UnsupportedError) Error() string {
	if len(e.Supported) == 0 {
		return e.Executor + ": " + e.Field + " is not supported here"
	}
	return e.Executor + ": " + e.Field + " cannot be " + strconv.Quote(e.Value) + ": want " + orList(e.Supported)
}

// UnavailableError says that an executor does not work on this host.
type UnavailableError struct {
	Executor string
	Err      error
}

func (e *UnavailableError) Error() string {
	return e.Executor + " does not work here: " + e.Err.Error()
}
func (e *UnavailableError) Unwrap() error { return e.Err }

// SpecError says that a Spec makes no sense to any executor.
type SpecError struct {
	Field string
	Value string
	Want  string // what would be right
}

func (e *SpecError) Error() string {
	return "executor: " + e.Field + " " + strconv.Quote(e.Value) + ": want " + e.Want
}

// firstLine is the first line of text, for an error that quotes a program.
func firstLine(text []byte) string {
	line, _, _ := strings.Cut(strings.TrimSpace(string(text)), "\n")
	return line
}
