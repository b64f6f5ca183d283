package queue

import (
	"errors"
	"sync"
	"testing"
	"time"
)

// All that is put is told, in order, by as many as there are.
func TestAllIsTold(t *testing.T) {
	const each, putters = 50_000, 4
	last := map[int]int{}
	n := 0
	q := New(time.Millisecond, func(v [2]int) error {
		if last[v[0]] != v[1]-1 {
			t.Errorf("putter %d: %d after %d", v[0], v[1], last[v[0]])
		}
		last[v[0]] = v[1]
		n++
		return nil
	})
	q.Begin()
	var all sync.WaitGroup
	for i := range putters {
		all.Go(func() {
			for j := range each {
				q.Put([2]int{i, j + 1})
			}
		})
	}
	all.Wait()
	if err := q.Close(); err != nil || n != each*putters {
		t.Errorf("%d told, %v", n, err)
	}
}

// A value is heard of without another, and without the end.
func TestOneIsTold(t *testing.T) {
	heard := make(chan int, 1)
	q := New(time.Millisecond, func(v int) error { heard <- v; return nil })
	q.Begin()
	q.Put(7)
	if v := <-heard; v != 7 {
		t.Error(v)
	}
	q.Close()
}

// A queue in which nothing is for a pause stops looking, and is woken by the next value.
func TestIdle(t *testing.T) {
	heard := make(chan int, 1)
	q := New(time.Millisecond, func(v int) error { heard <- v; return nil })
	q.Begin()
	for v := range 3 {
		for idle := false; !idle; time.Sleep(time.Millisecond) {
			q.mu.Lock()
			idle = q.idle
			q.mu.Unlock()
		}
		q.Put(v)
		if got := <-heard; got != v {
			t.Error(got)
		}
	}
	q.Close()
}

// A teller that fails hears of nothing more, and holds nobody up.
func TestFailure(t *testing.T) {
	failure, calls := errors.New("failure"), 0
	q := New(time.Millisecond, func(int) error { calls++; return failure })
	q.Begin()
	for i := range 3 * most {
		q.Put(i)
	}
	if err := q.Close(); err != failure || calls != 1 {
		t.Errorf("%d calls, %v", calls, err)
	}
}

// Who puts into a full queue waits for the teller.
func TestWaits(t *testing.T) {
	q := New(time.Millisecond, func(int) error { return nil })
	put := make(chan bool)
	go func() {
		for i := range most + 1 {
			q.Put(i)
		}
		close(put)
	}()
	select {
	case <-put:
		t.Error("did not wait")
	case <-time.After(50 * time.Millisecond):
	}
	q.Begin()
	<-put
	q.Close()
}

// What is dropped was never told.
func TestDrop(t *testing.T) {
	q := New(time.Millisecond, func(int) error { t.Error("told"); return nil })
	q.Put(1)
	q.Drop()
}
