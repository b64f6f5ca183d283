//go:build linux

package seccomp

import (
	"github.com/catbox-go/catbox/internal/abi"
	"golang.org/x/sys/unix"
)

// Options say what the filter stops and what it sends to the listener. The zero
// value sends nothing, allows no socket but AF_UNIX, and refuses what
// is always refused: the classes NoSys, NoPerm and Namespace of the table,
// flags for new namespaces, and terminal input (TIOCSTI, TIOCLINUX).
type Options struct {
	// Listener tells that there is one. Without, Writes, Reads, Exec, Stats,
	// Connect and Calls come to nothing, so the walls are all there is: what
	// they ask about is in memory, and the filter sees registers only.
	Listener bool

	// Writes sends opens that may write, and the class Write. What sets an owner
	// is sent in any case: the kernel's answer is about the ids of the run's user
	// namespace, and the caller's is wanted.
	Writes bool
	// Reads sends all opens.
	Reads bool
	// Exec sends the class Exec.
	Exec bool
	// Stats sends the class Stat.
	Stats bool
	// Connect sends the class Connect, but for sendto without an address.
	Connect bool

	// Families are the socket families that are allowed besides AF_UNIX, or
	// AnyFamily. Of AF_INET and AF_INET6 they are TCP, UDP and ICMP: MPTCP and
	// SCTP pass rules that are made for TCP. Of AF_NETLINK it is NETLINK_ROUTE.
	// Others fail with EAFNOSUPPORT.
	//
	// socketcall (386) has its family in memory. With a listener it is sent, and
	// must be made by the supervisor, on its copy of the arguments; without, ENOSYS.
	Families []int
	// ReportSockets sends sockets of other families to the listener, which must
	// refuse them; Connect implies it.
	ReportSockets bool

	// Process guards processes outside, where there is no pid namespace: the
	// class Process is sent, unless it names the caller by 0. Without a listener,
	// what changes, reads or traces a process by its number gets EPERM, and
	// signals pass: the filter cannot know which are the run's own processes.
	Process bool
	// SysV refuses the class SysV with ENOSYS, as a kernel without
	// CONFIG_SYSVIPC does. For where there is no IPC namespace.
	SysV bool
	// Nesting allows new namespaces and what a sandbox inside needs to fill
	// them: the class Namespace. clone3 stays away; libc uses clone.
	Nesting bool

	// Fake sends what a fake root has its own answer for, and the class Write.
	// With OwnIDs the run has a range of ids, with which the kernel does most of
	// it: what is left is who asks for devices or opens them to write, and what
	// cannot be done there.
	Fake, OwnIDs bool

	// Record sends what names a file: opens and the class Stat, but for readlink, as
	// where a symbolic link leads is seen when it is used, and for what
	// is asked of a descriptor (AT_EMPTY_PATH). And what has a Mark, but for the
	// randomness that the C library draws for itself.
	Record bool
	// Traced sends what makes a tracee, as all processes have a tracer already.
	Traced bool

	// Calls are further system calls to be sent, whatever their class. What the
	// filter refuses stays refused. A call that must not be held (close, wait
	// and their like) makes Compile fail.
	Calls []string
}

// AnyFamily among Options.Families allows all socket families and protocols.
const AnyFamily = -1

// Rules are the rules for the options, one or several for each call of the
// table that is not simply allowed.
func Rules(o Options) []Rule {
	wanted := o.wanted()
	var rules []Rule
	for _, row := range abi.Table() {
		of := o.row(row)
		if wanted[row.Name] {
			of = heldUnlessRefused(of)
			delete(wanted, row.Name)
		}
		for _, r := range of {
			r.Name = row.Name
			rules = append(rules, r)
		}
	}
	for name := range wanted { // not in the table: for Compile to complain about
		rules = append(rules, Rule{Name: name, Do: Notify})
	}
	return rules
}

func (o Options) wanted() map[string]bool {
	m := map[string]bool{}
	if o.Listener {
		for _, name := range o.Calls {
			m[name] = true
		}
	}
	return m
}

func heldUnlessRefused(rules []Rule) []Rule {
	var held []Rule
	for _, r := range rules {
		if r.Do == Allow {
			r.Do = Notify
		}
		held = append(held, r)
	}
	return append(held, always(Notify))
}

// row are the rules of a row, without its name.
func (o Options) row(r *abi.Row) []Rule {
	if o.Listener && o.Fake && r.Fake != abi.NoFake {
		if !o.OwnIDs {
			return faked(r)
		}
		if rules := o.fakeOwnIDs(r); rules != nil {
			return rules
		}
	}
	switch r.Class {
	case abi.NoSys, abi.NoPerm:
		return []Rule{always(Errno(r.Class.Errno()))}
	case abi.Namespace:
		return only(!o.Nesting, always(Errno(r.Class.Errno())))
	case abi.SysV:
		return only(o.SysV, always(Errno(unix.ENOSYS)))
	case abi.Open:
		return o.open(r)
	case abi.Write:
		return only(o.Listener && (o.Writes || o.Record || o.fakes(r.Change)), always(Notify))
	case abi.Exec:
		return only(o.Listener && (o.Exec || o.Fake && !o.OwnIDs), always(Notify))
	case abi.Stat:
		return o.stat(r)
	case abi.Connect:
		return only(o.Listener && o.Connect, Rule{When: addressed[r.Name], Do: Notify})
	case abi.Socket:
		return o.socket()
	case abi.MultiSocket:
		return o.socketcall()
	case abi.Process:
		return o.process(r)
	case abi.Arguments:
		return o.arguments(r)
	case abi.Pass:
		return o.marked(r)
	}
	return nil
}

// fakes tells whether a change is sent although everything may be written. What
// sets an owner is sent in any case: see Writes.
func (o Options) fakes(c abi.Change) bool {
	switch c {
	case abi.Chown:
		return true
	case abi.Chmod, abi.Mknod, abi.Setxattr, abi.Removexattr, abi.HardLink, abi.Unlink, abi.Rename, abi.Truncate:
		return o.Fake
	}
	return o.Fake && !o.OwnIDs
}

// fakeOwnIDs are the rules for what the kernel does not know of: of the ids that
// a process has, groups that are not in the range.
func (o Options) fakeOwnIDs(r *abi.Row) []Rule {
	switch r.Fake {
	case abi.FakeGetID:
		if r.Name != "getgroups" && r.Name != "getgroups32" {
			return []Rule{}
		}
	case abi.FakeCaps, abi.FakeUmask:
		return []Rule{}
	case abi.FakeStat:
		return o.fakeStat(r)
	}
	return []Rule{always(Notify)}
}

// fakeStat sends what asks without following symbolic links, as programs that
// handle devices do. The rest is most of what a build asks, and is about no device:
// it stays as fast as it is.
func (o Options) fakeStat(r *abi.Row) []Rule {
	flags := r.Arg(abi.AtFlags)
	switch {
	case o.Stats, r.Name == "statx", len(r.Paths()) > 0 && r.Paths()[0].Role == abi.Link:
		return []Rule{always(Notify)}
	case flags < 0:
		return []Rule{}
	}
	return []Rule{{When: []Cond{{flags, unix.AT_SYMLINK_NOFOLLOW, 0, AnySet}}, Do: Notify}}
}

// faked sends a call that a fake root answers.
func faked(r *abi.Row) []Rule {
	switch r.Fake {
	case abi.FakeUmask:
		return []Rule{{When: []Cond{{0, 0700, 0, AnySet}}, Do: Notify}}
	case abi.FakeCaps:
		if r.Name == "prctl" {
			return oneOf(0, privilegeOptions, Notify)
		}
	}
	return []Rule{always(Notify)}
}

// privilegeOptions are prctl's about capabilities(7).
var privilegeOptions = []uint64{
	unix.PR_GET_KEEPCAPS, unix.PR_SET_KEEPCAPS, unix.PR_CAPBSET_READ, unix.PR_CAPBSET_DROP, unix.PR_GET_SECUREBITS,
	unix.PR_SET_SECUREBITS, unix.PR_SET_NO_NEW_PRIVS, unix.PR_GET_NO_NEW_PRIVS, unix.PR_CAP_AMBIENT,
}

func always(v Verdict) Rule { return Rule{Do: v} }

func only(when bool, r Rule) []Rule {
	if !when {
		return nil
	}
	return []Rule{r}
}

// ask is Notify if there is someone to answer.
func (o Options) ask(otherwise Verdict) Verdict {
	if o.Listener {
		return Notify
	}
	return otherwise
}

func equal(arg int, v uint64) Cond    { return Cond{arg, Int, v, Equal} }
func notEqual(arg int, v uint64) Cond { return Cond{arg, Int, v, NotEqual} }

// writing are the flags of an open that can change something. A file opened
// with O_RDONLY|O_TRUNC is truncated; O_TMPFILE has a bit of its own besides O_DIRECTORY.
const writing = unix.O_WRONLY | unix.O_RDWR | unix.O_CREAT | unix.O_TRUNC | unix.O_TMPFILE&^unix.O_DIRECTORY

func (o Options) open(r *abi.Row) []Rule {
	flags := r.Arg(abi.OpenFlags)
	switch {
	case !o.Listener || !o.Reads && !o.Record && !o.Writes && !o.Fake:
		return nil
	case o.Reads || o.Record || flags < 0: // creat, and openat2, whose flags are in memory
		return []Rule{always(Notify)}
	}
	return []Rule{{When: []Cond{{flags, writing, 0, AnySet}}, Do: Notify}}
}

// stat sends what looks at a path.
func (o Options) stat(r *abi.Row) []Rule {
	switch flags := r.Arg(abi.AtFlags); {
	case !o.Listener || !o.Stats && !o.Record:
		return nil
	case o.Stats:
		return []Rule{always(Notify)}
	case r.Name == "readlink" || r.Name == "readlinkat":
		return nil
	case flags >= 0:
		return []Rule{{When: []Cond{{flags, unix.AT_EMPTY_PATH, 0, Equal}}, Do: Notify}}
	}
	return []Rule{always(Notify)}
}

// addressed tells when a call of the class Connect has an address, if not
// always. The pointer is compared in full.
var addressed = map[string][]Cond{
	"sendto": {{4, Long, 0, NotEqual}},
}
