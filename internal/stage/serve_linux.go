package stage

import (
	"fmt"
	"os"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// serve carries out what the caller asks, starts the command when told to, and
// ends when the command has ended or the caller has gone.
func (in *initProcess) serve() error {
	defer close(in.endOfInit)
	requests := make(chan message)
	go in.read(requests)
	pid := 0
	reaped := make(chan Ended, 1)
	for {
		select {
		case m, ok := <-requests:
			switch {
			case !ok || m.Kill:
				in.endAll()
				return nil
			case m.Go:
				started, err := in.startCommand()
				if err != nil {
					return err
				}
				pid = started
				go in.witness.watch()
				go in.reap(pid, reaped)
			case m.Signal != 0 && pid != 0:
				go in.witness.deliver(pid, m.Signal)
			case m.Socket != nil:
				in.makeSocket(m.Socket)
			}
		case ended := <-reaped:
			return in.conn.send(message{Ended: &ended}, -1)
		}
	}
}

func (in *initProcess) read(requests chan<- message) {
	defer close(requests)
	for {
		m, _, err := in.conn.receive()
		if err != nil {
			return
		}
		requests <- m
	}
}

func (in *initProcess) startCommand() (int, error) {
	close(in.start)
	result := <-in.forked
	if result.err != nil {
		return 0, &execError{result.err}
	}
	// Its id as the caller's pid namespace has it travels as a credential,
	// which the kernel translates; it has not been reaped yet.
	creds := unix.UnixCredentials(&unix.Ucred{Pid: int32(result.pid), Uid: uint32(os.Getuid()), Gid: uint32(os.Getgid())})
	if !in.spec.PIDNamespace {
		creds = nil
	}
	return result.pid, in.conn.sendWith(message{Started: result.pid}, creds)
}

// reap waits for every process that is, or comes to be, a child of the init.
// When the command has ended it ends the rest.
func (in *initProcess) reap(command int, done chan<- Ended) {
	for {
		var status syscall.WaitStatus
		var usage syscall.Rusage
		pid, err := syscall.Wait4(-1, &status, 0, &usage)
		if err == syscall.EINTR {
			continue
		}
		if err != nil {
			done <- Ended{Status: 255 << 8}
			return
		}
		if status.Signaled() {
			in.conn.send(message{Died: &Death{PID: pid, Signal: status.Signal()}}, -1)
		}
		if pid == command {
			done <- Ended{Status: status, Usage: usage, Leftover: in.endAll()}
			return
		}
	}
}

// endAll ends every other process of the run, waits until all are gone, and
// returns how many there were.
func (in *initProcess) endAll() int {
	count := 0
	for {
		if in.spec.PIDNamespace {
			// kill(2): -1 is every process of the namespace but the init.
			syscall.Kill(-1, syscall.SIGKILL)
		} else {
			killChildren()
		}
		_, err := syscall.Wait4(-1, nil, unix.WALL, nil)
		if err == syscall.EINTR {
			continue
		}
		if err != nil {
			return count // ECHILD: orphans come to the init, so none is left
		}
		count++
	}
}

// killChildren ends the children of the init, which is their subreaper: the
// children of those come to it and are next.
func killChildren() {
	tasks, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return
	}
	for _, t := range tasks {
		data, err := os.ReadFile("/proc/self/task/" + t.Name() + "/children")
		if err != nil {
			continue
		}
		for _, field := range strings.Fields(string(data)) {
			var pid int
			if _, err := fmt.Sscan(field, &pid); err == nil && pid > 1 {
				syscall.Kill(pid, syscall.SIGKILL)
			}
		}
	}
}

// makeSocket makes a socket in the run's namespaces for the supervisor, which is not in them.
func (in *initProcess) makeSocket(r *SocketRequest) {
	fd, err := unix.Socket(r.Family, r.Type|unix.SOCK_CLOEXEC, r.Protocol)
	if err != nil {
		errno, _ := err.(unix.Errno)
		in.conn.send(message{Socketed: &socketDone{Errno: errno}}, -1)
		return
	}
	defer unix.Close(fd)
	in.conn.send(message{Socketed: &socketDone{}}, fd)
}
