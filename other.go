//go:build !linux

package catbox

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"syscall"
)

// Elsewhere than on Linux this package compiles, and says that it is unsupported.

// Errno is an error number as in errno(3).
type Errno = syscall.Errno

// Handler is asked about a system call, on Linux.
type Handler func(*Call) Answer

// Call is an intercepted system call, on Linux.
type Call struct{ Name string }

// Answer is what a Handler decides.
type Answer struct{ errno Errno }

// Continue lets the call go on.
func Continue() Answer { return Answer{} }

// Refuse makes the call fail.
func Refuse(errno Errno) Answer { return Answer{errno} }

type run struct{ result *Result }

func unsupported() error {
	return fmt.Errorf("catbox: confining a command on %s: %w", runtime.GOOS, errors.ErrUnsupported)
}

// Init has to be the first call in main.
func Init() {
	if len(os.Args) > 0 && os.Args[0] == functionName {
		callFunction(os.Args)
	}
}

// Start gives errors.ErrUnsupported.
func (c *Cmd) Start() error { return unsupported() }

// Wait gives errors.ErrUnsupported.
func (c *Cmd) Wait() error { return unsupported() }

// Result is nil.
func (c *Cmd) Result() *Result { return nil }
