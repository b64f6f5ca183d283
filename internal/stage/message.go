package stage

import (
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"reflect"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/landlock"
	"github.com/catbox-go/catbox/internal/namespace"
)

// Spec is what the init has to do.
type Spec struct {
	Path  string
	Args  []string
	Env   []string
	Self  bool // execute this program itself instead of Path
	Files int  // descriptors for the command beyond 0 to 2

	View     *namespace.Plan // nil: no mount namespace, or one that was made for the init
	Root     string          // without a View, a directory to be made the root of the mount namespace; "": none
	Dir      string
	Landlock *landlock.Rules // nil: none
	Filter   []unix.SockFilter
	// FilterFlags are those of seccomp(2). Without NEW_LISTENER no listener is sent.
	FilterFlags uintptr
	Caps        uint64 // capabilities that the command may keep, bit n for number n
	// NewPrivs lets set-user-ID and file capabilities count (no no_new_privs). It is for a user namespace
	// with ids that are nobody else's: files of others have no privileges to give there.
	NewPrivs bool
	Limits   []Limit
	// Remove is a directory of temporary files that the init removes at the end, "" if none.
	Remove string
	// Blocked are those of the watched signals that the command starts with blocked, bit n-1 for number n as the kernel has it.
	Blocked uint64
	// Give are files to be given to others than the user for the time of the run.
	Give []Owned
	// TakeBack has the init ask, at the end, which files are to be the user's again.
	TakeBack bool
	// Early starts the command without waiting for Go, which the init then waits for before it does anything else.
	Early bool
	// PIDNamespace tells that the init is process 1 of its own pid namespace.
	PIDNamespace bool
	// Behind tells that a program in front has executed the init (Config.Front).
	Behind bool
}

// Limit is one resource limit, soft and hard alike.
type Limit struct {
	Resource int
	Value    uint64
}

// message is what goes over the socket, either way. Only one of its members is set.
type message struct {
	// from the caller
	Spec   *Spec
	Go     bool
	Seen   bool // which process was Started
	Signal syscall.Signal
	Kill   bool
	Socket *SocketRequest
	Take   *takeRequest
	Make   *MakeRequest

	// from the init
	Hello    bool // it is there, and not ready yet
	Failed   *failure
	Ready    *ready // with the listener, if there is one, and Behind
	Started  int    // the command's process id in its pid namespace
	Died     *Death
	Stopped  syscall.Signal // the signal that the command was stopped by
	Ending   bool           // everything has ended, and the init waits for Take
	Taken    *taken         // the answer to Take
	Made     *madeDone      // the answer to Make
	Ended    *Ended
	Socketed *socketDone // with the socket, if there is one
}

// SocketRequest asks the init for a socket made in the run's namespaces.
type SocketRequest struct{ Family, Type, Protocol int }

// takeRequest names the files that are to be the user's again, with all below them.
type takeRequest struct{ Paths []string }

type taken struct{ Files []Owned }

type socketDone struct{ Errno syscall.Errno }

// ready tells that everything is set up.
type ready struct {
	Netns    uint64 // SO_NETNS_COOKIE of the run's network namespace, 0 if it cannot be had
	Listener int    // the listener's descriptor in the init, to be taken from there if it does not come with this; -1: none
}

// Death is the end of a process of the run by a signal.
type Death struct {
	PID    int // in the run's pid namespace
	Signal syscall.Signal
}

// Ended says how the command ended.
type Ended struct {
	Status   syscall.WaitStatus
	Usage    syscall.Rusage
	Leftover []string // the names of the processes that outlived it
}

// failure is why the command did not run.
type failure struct {
	Step  string
	Text  string
	Errno syscall.Errno
	Exec  bool
}

// conn carries messages with a length in front, and a descriptor beside them.
// It is read and written by blocking calls.
type conn struct {
	fd int
	mu sync.Mutex // one message at a time is sent
}

const maxMessage = 64 << 20

// send writes m.
func (c *conn) send(m message) error { return c.sendWith(m, nil) }

// sendWith writes m with a control message beside it. Without one it only
// writes, which a confined thread may do.
func (c *conn) sendWith(m message, control []byte) error {
	body := encode(make([]byte, 4, 512), reflect.ValueOf(m))
	binary.LittleEndian.PutUint32(body, uint32(len(body)-4))
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(body) > 0 {
		var n int
		var err error
		if control == nil {
			n, err = unix.Write(c.fd, body)
		} else {
			n, err = unix.SendmsgN(c.fd, body, control, nil, unix.MSG_NOSIGNAL)
		}
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return os.NewSyscallError("write to the other end", err)
		}
		body, control = body[n:], nil
	}
	return nil
}

// beside is what comes beside a message.
type beside struct {
	fd  int // -1 if there is none
	pid int // of the sender, or of the process that it names, as seen from here
}

// receive reads a message and what comes beside it.
func (c *conn) receive() (m message, b beside, err error) {
	var head [4]byte
	b, err = c.read(head[:])
	if err != nil {
		return m, b, err
	}
	size := binary.LittleEndian.Uint32(head[:])
	if size > maxMessage {
		return m, b, fmt.Errorf("message of %d bytes", size)
	}
	body := make([]byte, size)
	if _, err := c.read(body); err != nil {
		return m, b, err
	}
	d := decoder{data: body}
	d.decode(reflect.ValueOf(&m).Elem())
	return m, b, d.err
}

// read fills buf and returns what came beside its first byte.
func (c *conn) read(buf []byte) (beside, error) {
	b := beside{fd: -1}
	oob := make([]byte, unix.CmsgSpace(4)+unix.CmsgSpace(unix.SizeofUcred))
	for len(buf) > 0 {
		n, oobn, _, _, err := unix.Recvmsg(c.fd, buf, oob, unix.MSG_CMSG_CLOEXEC)
		switch {
		case err == unix.EINTR:
			continue
		case err != nil:
			return b, os.NewSyscallError("recvmsg", err)
		case n == 0:
			return b, io.EOF
		}
		if err := b.parse(oob[:oobn]); err != nil {
			return b, err
		}
		buf = buf[n:]
	}
	return b, nil
}

func (b *beside) parse(oob []byte) error {
	messages, err := unix.ParseSocketControlMessage(oob)
	if err != nil {
		return err
	}
	for _, m := range messages {
		switch m.Header.Type {
		case unix.SCM_RIGHTS:
			fds, err := unix.ParseUnixRights(&m)
			if err != nil {
				return err
			}
			if len(fds) != 1 {
				for _, fd := range fds {
					unix.Close(fd)
				}
				return fmt.Errorf("%d descriptors beside a message", len(fds))
			}
			b.fd = fds[0]
		case unix.SCM_CREDENTIALS:
			creds, err := unix.ParseUnixCredentials(&m)
			if err != nil {
				return err
			}
			b.pid = int(creds.Pid)
		}
	}
	return nil
}

// shutdown ends both directions, so that a blocked read returns.
func (c *conn) shutdown() { unix.Shutdown(c.fd, unix.SHUT_RDWR) }

// close lets go. Nobody may be reading any more.
func (c *conn) close() { unix.Close(c.fd) }
