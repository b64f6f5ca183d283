package catbox

import (
	"syscall"

	"github.com/catbox-go/catbox/internal/supervisor"
)

// Errno is an error number as in errno(3).
type Errno = syscall.Errno

// Call is an intercepted system call, decoded by the table.
type Call = supervisor.Call

// Argument is one argument of a Call.
type Argument = supervisor.Argument

// Answer is what a Handler decides: Continue, Refuse or Return.
type Answer = supervisor.Answer

// Handler is asked about each call of the system call that it is put on, before
// the policy. It sees the decoded arguments and lets the call go on to the
// policy (Continue), refuses it with an error (Refuse), or answers it (Return).
// What it reads by pointer can change before the kernel reads it again, so a
// Handler that continues a call enforces nothing; refusing and answering do
// enforce. Handlers run at the same time on several goroutines; one that
// panics refuses the call with EACCES.
//
// Calls that must not be intercepted, because a signal would make them fail
// with EINTR where programs do not expect it (close, dup, fork, clone, wait and
// their like), are an error when the command is started.
type Handler = supervisor.Handler

// Continue lets the call go on, to be decided by the policy.
func Continue() Answer { return supervisor.Continue() }

// Refuse makes the call fail with the error number; 0 is taken as EACCES.
func Refuse(errno Errno) Answer { return supervisor.Refuse(errno) }

// Return makes the call return value without doing anything else.
func Return(value int64) Answer { return supervisor.Return(value) }
