// Package record says what happened in a run.
//
// This file holds violations: what a command tried to do and was not allowed
// to. They keep the order in which the supervisor decided them, and every
// name that came from the command is escaped when it is printed, so that a
// command cannot forge a line.
package record

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unicode/utf16"
	"unicode/utf8"
)

// Action is what was done about a violation.
type Action string

const (
	// Denied: the call failed with Errno and had no effect.
	Denied Action = "denied"
	// Logged: the call was let through and is only reported.
	Logged Action = "logged"
	// Stopped: the call failed with Errno, and the whole run was ended.
	Stopped Action = "stopped"
)

// Operation says what a violation would have done, in the words that people
// and programs see.
type Operation string

const (
	Write   Operation = "write"
	Read    Operation = "read"
	Exec    Operation = "execute"
	Connect Operation = "connect"
	Bind    Operation = "bind"
	Socket  Operation = "socket"
	Signal  Operation = "signal"
)

// Violation is one act that the policy does not allow.
type Violation struct {
	// Seq counts the violations of a run from 1, without gaps.
	Seq int
	// Time is when the supervisor decided.
	Time time.Time
	// Operation is the kind of act: write, read, execute, connect, bind, socket, signal.
	Operation Operation
	// Call is the name of the system call, as in its manual page.
	Call string
	// Path is the path as the program gave it; empty where there is none.
	// It is any sequence of bytes without NUL.
	Path string
	// Canonical is the path without symbolic links, "." and "..", as the
	// program's root shows it, or the destination of a connect: "192.0.2.1:443",
	// a unix socket's path, "@name" for an abstract one, "" for a socket.
	Canonical string
	// Errno is what the call returned; 0 if it was let through.
	Errno syscall.Errno
	// Action is what was done about it.
	Action Action
	// Program is the name of the process (comm in proc(5)), PID its process
	// id as catbox sees it (outside of the run's own pid namespace).
	Program string
	PID     int
}

// jsonViolation is the wire form. Bytes that are not UTF-8 are written as
// \xHH in the text members, with a backslash itself doubled there; such a
// member has its name in "escaped".
type jsonViolation struct {
	Type      string    `json:"type"`
	Seq       int       `json:"seq"`
	Time      time.Time `json:"time"`
	Operation Operation `json:"operation"`
	Call      string    `json:"call"`
	Path      string    `json:"path"`
	Canonical string    `json:"canonical"`
	Errno     string    `json:"errno,omitempty"`
	Action    Action    `json:"action"`
	Program   string    `json:"program"`
	PID       int       `json:"pid"`
	Escaped   []string  `json:"escaped,omitempty"`
}

// MarshalJSON writes one object without a newline in it, nor anything else that
// a terminal could take as an order.
func (v Violation) MarshalJSON() ([]byte, error) {
	w := jsonViolation{
		Type: "violation", Seq: v.Seq, Time: v.Time, Operation: v.Operation, Call: v.Call,
		Errno: ErrnoName(v.Errno), Action: v.Action, PID: v.PID,
	}
	w.Path = w.text("path", v.Path)
	w.Canonical = w.text("canonical", v.Canonical)
	w.Program = w.text("program", v.Program)
	data, err := json.Marshal(w)
	return printable(data), err
}

// printable writes as \u what does not print: JSON leaves DEL, the controls of
// C1 (U+009B begins an escape sequence) and what turns text around as it is.
func printable(data []byte) []byte {
	out := make([]byte, 0, len(data))
	for _, r := range string(data) {
		if strconv.IsPrint(r) {
			out = utf8.AppendRune(out, r)
			continue
		}
		for _, unit := range utf16.Encode([]rune{r}) {
			out = fmt.Appendf(out, `\u%04x`, unit)
		}
	}
	return out
}

func (w *jsonViolation) text(member, s string) string {
	if utf8.ValidString(s) {
		return s
	}
	w.Escaped = append(w.Escaped, member)
	return escapeBytes(s)
}

// UnmarshalJSON reads what MarshalJSON wrote. Unknown members are ignored.
func (v *Violation) UnmarshalJSON(data []byte) error {
	var w jsonViolation
	if err := json.Unmarshal(data, &w); err != nil {
		return err
	}
	*v = Violation{
		Seq: w.Seq, Time: w.Time, Operation: w.Operation, Call: w.Call, Path: w.Path,
		Canonical: w.Canonical, Errno: ErrnoByName(w.Errno), Action: w.Action, Program: w.Program, PID: w.PID,
	}
	for _, member := range w.Escaped {
		var field *string
		switch member {
		case "path":
			field = &v.Path
		case "canonical":
			field = &v.Canonical
		case "program":
			field = &v.Program
		default:
			continue
		}
		s, err := unescapeBytes(*field)
		if err != nil {
			return fmt.Errorf("violation: member %q: %w", member, err)
		}
		*field = s
	}
	return nil
}

// String is the line for a person: denied write /etc/passwd (openat by cc1, pid 71).
func (v Violation) String() string {
	object := v.Canonical
	if object == "" {
		object = v.Path
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s", v.Action, v.Operation)
	if object != "" {
		b.WriteString(" " + Quote(object))
	}
	fmt.Fprintf(&b, " (%s by %s, pid %d)", v.Call, Quote(v.Program), v.PID)
	return b.String()
}

// Quote returns s as it is if a terminal and a log line can hold it without
// being misread, and as a Go string literal otherwise.
func Quote(s string) string {
	if s == "" || strings.ContainsAny(s, "\"'`\\ ") {
		return strconv.Quote(s)
	}
	for _, r := range s {
		if r == utf8.RuneError || !strconv.IsPrint(r) {
			return strconv.Quote(s)
		}
	}
	return s
}

func escapeBytes(s string) string {
	var b strings.Builder
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\x%02x`, s[0])
		case r == '\\':
			b.WriteString(`\\`)
		default:
			b.WriteString(s[:n])
		}
		s = s[n:]
	}
	return b.String()
}

func unescapeBytes(s string) (string, error) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] != '\\':
			b.WriteByte(s[i])
		case strings.HasPrefix(s[i:], `\\`):
			b.WriteByte('\\')
			i++
		case strings.HasPrefix(s[i:], `\x`) && i+4 <= len(s):
			n, err := strconv.ParseUint(s[i+2:i+4], 16, 8)
			if err != nil {
				return "", fmt.Errorf("bad escape in %q", s)
			}
			b.WriteByte(byte(n))
			i += 3
		default:
			return "", fmt.Errorf("bad escape in %q", s)
		}
	}
	return b.String(), nil
}
