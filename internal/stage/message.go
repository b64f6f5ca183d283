package stage

import (
	"bytes"
	"encoding/binary"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
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

	View     *namespace.Plan // nil: no mount namespace
	Dir      string
	Landlock *landlock.Rules // nil: none
	Filter   []unix.SockFilter
	// FilterFlags are those of seccomp(2). Without NEW_LISTENER no listener is sent.
	FilterFlags uintptr
	Caps        uint64 // capabilities that the command may keep, bit n for number n
	Limits      []Limit
	// PIDNamespace tells that the init is process 1 of its own pid namespace.
	PIDNamespace bool
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
	Signal syscall.Signal
	Kill   bool
	Socket *SocketRequest

	// from the init
	Hello    bool
	Failed   *failure
	Ready    bool // with the listener, if there is one
	Started  int  // the command's process id in its pid namespace
	Died     *Death
	Ended    *Ended
	Socketed *socketDone // with the socket, if there is one
}

// SocketRequest asks the init for a socket made in the run's namespaces.
type SocketRequest struct{ Family, Type, Protocol int }

type socketDone struct{ Errno syscall.Errno }

// Death is the end of a process of the run by a signal.
type Death struct {
	PID    int // in the run's pid namespace
	Signal syscall.Signal
}

// Ended says how the command ended.
type Ended struct {
	Status   syscall.WaitStatus
	Usage    syscall.Rusage
	Leftover int
}

// failure is why the command did not run.
type failure struct {
	Step  string
	Text  string
	Errno syscall.Errno
	Exec  bool
}

// conn carries messages with a length in front, and descriptors beside them.
type conn struct {
	*net.UnixConn
	mu sync.Mutex // one message at a time is sent
}

const maxMessage = 64 << 20

func newConn(f *os.File) (*conn, error) {
	c, err := net.FileConn(f)
	if err != nil {
		return nil, err
	}
	if err := f.Close(); err != nil {
		return nil, err
	}
	u, ok := c.(*net.UnixConn)
	if !ok {
		return nil, errors.New("not a unix socket")
	}
	return &conn{UnixConn: u}, nil
}

// send writes m, with fd beside it if that is not negative.
func (c *conn) send(m message, fd int) error {
	var body bytes.Buffer // gob and not JSON: arguments and paths are any bytes
	if err := gob.NewEncoder(&body).Encode(m); err != nil {
		return err
	}
	var head [4]byte
	binary.LittleEndian.PutUint32(head[:], uint32(body.Len()))
	var rights []byte
	if fd >= 0 {
		rights = unix.UnixRights(fd)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, _, err := c.WriteMsgUnix(head[:], rights, nil); err != nil {
		return err
	}
	_, err := c.Write(body.Bytes())
	return err
}

// receive reads a message and the descriptor beside it, -1 if there is none.
func (c *conn) receive() (m message, fd int, err error) {
	var head [4]byte
	oob := make([]byte, unix.CmsgSpace(4))
	fd = -1
	n, oobn, _, _, err := c.ReadMsgUnix(head[:], oob)
	if err != nil {
		return m, fd, err
	}
	if n == 0 {
		return m, fd, io.EOF
	}
	if fd, err = parseRights(oob[:oobn]); err != nil {
		return m, fd, err
	}
	if _, err := io.ReadFull(c, head[n:]); err != nil {
		return m, fd, err
	}
	size := binary.LittleEndian.Uint32(head[:])
	if size > maxMessage {
		return m, fd, fmt.Errorf("message of %d bytes", size)
	}
	body := make([]byte, size)
	if _, err := io.ReadFull(c, body); err != nil {
		return m, fd, err
	}
	return m, fd, gob.NewDecoder(bytes.NewReader(body)).Decode(&m)
}

func parseRights(oob []byte) (int, error) {
	if len(oob) == 0 {
		return -1, nil
	}
	messages, err := unix.ParseSocketControlMessage(oob)
	if err != nil || len(messages) == 0 {
		return -1, err
	}
	fds, err := unix.ParseUnixRights(&messages[0])
	if err != nil || len(fds) == 0 {
		return -1, err
	}
	unix.CloseOnExec(fds[0])
	return fds[0], nil
}
