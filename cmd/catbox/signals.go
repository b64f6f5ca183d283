package main

import (
	"bytes"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/catbox-go/catbox"
)

// forwarded are the signals that catbox passes to the command and does not
// take for itself. SIGTSTP stops catbox too, as a terminal's user expects.
var forwarded = []os.Signal{
	syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGUSR1, syscall.SIGUSR2,
	syscall.SIGCONT, syscall.SIGWINCH, syscall.SIGALRM,
}

// signals passes signals on. Those that arrive before there is a command wait.
type signals struct {
	caught chan os.Signal
	all    chan struct{}       // closed when all are caught
	stops  chan syscall.Signal // that the command was stopped by
	over   chan struct{}
	once   sync.Once
	wait   sync.WaitGroup

	mu   sync.Mutex
	seen []syscall.Signal // those that end a process, as they were caught
}

// catchSignals begins to catch signals, beside the set-up of the run, as each
// takes the runtime some time. One that comes before it is caught ends catbox,
// and the run with it.
func catchSignals() *signals {
	s := &signals{caught: make(chan os.Signal, 64), over: make(chan struct{}), all: make(chan struct{}), stops: make(chan syscall.Signal, 64)}
	s.wait.Go(func() {
		defer close(s.all)
		for _, sig := range forwarded {
			// What the caller ignores stays ignored, in the command too: nohup(1).
			if !signal.Ignored(sig) {
				signal.Notify(s.caught, sig)
			}
		}
		// A write to a closed pipe is to be an error. Ignoring the signal would have
		// the command ignore it as well; one that is caught is reset by execve(2).
		signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	})
	return s
}

// ready waits until all signals are caught. No command runs before.
func (s *signals) ready(int) error {
	<-s.all
	return nil
}

// forward passes the signals to send until stop is called.
func (s *signals) forward(c *catbox.Cmd) {
	s.wait.Go(func() {
		for {
			select {
			case sig := <-s.caught:
				s.note(sig)
				// The command may have ended just now: nobody misses the signal.
				_ = c.Signal(sig.(syscall.Signal))
			case sig := <-s.stops:
				stopToo(c.PID(), sig)
			case <-s.over:
				return
			}
		}
	})
}

// stopped is told that the command was stopped.
func (s *signals) stopped(sig syscall.Signal) { s.stops <- sig }

// stopToo stops catbox as its command was stopped, so that the shell sees it: an
// editor stops itself for Ctrl-Z, a shell for suspend, and neither can reach a
// process outside of the run. SIGCONT is passed on like other signals. A command
// that goes on already was stopped together with catbox, by the terminal, and
// the word of it came late.
func stopToo(pid int, sig syscall.Signal) {
	time.Sleep(20 * time.Millisecond) // each member of a group gets SIGCONT in its turn
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return
	}
	// The state follows the name, in which anything may be (proc_pid_stat(5)).
	if _, state, _ := strings.Cut(string(stat[bytes.LastIndexByte(stat, ')')+1:]), " "); strings.HasPrefix(state, "T") {
		_ = syscall.Kill(os.Getpid(), sig)
	}
}

// note remembers the signals that are sent to end a process.
func (s *signals) note(sig os.Signal) {
	switch sig {
	case syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT:
		s.mu.Lock()
		s.seen = append(s.seen, sig.(syscall.Signal))
		s.mu.Unlock()
	}
}

// interrupted tells, after stop, whether catbox got SIGINT too. A terminal sends
// it to all at once, but the thread that takes it for catbox, and the runtime that
// hands it on, may be later than the word that the command has died of it.
func (s *signals) interrupted() bool {
	late := time.After(200 * time.Millisecond)
	for {
		s.mu.Lock()
		got := slices.Contains(s.seen, syscall.SIGINT)
		s.mu.Unlock()
		if got {
			return true
		}
		select {
		case sig := <-s.caught:
			s.note(sig)
		case <-late:
			return false
		}
	}
}

// instead returns what the run ended by if it did not come to its end: the
// signal that was to end it, if there was one, which the run's first process
// may have died of while it set the run up, and err otherwise.
func (s *signals) instead(err error) error {
	s.stop()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.seen) == 0 {
		return err
	}
	sig := s.seen[0]
	return &ended{status: statusSignal + int(sig), interrupted: sig == syscall.SIGINT, cause: err}
}

// stop ends forwarding. The signals stay caught: those that come now find
// catbox about to tell the end of the run.
func (s *signals) stop() {
	s.once.Do(func() { close(s.over) })
	s.wait.Wait()
	for {
		select {
		case sig := <-s.caught: // came with the one that ended the command
			s.note(sig)
		default:
			return
		}
	}
}

// dieOfInterrupt has catbox die of SIGINT as its command did: bash(1) got the
// signal too, but goes on with its script or list if what it waited for exited,
// with whatever status. The first process of a pid namespace survives the signal
// (pid_namespaces(7)), and the Go runtime would exit with another status.
func dieOfInterrupt() {
	if os.Getpid() == 1 {
		return
	}
	signal.Reset(syscall.SIGINT)
	if syscall.Kill(os.Getpid(), syscall.SIGINT) == nil {
		time.Sleep(time.Second) // any thread may get it, in its time
	}
}
