package stage

import (
	"errors"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/sys"
	"github.com/catbox-go/catbox/internal/sys/spawn"
)

// With a program in front, as bwrap(1), what is started is that program. It executes
// the init by a descriptor, as this program need not be in the root that it has made. All
// else is as without; what differs is here: the init's number is not known, it
// cannot be looked into across that program's namespaces, and has no rights in them.

// putBehind has the init executed by the program in front.
func putBehind(r *spawn.Request, front []string, program *os.File) {
	own := sys.FDPath(len(r.Files) + 1) // after those for the command, and the socket
	r.Path, r.Dir = front[0], "/"
	r.Args = append(append([]string{}, front...), own, spawn.Name)
	r.Files = append(r.Files, program.Fd())
}

// handOver sends the listener. The confined thread cannot: the message would come to
// its own filter's listener. Another one does.
func (in *initProcess) handOver(r *ready) error {
	sent := make(chan error)
	go func() { sent <- in.conn.sendWith(message{Ready: r}, unix.UnixRights(r.Listener)) }()
	return <-sent
}

// takeFrom takes what came beside Ready: the listener, and the number that the init has here.
func (r *Run) takeFrom(ready *ready, with beside) error {
	if with.fd >= 0 {
		r.Listener = os.NewFile(uintptr(with.fd), "seccomp listener")
	}
	r.pid = with.pid
	switch {
	case r.pid == 0: // pid_namespaces(7)
		return errors.New("the first process is not in this pid namespace, nor in one below it")
	case r.Listener == nil && ready.Listener >= 0: // unix(7), MSG_CTRUNC: too many descriptors are open
		return errors.New("the filter's listener did not arrive")
	}
	return nil
}

// seeStarted returns the command's process id as seen from here, 0 if the kernel does not tell
// (before Linux 4.2, CONFIG_PROC_CHILDREN), and has the init go on.
func (r *Run) seeStarted() int {
	pids := children(os.DirFS("/proc"), r.pid)
	_ = r.conn.send(message{Seen: true}) // the next message tells whether it has ended
	if len(pids) == 0 {
		return 0
	}
	return pids[0]
}

// instead says what became of a program in front that never came to execute the
// init: what the reason was it has written to standard error itself.
func instead(front []string, err error) error {
	if len(front) == 0 || !errors.Is(err, ErrNoInit) {
		return err
	}
	return &Error{Step: filepath.Base(front[0]), Text: "it did not come to execute the command: its message is on standard error"}
}
