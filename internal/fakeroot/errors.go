package fakeroot

import (
	"errors"
	"fmt"
	"strings"
)

// ErrInUse says that another process has the file open as its state.
var ErrInUse = errors.New("in use by another fake root")

// FormatError says that a file is not a state, or not one that is understood.
// The file is as it was.
type FormatError struct {
	Path string
	Line int
	Err  error  // what is wrong
	Want string // what would be right
}

func (e *FormatError) Error() string {
	return fmt.Sprintf("%s:%d: %v; want %s", e.Path, e.Line, e.Err, e.Want)
}

func (e *FormatError) Unwrap() error { return e.Err }

// CutOff warns that the last line of a journal was not whole and is not used,
// as after a crash of the machine.
type CutOff struct {
	Path  string
	Line  int
	Bytes int
}

func (w *CutOff) Error() string {
	return fmt.Sprintf("%s:%d: last line is cut off, dropped its %d bytes", w.Path, w.Line, w.Bytes)
}

// NotCompacted warns that a journal is complete, but has all changes still in it.
type NotCompacted struct {
	Path string
	Err  error
}

func (w *NotCompacted) Error() string {
	return fmt.Sprintf("%s: complete, but not compacted: %v", w.Path, w.Err)
}

func (w *NotCompacted) Unwrap() error { return w.Err }

// Lost warns that what was written does not have all of the state.
type Lost struct {
	Unnamed int // entries left out because they have no path
	Xattrs  int // entries without their attributes
	Names   int // entries of files with further hard links, whose paths are not known
}

func (w *Lost) Error() string {
	var parts []string
	if w.Unnamed > 0 {
		parts = append(parts, fmt.Sprintf("%d entries without a path", w.Unnamed))
	}
	if w.Xattrs > 0 {
		parts = append(parts, fmt.Sprintf("the extended attributes of %d entries", w.Xattrs))
	}
	if w.Names > 0 {
		parts = append(parts, fmt.Sprintf("further hard links of %d entries", w.Names))
	}
	return "not written: " + strings.Join(parts, ", ")
}

// lost is w, or nil if nothing is.
func (w Lost) lost() error {
	if w == (Lost{}) {
		return nil
	}
	return &w
}
