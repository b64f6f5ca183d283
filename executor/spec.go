package executor

import (
	"io"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/catbox-go/catbox/record"
)

// Spec says what to run and how to isolate it. Its zero value but for Command
// isolates nothing: the command runs in the host's file system with a minimal
// environment, and its output is captured.
type Spec struct {
	// Command is the program and its arguments. A program without a slash is
	// looked for in the PATH of the command's environment, inside Root.
	Command []string
	// Dir is the working directory, inside Root. Empty means "/" if Root is
	// given, else that of the calling process.
	Dir string
	// Env is the environment, each entry "key=value". Nil means
	// [BaseEnvironment]; anything else is all that the command gets (but
	// bubblewrap adds PWD).
	Env []string

	// Root is the directory that is the command's root. Empty and "/" mean
	// the host's file system.
	Root string
	// Writable says where the command may write as far as its user may; the
	// zero value is everywhere. It applies to ExtraMounts too.
	Writable Writable
	// Mounts says whether the command sees mounts made outside after its
	// start, and the other way round. Isolated also separates processes and
	// System V IPC where the executor can.
	Mounts Isolation
	// ExtraMounts are made for the command, in this order.
	ExtraMounts []Mount
	// Network says whether the command has a network of its own, in which
	// there is only a loopback.
	Network Isolation

	// Stdin is what the command reads. Nil is the null device, an *os.File
	// is handed over as it is, anything else is copied.
	Stdin io.Reader
	// Stdout and Stderr take the command's output. Nil means to capture it
	// into Result; io.Discard that nobody gets it; an *os.File is handed over
	// as it is; to anything else it is copied. Stderr may be [Merged].
	Stdout, Stderr io.Writer
}

// Merged as Spec.Stderr lets standard error go where standard output goes.
type Merged struct{}

// Write is not called: a Merged only says what is wanted.
func (Merged) Write([]byte) (int, error) { return 0, syscall.EBADF }

// Isolation says whether something is shared with the host.
type Isolation int

const (
	// Undefined makes no attempt either to share or to separate.
	Undefined Isolation = iota
	// Isolated separates.
	Isolated
)

// String returns "undefined" or "isolated".
func (i Isolation) String() string {
	if i == Isolated {
		return "isolated"
	}
	return "undefined"
}

// Writable says which places of the root may be written: see WritableAll,
// WritableNone and WritableOnly. Its zero value is WritableAll.
type Writable struct {
	limited bool
	paths   []string
}

// WritableAll sets no limit.
func WritableAll() Writable { return Writable{} }

// WritableNone makes everything read-only.
func WritableNone() Writable { return Writable{limited: true} }

// WritableOnly makes everything read-only but for what is at and below the
// paths, which are relative to the root and have to exist. No path is the same
// as WritableNone.
func WritableOnly(paths ...string) Writable {
	w := Writable{limited: true}
	for _, p := range paths {
		w.paths = append(w.paths, inside(p))
	}
	slices.Sort(w.paths)
	w.paths = slices.Compact(w.paths)
	return w
}

// All tells whether there is no limit.
func (w Writable) All() bool { return !w.limited || slices.Contains(w.paths, "/") }

// Paths returns a copy of the paths of WritableOnly, absolute inside the root.
func (w Writable) Paths() []string { return slices.Clone(w.paths) }

// String returns "all", "none" or the paths, separated by commas.
func (w Writable) String() string {
	switch w.kind() {
	case writableAll, writableNone:
		return w.kind()
	}
	return strings.Join(w.paths, ",")
}

// The kinds of Writable, as Capabilities names them.
const (
	writableAll  = "all"
	writableNone = "none"
	writableList = "list"
)

func (w Writable) kind() string {
	switch {
	case w.All():
		return writableAll
	case len(w.paths) == 0:
		return writableNone
	}
	return writableList
}

// inside makes a path one that is absolute inside the root, and clean.
func inside(path string) string { return filepath.Join("/", path) }

// Result says how a command ended.
type Result struct {
	// ExitCode is the command's exit status, or 128+n if signal n ended it
	// (1 with linux-user-chroot, which does not tell).
	ExitCode int
	// Signal ended the command; 0 if it exited. An executor that runs a
	// program for it (bubblewrap) takes it from an exit status above 128.
	Signal syscall.Signal
	// Out and Err are what the command wrote; nil if that was not captured.
	Out, Err []byte
	// Violations are what the command was denied, where that is told: by native and
	// landlock, and by bubblewrap and chroot if they have a Configure.
	Violations []record.Violation
}

// hostRoot tells whether the command's root is that of the host.
func (s *Spec) hostRoot() bool { return s.Root == "" || filepath.Clean(s.Root) == "/" }

// validate checks the Spec and returns it with its defaults filled in: Dir and
// Root absolute, Env not nil.
func (s Spec) validate() (Spec, error) {
	if len(s.Command) == 0 || s.Command[0] == "" {
		return s, &SpecError{"Command", "", "the name of a program"}
	}
	if err := s.validateText(); err != nil {
		return s, err
	}
	s.ExtraMounts = slices.Clone(s.ExtraMounts)
	for i, m := range s.ExtraMounts {
		m = plainMount(m)
		s.ExtraMounts[i] = m
		if err := validateMount(m); err != nil {
			return s, err
		}
	}
	if s.Env == nil {
		s.Env = BaseEnvironment()
	}
	return s.absolute()
}

// validateText refuses what no system call takes.
func (s *Spec) validateText() error {
	for field, texts := range map[string][]string{
		"Command": s.Command, "Env": s.Env, "Writable": s.Writable.paths, "Dir": {s.Dir}, "Root": {s.Root},
	} {
		for _, text := range texts {
			if strings.ContainsRune(text, 0) {
				return &SpecError{field, text, "text without a NUL"}
			}
		}
	}
	for _, e := range s.Env {
		if i := strings.IndexByte(e, '='); i < 1 {
			return &SpecError{"Env", e, "key=value"}
		}
	}
	return nil
}
