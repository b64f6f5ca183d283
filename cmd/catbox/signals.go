package main

import (
	"os"
	"os/signal"
	"sync"
	"syscall"
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
	all    chan struct{} // closed when all are caught
	over   chan struct{}
	once   sync.Once
	wait   sync.WaitGroup
}

// catchSignals begins to catch signals, beside the set-up of the run, as each
// takes the runtime some time. One that comes before it is caught ends catbox,
// and the run with it.
func catchSignals() *signals {
	s := &signals{caught: make(chan os.Signal, 64), over: make(chan struct{}), all: make(chan struct{})}
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
func (s *signals) forward(send func(syscall.Signal) error) {
	s.wait.Go(func() {
		for {
			select {
			case sig := <-s.caught:
				// The command may have ended just now: nobody misses the signal.
				_ = send(sig.(syscall.Signal))
			case <-s.over:
				return
			}
		}
	})
}

// stop ends forwarding. The signals stay caught: those that come now find
// catbox about to tell the end of the run.
func (s *signals) stop() {
	s.once.Do(func() { close(s.over) })
	s.wait.Wait()
}
