package main

import (
	"fmt"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// steps shows on a terminal which build is running: a line that is written over.
type steps struct {
	mu    sync.Mutex
	name  string
	done  int
	all   int
	spent time.Duration // for what is done
	begun time.Time
	stop  chan struct{}
	group sync.WaitGroup
}

// showSteps begins if standard error is a terminal; nil: it is none.
func showSteps() *steps {
	if _, err := unix.IoctlGetTermios(int(os.Stderr.Fd()), unix.TCGETS); err != nil {
		return nil
	}
	s := &steps{begun: time.Now(), stop: make(chan struct{})}
	s.group.Go(s.run)
	return s
}

// step is deps.Verifier's.
func (s *steps) step(name string, done, all int) {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.name, s.done, s.all, s.spent = name, done, all, time.Since(s.begun)
}

func (s *steps) run() {
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-s.stop:
			fmt.Fprint(os.Stderr, "\r\x1b[K")
			return
		case now := <-tick.C:
			fmt.Fprint(os.Stderr, "\r\x1b[K"+s.line(now.Sub(s.begun))+"\r")
		}
	}
}

// line tells how long all will take, as soon as a build is done to go by.
func (s *steps) line(passed time.Duration) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	text := fmt.Sprintf("catbox: build %d of %d, %s: %s", s.done+1, s.all, stepName(s.name), passed.Truncate(time.Second))
	if s.done > 0 {
		all := s.spent / time.Duration(s.done) * time.Duration(s.all)
		text += fmt.Sprintf(" of about %s", max(passed, all).Truncate(time.Second))
	}
	return text
}

// close takes the line away.
func (s *steps) close() {
	if s == nil {
		return
	}
	close(s.stop)
	s.group.Wait()
}
