package main

import (
	"fmt"
	"sync"
	"time"
)

// steps shows on a terminal which build is running.
type steps struct {
	*liveLine // nil: there is no terminal
	begun     time.Time
	mu        sync.Mutex
	name      string
	done      int
	all       int
	spent     time.Duration // for what is done
}

func showSteps() *steps {
	s := &steps{begun: time.Now()}
	s.liveLine = showLine(s.line)
	return s
}

// step is deps.Verifier's.
func (s *steps) step(name string, done, all int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.name, s.done, s.all, s.spent = name, done, all, time.Since(s.begun)
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
