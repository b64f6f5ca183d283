package queue

import (
	"sync"
	"testing"
	"time"
)

// All jobs are done, in the order in which each one brought them, and never two at a time.
func TestBacklog(t *testing.T) {
	const each, bringers = 20_000, 4
	b := NewBacklog()
	last := [bringers]int{}
	var all sync.WaitGroup
	for i := range bringers {
		all.Go(func() {
			for j := range each {
				b.Add(func() {
					if last[i] != j {
						t.Errorf("bringer %d: %d after %d", i, j, last[i])
					}
					last[i] = j + 1
				})
				if j%100 == i {
					b.Settle()
				}
			}
		})
	}
	all.Wait()
	b.Close()
	for i, n := range last {
		if n != each {
			t.Errorf("bringer %d: %d of %d are done", i, n, each)
		}
	}
}

// What was brought before is done when Settle returns, and a Do comes after it.
func TestSettle(t *testing.T) {
	b := NewBacklog()
	defer b.Close()
	n := 0
	for i := range 1000 {
		b.Add(func() { n++ })
		b.Add(func() { n++ })
		b.Do(func() {
			if n != 2*(i+1) {
				t.Errorf("%d of %d jobs are done", n, 2*(i+1))
			}
		})
	}
}

// A job is done without another, and without anybody who waits for it; and again after a time without any.
func TestBacklogWakesUp(t *testing.T) {
	b := NewBacklog()
	defer b.Close()
	done := make(chan int)
	for i := range 3 {
		for idle := false; !idle; time.Sleep(time.Millisecond) {
			b.mu.Lock()
			idle = b.idle
			b.mu.Unlock()
		}
		b.Add(func() { done <- i })
		if got := <-done; got != i {
			t.Error(got)
		}
	}
}

// Who brings very many is told.
func TestBacklogTellsOfTooMany(t *testing.T) {
	b := &Backlog{wake: make(chan struct{}, 1)} // nobody does any
	for range tooMany {
		if b.Add(func() {}) {
			t.Fatal("too many already")
		}
	}
	if !b.Add(func() {}) {
		t.Error("not too many yet")
	}
	if b.Settle(); b.Add(func() {}) {
		t.Error("too many still")
	}
}
