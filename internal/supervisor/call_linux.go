package supervisor

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/abi"
	"github.com/catbox-go/catbox/internal/sys"
	"github.com/catbox-go/catbox/internal/target"
)

// held is a call that waits for its answer.
type held struct {
	s      *Supervisor
	id     uint64
	thread target.Thread
	arch   abi.Arch
	row    *abi.Row
	name   string // of the call; for 386's socketcall that of the call inside it
	args   [6]uint64
}

// valid tells whether the call is still held: if not, the thread's id may
// belong to another by now, and nothing read from it counts.
func (h *held) valid() bool { return sys.NotifyValid(h.s.fd, h.id) }

// fd returns an argument that is a descriptor: the kernel looks at 32 bits.
func (h *held) fd(i int) int32 { return int32(h.args[i]) }

// flags returns an argument that is an int.
func (h *held) flags(i int) uint32 { return uint32(h.args[i]) }

// value returns the argument with the role, as an int; 0 if there is none.
func (h *held) value(role abi.Role) uint32 {
	if i := h.row.Arg(role); i >= 0 {
		return h.flags(i)
	}
	return 0
}

// path reads the path that argument i points to. Whoever acts on it, or tells of
// it, asks valid after that: nothing is lost by letting a call go on that is not
// held any more.
func (h *held) path(i int) (string, unix.Errno) {
	return h.thread.ReadPath(h.pointer(i))
}

// pointer returns argument i as an address: 32 bits of it for a 32-bit program.
func (h *held) pointer(i int) uint64 {
	if h.arch == abi.I386 {
		return uint64(uint32(h.args[i]))
	}
	return h.args[i]
}

// follow tells whether the last component's symbolic link is followed,
// from the role of the path and the call's AT_ flags.
func (h *held) follow(role abi.Role) bool {
	flags := uint32(0)
	if i := h.row.Arg(abi.AtFlags); i >= 0 {
		flags = h.flags(i)
	}
	switch role {
	case abi.Path:
		return flags&unix.AT_SYMLINK_NOFOLLOW == 0
	case abi.Link:
		return flags&unix.AT_SYMLINK_FOLLOW != 0
	}
	return false
}

// lookup describes the path argument for the view.
func (h *held) lookup(arg abi.PathArg, path string) target.Lookup {
	l := target.Lookup{
		Thread: h.thread, Dir: unix.AT_FDCWD, Path: path,
		Follow: h.follow(arg.Role), Entry: arg.Role == abi.Entry,
	}
	if arg.Dir >= 0 {
		l.Dir = h.fd(arg.Dir)
	}
	if i := h.row.Arg(abi.AtFlags); i >= 0 {
		l.Empty = h.flags(i)&unix.AT_EMPTY_PATH != 0
	}
	return l
}

// Call is an intercepted system call, decoded by the table, for a Handler.
type Call struct {
	// Name is the call's name, as in its manual page.
	Name string
	// PID is the thread's id as the caller sees it, Program its name.
	PID     int
	Program string
	// Args are the decoded arguments, as many as the call has.
	Args []Argument

	held *held
}

// Argument is one argument of a Call.
type Argument struct {
	// Role says what it is, in the words of the table: "path", "dirfd", "flags" ...
	Role string
	// Raw is the register's value.
	Raw uint64
	// Text is what a pointer to a string or path points to; Err is set if it
	// could not be read. Empty for other roles.
	Text string
	Err  error
}

// Handler decides about a call before the policy does.
type Handler func(*Call) Answer

// ReadMemory copies from the thread's memory.
func (c *Call) ReadMemory(addr uint64, buf []byte) error {
	if errno := c.held.thread.Read(addr, buf); errno != 0 {
		return errno
	}
	if !c.held.valid() {
		return unix.ESRCH
	}
	return nil
}

// Path returns where the first path of the call leads, without symbolic links,
// as the run sees it.
func (c *Call) Path() (string, error) {
	paths := c.held.row.Paths()
	if len(paths) == 0 {
		return "", fmt.Errorf("%s has no path", c.Name)
	}
	p, errno := c.held.path(paths[0].Path)
	if errno != 0 {
		return "", errno
	}
	place, errno := c.held.s.view.Resolve(c.held.lookup(paths[0], p))
	if errno != 0 {
		return "", errno
	}
	return place.Canonical, nil
}

// ReturnFile hands the open file over as the call's result, a new descriptor.
// The file is closed here when the call is answered.
func ReturnFile(f *os.File, cloexec bool) Answer { return file(f, cloexec) }

// decode makes a Call for a Handler; not valid: the call is not held any more.
func (h *held) decode() (c *Call, valid bool) {
	c = &Call{Name: h.name, PID: int(h.thread), Program: h.thread.Program(), held: h}
	for i, role := range h.row.Args {
		if role == abi.None {
			break
		}
		a := Argument{Role: role.String(), Raw: h.args[i]}
		if role.IsPath() || role == abi.Target || role == abi.Name {
			text, errno := h.path(i)
			a.Text = text
			if errno != 0 {
				a.Err = errno
			}
		}
		c.Args = append(c.Args, a)
	}
	return c, h.valid()
}
