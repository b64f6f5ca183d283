package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox"
	"github.com/catbox-go/catbox/internal/seccomp"
	"github.com/catbox-go/catbox/policy"
	"github.com/catbox-go/catbox/record"
)

// The exit statuses of catbox itself. Any other is the command's own, or 128
// and the number of the signal that ended it.
const (
	statusViolation  = 123 // --strict, or --on-violation stop
	statusTimedOut   = 124
	statusFailed     = 125 // the command did not run
	statusCannotExec = 126
	statusNotFound   = 127
	statusSignal     = 128

	statusInterrupted = statusSignal + int(unix.SIGINT)
)

// ended is the error of what has said everything already.
type ended struct {
	status      int
	interrupted bool  // catbox got SIGINT as well as the command, which it ended
	cause       error // what the reader of the status descriptor is to be told still; nil if nothing
}

func (e *ended) Error() string { return "exit status " + strconv.Itoa(e.status) }

// usageError is a mistake in the command line.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

func usage(format string, args ...any) error { return &usageError{fmt.Errorf(format, args...)} }

// exitStatus says what went wrong and what can be done, and returns the status
// to exit with.
func exitStatus(cmd *cobra.Command, err error) int {
	var done *ended
	switch {
	case err == nil:
		return 0
	case errors.As(err, &done):
		if done.interrupted {
			dieOfInterrupt()
		}
		return done.status
	}
	say("%s", err)
	if h := hint(cmd, err); h != "" {
		say("hint: %s", h)
	}
	return failureStatus(err)
}

// failureStatus is the status for a command that did not run.
func failureStatus(err error) int {
	var exec *catbox.ExecError
	switch {
	case !errors.As(err, &exec):
		return statusFailed
	case errors.Is(exec.Err, unix.ENOENT):
		return statusNotFound
	}
	return statusCannotExec
}

// resultStatus is the status for a command that ran.
func resultStatus(r *catbox.Result, strict bool) int {
	switch {
	case r.TimedOut:
		return statusTimedOut
	case r.Stopped:
		return statusViolation
	case r.Signal != 0:
		return statusSignal + int(r.Signal)
	case r.ExitCode == 0 && strict && len(r.Violations) > 0:
		return statusViolation
	}
	return r.ExitCode
}

// hints are tried in order; the first that knows the error is given.
var hints = []func(error) string{hintNested, hintExecutor, hintUnsupported, hintExec, hintSetup, hintRefused, hintEmptyRecord}

func hint(cmd *cobra.Command, err error) string {
	var mistake *usageError
	if errors.As(err, &mistake) {
		return "see '" + cmd.CommandPath() + " --help'"
	}
	if unknown, ok := strings.CutPrefix(err.Error(), "unknown command "); ok && cmd.Parent() == nil {
		name, _, _ := strings.Cut(unknown, " for ")
		return "to run a command: 'catbox run -- " + strings.Trim(name, `"`) + "'; for the list: 'catbox --help'"
	}
	for _, h := range hints {
		if text := h(err); text != "" {
			return text
		}
	}
	return ""
}

func hintNested(err error) string {
	if !errors.Is(err, seccomp.ErrNested) {
		return ""
	}
	return "catbox runs inside catbox, or inside a container with a seccomp listener, and cannot have one of its own; " +
		"run the command without the inner catbox (the outer one's policy holds for it), or start the inner one outside"
}

func hintUnsupported(err error) string {
	var u *catbox.UnsupportedError
	switch {
	case !errors.As(err, &u):
		return ""
	case strings.HasPrefix(u.Part, "working directory"):
		return "add it with -r or -w, or choose another with --cd"
	case strings.HasPrefix(u.Part, "fake root mode"):
		return "'catbox doctor' says what newuidmap needs; the other modes do without"
	}
	return "'catbox doctor' says what works here and why; --degrade runs without what cannot be enforced, and lists it"
}

func hintExec(err error) string {
	var e *catbox.ExecError
	if !errors.As(err, &e) {
		return ""
	}
	_, there := os.Stat(e.Path)
	switch {
	case errors.Is(e.Err, unix.ENOENT) && strings.Contains(e.Path, "/") && there == nil:
		return "the file is there, but not for the command: it lies in /tmp, which a run has for itself, or its interpreter " +
			"(the #! line, the dynamic loader) is missing or not among the paths given by -r"
	case errors.Is(e.Err, unix.EACCES) && there == nil:
		return "it has to be an executable file, and among the paths given by -r if there are any"
	}
	return ""
}

func hintSetup(err error) string {
	var s *catbox.SetupError
	switch {
	case !errors.As(err, &s):
		return ""
	case s.Step == "find the working directory":
		return "choose another with --cd"
	case s.Step == "overlay":
		return "" // the directory is at fault, and not the host
	}
	return "'catbox doctor' says what works here and why"
}

// hintDirectory is for a command that expected to write in the directory in
// which it was started.
func hintDirectory(p policy.Policy, cwd string, violations []record.Violation) string {
	cwd, err := filepath.EvalSymlinks(cwd)
	if err != nil || p.Allows(policy.Write, cwd) {
		return ""
	}
	for _, v := range violations {
		if v.Operation == record.Write && v.Action == record.Denied && strings.HasPrefix(v.Canonical, strings.TrimSuffix(cwd, "/")+"/") {
			return "the current directory is writable only if it is among those given by -w: add '-w .'"
		}
	}
	return ""
}

// say writes one message to standard error.
func say(format string, args ...any) { sayTo(os.Stderr, format, args...) }

func sayTo(w io.Writer, format string, args ...any) {
	// In one write, so that the command's own output does not get into it. There
	// is nobody to tell if standard error is closed.
	_, _ = io.WriteString(w, "catbox: "+printable(fmt.Sprintf(format, args...))+"\n")
}

// printable escapes what a terminal would act on: a message can hold names that
// others chose. Newlines and tabs stay, as in the excerpt of a profile; what comes from the
// command itself is quoted by package record before.
func printable(s string) string {
	var b strings.Builder
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		switch {
		case r == '\n' || r == '\t' || strconv.IsPrint(r) && (r != utf8.RuneError || n > 1):
			b.WriteString(s[:n])
		case n == 1 && r == utf8.RuneError:
			fmt.Fprintf(&b, `\x%02x`, s[0])
		default:
			b.WriteString(strings.Trim(strconv.QuoteRune(r), "'"))
		}
		s = s[n:]
	}
	return b.String()
}
