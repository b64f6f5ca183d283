package within

import (
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/stage"
)

// serve does what the caller asks while the command runs, and returns when the
// command has ended or the caller is gone, and nothing of the run is left.
func (in *inner) serve(pid int) {
	in.reports.Encode(report{Started: true})
	var r request
	if in.requests.Decode(&r) != nil || !r.Seen {
		in.endAll()
		return
	}
	requests := make(chan request)
	go in.read(requests)
	ended := make(chan stage.Ended, 1)
	go in.reap(pid, ended)
	for {
		select {
		case r, ok := <-requests:
			switch {
			case !ok || r.Kill:
				in.endAll()
				return
			case r.Signal != 0:
				go in.witness.deliver(pid, r.Signal)
			}
		case e := <-ended:
			in.reports.Encode(report{Ended: &e})
			return
		}
	}
}

func (in *inner) read(requests chan<- request) {
	defer close(requests)
	for {
		var r request
		if in.requests.Decode(&r) != nil {
			return
		}
		requests <- r
	}
}

// reap waits for every process that is, or comes to be, a child of this one. When
// the command has ended it ends the rest.
func (in *inner) reap(command int, done chan<- stage.Ended) {
	for {
		var status syscall.WaitStatus
		var usage syscall.Rusage
		pid, err := syscall.Wait4(-1, &status, syscall.WUNTRACED, &usage)
		switch {
		case err == syscall.EINTR:
		case err != nil: // ended by endAll
			return
		case status.Stopped():
			if pid == command {
				in.reports.Encode(report{Stopped: status.StopSignal()})
			}
		case pid == command:
			in.tellDeath(pid, status)
			done <- stage.Ended{Status: status, Usage: usage, Leftover: in.endRest()}
			return
		default:
			in.tellDeath(pid, status)
		}
	}
}

func (in *inner) tellDeath(pid int, status syscall.WaitStatus) {
	if status.Signaled() {
		in.reports.Encode(report{Died: &stage.Death{PID: pid, Signal: status.Signal()}})
	}
}

// endRest ends what outlived the command and returns the names of it, sorted.
func (in *inner) endRest() []string {
	for {
		pid, err := syscall.Wait4(-1, nil, unix.WNOHANG|unix.WALL, nil)
		if err == syscall.EINTR || err == nil && pid > 0 {
			continue // was ending by itself
		}
		if err != nil {
			return nil // ECHILD: orphans come here, so none is left
		}
		names := in.others()
		in.endAll()
		return names
	}
}

// others lists the run's other processes by name, as far as /proc shows them.
func (in *inner) others() []string {
	var names []string
	pending := in.children(os.Getpid())
	for len(pending) > 0 {
		pid := pending[0]
		pending = append(pending[1:], in.children(pid)...)
		if comm, err := in.proc.ReadFile(fmt.Sprintf("%d/comm", pid)); err == nil {
			names = append(names, strings.TrimSuffix(string(comm), "\n"))
		}
	}
	slices.Sort(names)
	return names
}

// children lists the children of a process, by all of its threads.
func (in *inner) children(pid int) []int {
	tasks, err := fs.ReadDir(in.proc.FS(), fmt.Sprintf("%d/task", pid))
	if err != nil {
		return nil
	}
	var pids []int
	for _, t := range tasks {
		data, _ := in.proc.ReadFile(fmt.Sprintf("%d/task/%s/children", pid, t.Name()))
		for field := range strings.FieldsSeq(string(data)) {
			if child, err := strconv.Atoi(field); err == nil {
				pids = append(pids, child)
			}
		}
	}
	return pids
}

// endAll ends every process that this one has started, and those that come to
// it as their parents end, until none is left.
func (in *inner) endAll() {
	for {
		for _, pid := range in.children(os.Getpid()) {
			syscall.Kill(pid, syscall.SIGKILL)
		}
		_, err := syscall.Wait4(-1, nil, unix.WALL, nil)
		if err != nil && err != syscall.EINTR {
			return // ECHILD
		}
	}
}
