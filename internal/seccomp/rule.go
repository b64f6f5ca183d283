//go:build linux

package seccomp

import (
	"fmt"
	"slices"

	"github.com/catbox-go/catbox/internal/abi"
	"golang.org/x/sys/unix"
)

// Verdict is what a filter answers a call with: a SECCOMP_RET_ action and its
// data. The zero value is not one of them, and an error to compile.
type Verdict uint32

const (
	Allow Verdict = unix.SECCOMP_RET_ALLOW
	// Notify holds the call until the listener has answered. Without a listener
	// the kernel answers with ENOSYS.
	Notify Verdict = unix.SECCOMP_RET_USER_NOTIF
	Kill   Verdict = unix.SECCOMP_RET_KILL_PROCESS
)

// Errno makes the call fail with the error number. With 0 the call does
// nothing and returns 0, which is the cheapest of lies.
func Errno(e unix.Errno) Verdict {
	return unix.SECCOMP_RET_ERRNO | Verdict(e)&unix.SECCOMP_RET_DATA
}

func (v Verdict) String() string {
	switch {
	case v == Allow:
		return "allow"
	case v == Notify:
		return "notify"
	case v == Kill:
		return "kill"
	case v.isErrno() && v == Errno(0):
		return "return 0"
	case v.isErrno():
		return unix.ErrnoName(unix.Errno(v & unix.SECCOMP_RET_DATA))
	}
	return fmt.Sprintf("unknown verdict %#x", uint32(v))
}

func (v Verdict) isErrno() bool { return v&unix.SECCOMP_RET_ACTION_FULL == unix.SECCOMP_RET_ERRNO }

func (v Verdict) known() bool { return v == Allow || v == Notify || v == Kill || v.isErrno() }

// Op compares an argument.
type Op uint8

const (
	// Equal holds if argument & Mask == Value.
	Equal Op = iota + 1
	// NotEqual holds if argument & Mask != Value.
	NotEqual
	// AnySet holds if argument & Mask != 0.
	AnySet
)

// Masks for the whole of an argument. Registers have 64 bits; where the kernel
// takes an int (descriptors, flags, families, ioctl requests, pids) it ignores
// the upper 32, and so must the filter (CVE-2019-10063).
const (
	Int  uint64 = 1<<32 - 1
	Long uint64 = 1<<64 - 1
)

// Cond is a condition on an argument, numbered from 0.
type Cond struct {
	Arg         int
	Mask, Value uint64
	Op          Op
}

func (c Cond) check() error {
	switch {
	case c.Arg < 0 || c.Arg > 5:
		return fmt.Errorf("no argument %d", c.Arg)
	case c.Op < Equal || c.Op > AnySet:
		return fmt.Errorf("unknown comparison %d", c.Op)
	case c.Mask == 0:
		return fmt.Errorf("argument %d is compared without a mask", c.Arg)
	case c.Value&^c.Mask != 0:
		return fmt.Errorf("value %#x is outside the mask %#x", c.Value, c.Mask)
	case c.Op == AnySet && c.Value != 0:
		return fmt.Errorf("bits %#x have a value", c.Mask)
	}
	return nil
}

// Rule is a verdict on a call. Of the rules of a call, the first whose
// conditions all hold decides; if there is none, the call is allowed.
type Rule struct {
	// Arches are the architectures that the rule is for; nil is all of them.
	// One that lacks the call is no error.
	Arches []abi.Arch
	Name   string
	When   []Cond
	Do     Verdict
}

// unheld are calls that programs do not expect to fail with EINTR. A call that
// is held does, if a signal arrives before the listener has received it.
var unheld = []string{
	"close", "close_range", "dup", "dup2", "dup3", "fork", "vfork", "clone", "clone3",
	"wait4", "waitid", "waitpid", "exit", "exit_group", "rt_sigreturn", "sigreturn", "restart_syscall",
}

func (r Rule) check() error {
	if _, ok := abi.ByName(r.Name); !ok {
		return fmt.Errorf("no system call %q", r.Name)
	}
	if !r.Do.known() {
		return fmt.Errorf("%s: %v", r.Name, r.Do)
	}
	if r.Do == Notify && slices.Contains(unheld, r.Name) {
		return fmt.Errorf("%s cannot be intercepted: a signal would make it fail with EINTR", r.Name)
	}
	for _, c := range r.When {
		if err := c.check(); err != nil {
			return fmt.Errorf("%s: %w", r.Name, err)
		}
	}
	return nil
}

func (r Rule) isFor(a abi.Arch) bool { return r.Arches == nil || slices.Contains(r.Arches, a) }

// on are the conditions as the architecture has them. A 64-bit program can make
// 386's calls (int 0x80): the filter then sees whole registers, of which the
// kernel takes the lower halves.
func (r Rule) on(a abi.Arch) []Cond {
	if a != abi.I386 {
		return r.When
	}
	when := slices.Clone(r.When)
	for i := range when {
		when[i].Mask &= Int
	}
	return when
}
