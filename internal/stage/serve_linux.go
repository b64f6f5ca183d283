package stage

import (
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// serve carries out what the caller asks while the command runs, and ends when
// the command has ended or the caller has gone. It runs on a thread that is not
// confined.
func (in *initProcess) serve(pid int) error {
	if err := in.tellStarted(pid); err != nil {
		return err
	}
	requests, reaped := make(chan message), make(chan Ended, 1)
	go in.read(requests)
	if !in.spec.Behind {
		go in.reap(pid, reaped)
	}
	for {
		select {
		case m, ok := <-requests:
			switch {
			case !ok || m.Kill:
				in.endAll()
				return nil
			case m.Signal != 0:
				go in.witness.deliver(pid, m.Signal)
			case m.Seen:
				go in.reap(pid, reaped)
			case m.Socket != nil:
				in.makeSocket(m.Socket)
			case m.Make != nil:
				in.make(m.Make)
			}
		case ended := <-reaped:
			if in.spec.TakeBack {
				in.takeBack(requests)
			}
			return in.conn.send(message{Ended: &ended})
		}
	}
}

// takeBack asks for the files that are to be the user's again. The run is over,
// but for this.
func (in *initProcess) takeBack(requests <-chan message) {
	if in.conn.send(message{Ending: true}) != nil {
		return
	}
	for m := range requests {
		if m.Kill {
			return
		}
		if m.Take != nil {
			in.conn.send(message{Taken: &taken{takeBack(m.Take.Paths)}})
			return
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

// tellStarted tells the command's id. As the caller's pid namespace has it, it
// travels as a credential, which the kernel translates; the command has not
// been reaped yet. Behind another program, where the init has no rights over its pid
// namespace, the caller looks by itself, and the command is not reaped until it has.
func (in *initProcess) tellStarted(pid int) error {
	if !in.spec.PIDNamespace {
		return in.conn.send(message{Started: pid})
	}
	creds := unix.UnixCredentials(&unix.Ucred{Pid: int32(pid), Uid: uint32(os.Getuid()), Gid: uint32(os.Getgid())})
	return in.conn.sendWith(message{Started: pid}, creds)
}

// reap waits for every process that is, or comes to be, a child of the init.
// When the command has ended it ends the rest.
func (in *initProcess) reap(command int, done chan<- Ended) {
	for {
		var status syscall.WaitStatus
		var usage syscall.Rusage
		pid, err := syscall.Wait4(-1, &status, syscall.WUNTRACED, &usage)
		if err == syscall.EINTR {
			continue
		}
		if err != nil {
			done <- Ended{Status: 255 << 8}
			return
		}
		if status.Stopped() {
			if pid == command {
				in.conn.send(message{Stopped: status.StopSignal()})
			}
			continue
		}
		if status.Signaled() {
			in.conn.send(message{Died: &Death{PID: pid, Signal: status.Signal()}})
		}
		if pid == command {
			done <- Ended{Status: status, Usage: usage, Leftover: in.endRest()}
			return
		}
	}
}

// endRest ends what outlived the command and returns the names of it, sorted.
func (in *initProcess) endRest() []string {
	for {
		// Orphans come to the init: without a child of its own there is nobody.
		pid, err := syscall.Wait4(-1, nil, unix.WNOHANG|unix.WALL, nil)
		switch {
		case err == syscall.EINTR || err == nil && pid > 0:
			continue // was ending by itself
		case err != nil:
			return nil
		}
		names := in.others()
		in.endAll()
		return names
	}
}

// others lists the run's other processes by name, as far as /proc shows them.
func (in *initProcess) others() []string {
	var names []string
	pending := children(in.proc, os.Getpid())
	for len(pending) > 0 {
		pid := pending[0]
		pending = append(pending[1:], children(in.proc, pid)...)
		comm, err := fs.ReadFile(in.proc, fmt.Sprintf("%d/comm", pid))
		if err == nil {
			names = append(names, strings.TrimSuffix(string(comm), "\n"))
		}
	}
	slices.Sort(names)
	return names
}

// children lists the children of a process, by all of its threads.
func children(proc fs.FS, pid int) []int {
	tasks, err := fs.ReadDir(proc, fmt.Sprintf("%d/task", pid))
	if err != nil {
		return nil
	}
	var pids []int
	for _, t := range tasks {
		data, _ := fs.ReadFile(proc, fmt.Sprintf("%d/task/%s/children", pid, t.Name()))
		for field := range strings.FieldsSeq(string(data)) {
			if child, err := strconv.Atoi(field); err == nil {
				pids = append(pids, child)
			}
		}
	}
	return pids
}

// endAll ends every other process of the run and waits until all are gone.
func (in *initProcess) endAll() {
	for {
		if in.spec.PIDNamespace {
			// kill(2): -1 is every process of the namespace but the init.
			syscall.Kill(-1, syscall.SIGKILL)
		} else {
			for _, pid := range children(in.proc, os.Getpid()) {
				syscall.Kill(pid, syscall.SIGKILL) // its children come to the init and are next
			}
		}
		_, err := syscall.Wait4(-1, nil, unix.WALL, nil)
		if err == syscall.EINTR {
			continue
		}
		if err != nil {
			return // ECHILD: orphans come to the init, so none is left
		}
	}
}

// makeSocket makes a socket in the run's namespaces for the supervisor, which is
// not in them. It is made with the rights of the command: a socket keeps those of
// its maker (netlink(7), raw(7)), and the init has more.
func (in *initProcess) makeSocket(r *SocketRequest) {
	var fd int
	var err error
	made := make(chan struct{})
	in.asCommand <- func() {
		fd, err = unix.Socket(r.Family, r.Type|unix.SOCK_CLOEXEC, r.Protocol)
		close(made)
	}
	<-made
	if err != nil {
		errno, _ := err.(unix.Errno)
		in.conn.send(message{Socketed: &socketDone{Errno: errno}})
		return
	}
	defer unix.Close(fd)
	in.conn.sendWith(message{Socketed: &socketDone{}}, unix.UnixRights(fd))
}
