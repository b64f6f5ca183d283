package record

import (
	"syscall"
	"time"
)

// Event is one thing that is told of a run: Start, Process, Image, Access,
// Call, Network, Exit, Blind, Violation or End. What an event refers to by number was
// told before it.
type Event interface {
	// Kind is the event's name on the wire: "start", "process", "image", "access",
	// "call", "network", "exit", "blind", "violation", "end".
	Kind() string
}

// Sink takes a run's events as they happen. It is called from one goroutine at a
// time. After an error it gets no more events, and the run's result has the error.
type Sink interface {
	Event(Event) error
}

// SinkFunc is a function as a Sink.
type SinkFunc func(Event) error

// Event calls f.
func (f SinkFunc) Event(e Event) error { return f(e) }

// Start is a run's first event.
type Start struct {
	Time time.Time
	// Args is the command with its arguments, Dir where it was started.
	Args []string
	Dir  string
	// Root is the host's directory that was the command's root, as an absolute path
	// without symbolic links: the paths of a record are those below it. "": the host's own root.
	Root string
	// Version is catbox's, System the kernel's name, release and machine (uname(2)).
	Version, System string
	// Detail is what was recorded: "exec" (processes only) or "full".
	Detail string
}

// End is a run's last event. A record without one is of a run that was killed.
type End struct {
	Time time.Time
	// Exit is the command's exit status, or 0 and Signal the signal that ended it.
	Exit   int
	Signal syscall.Signal
	// Calls is the number of intercepted system calls.
	Calls uint64
}

// Process is a process that the recorder saw for the first time. One that did
// nothing that is recorded between its fork and its end is not seen.
type Process struct {
	// ID counts the processes of a run from 1.
	ID int64
	// Parent is the ID of the process that it was forked from; 0: it is the
	// command itself, or its parent was not seen.
	Parent int64
	// PID is its process id as catbox sees it.
	PID int
	// Time is when the kernel started it (starttime in proc_pid_stat(5), to 10 ms), or
	// when it was first seen if that is later by less than that.
	Time time.Time
}

// Image is a program that a process runs: the one that it inherited by fork, or
// one that it called execve(2) for.
type Image struct {
	// ID counts the images of a run from 1.
	ID int64
	// Process is whose image it is.
	Process int64
	// Previous is the image that it replaced in the process, or for one that was
	// inherited by fork that of the parent; 0 for the first.
	Previous int64
	// Forked tells that it was inherited: then Path to Searched repeat what the
	// parent's image says.
	Forked bool
	Time   time.Time
	// Path is the canonical path of the file that was executed: for a script, the
	// script. Interpreters are the canonical paths that the kernel loaded in
	// its stead, from the script's first line on (execve(2), "Interpreter scripts"),
	// with the dynamic loader of the last as the last.
	Path         string
	Interpreters []string
	Args         []string
	Dir          string
	// Env is the environment as NAME=VALUE: in full if EnvBase is 0, otherwise what
	// is new or other than in the image EnvBase, where EnvUnset names what is not
	// there any more.
	Env      []string
	EnvUnset []string
	EnvBase  int64
	// Searched counts the failed calls of execve(2) that led to it, as of a search
	// along PATH; the paths are accesses of class absent of the image before.
	Searched int
}

// Exit is the end of a process.
type Exit struct {
	Process int64
	Time    time.Time
	// Known tells that Status, Signal, User, System and MaxRSS are known.
	Known bool
	// Status is the exit status, or 0 and Signal the signal that ended it.
	Status int
	Signal syscall.Signal
	// User and System are its processor time (getrusage(2)).
	User, System time.Duration
	// MaxRSS is its peak memory in KiB.
	MaxRSS int64
}

// Class says what an access did with a path.
type Class string

const (
	// ClassRead: the content was opened for reading.
	ClassRead Class = "read"
	// ClassExecute: a program, an interpreter or a dynamic loader was executed.
	ClassExecute Class = "execute"
	// ClassWrite: an existing file was opened for writing, or truncated.
	ClassWrite Class = "write"
	// ClassCreate: a file, directory, link or node was made that was not there.
	ClassCreate Class = "create"
	// ClassDelete: a name was removed.
	ClassDelete Class = "delete"
	// ClassRename: the path got the name To.
	ClassRename Class = "rename"
	// ClassLink: the path got the other name To (link(2)).
	ClassLink Class = "link"
	// ClassMetadata: mode, owner, times or attributes were changed.
	ClassMetadata Class = "metadata"
	// ClassProbe: it was looked at and exists (stat, access, chdir, a failed open).
	ClassProbe Class = "probe"
	// ClassAbsent: it was looked for and is not there (ENOENT, ENOTDIR).
	ClassAbsent Class = "absent"
	// ClassEnumerate: a directory was opened to be listed.
	ClassEnumerate Class = "enumerate"
	// ClassSymlink: a symbolic link on the way to something else; To is what it leads to.
	ClassSymlink Class = "symlink"
)

// Access is what an image did with one path. The first is told as it happens;
// repeated ones are told together, at the latest when the image ends: a store
// adds up the counts of the same image, class, path, To and Errno.
type Access struct {
	Image int64
	Class Class
	// Path is canonical, as the run's root shows it. It is any sequence of bytes without NUL.
	Path string
	// To is the other path of a rename, link or symbolic link.
	To string
	// Errno is why it failed, 0 if it did not.
	Errno syscall.Errno
	// Dir tells that it is a directory.
	Dir bool
	// Made tells that the run itself made the file before: it is not an input.
	Made bool
	// Mark is set for what makes a build depend on when and where it ran: "time",
	// "random", "host", "cpus". So is that of a Call, for what is no file.
	Mark string
	// Count is how many accesses this event stands for, First and Last when they were.
	Count       int
	First, Last time.Time
}

// Call is a system call that told an image something of the machine or the moment.
// The first is told as it happens; repeated ones are told together, at the latest
// when the image ends: a store adds up the counts of the same image and name.
type Call struct {
	Image int64
	// Name is the call's, as in its manual page: "uname", "getrandom".
	Name string
	// Mark is what it told, as in Access.Mark.
	Mark string
	// Count is how many calls this event stands for, First and Last when they were.
	Count       int
	First, Last time.Time
}

// Network is a use of a socket.
type Network struct {
	Image int64
	// Operation is Connect, Bind, or Send for a datagram.
	Operation Operation
	// Destination is as in Violation.Canonical: "192.0.2.1:443", a unix socket's path, "@name".
	Destination string
	// Errno is what the policy answered, 0 if it let the call through.
	Errno       syscall.Errno
	Count       int
	First, Last time.Time
}

// Send is a datagram with an address (sendto(2)).
const Send Operation = "send"

// Blind is something that the record may lack.
type Blind struct {
	Time time.Time
	// What could not be seen, By what ("io_uring refused", "a call that was not held any more").
	What, By string
	// Process is whose it is, 0 if that is not known.
	Process int64
	Count   int
}

func (Start) Kind() string     { return "start" }
func (End) Kind() string       { return "end" }
func (Process) Kind() string   { return "process" }
func (Image) Kind() string     { return "image" }
func (Exit) Kind() string      { return "exit" }
func (Access) Kind() string    { return "access" }
func (Call) Kind() string      { return "call" }
func (Network) Kind() string   { return "network" }
func (Blind) Kind() string     { return "blind" }
func (Violation) Kind() string { return "violation" }
