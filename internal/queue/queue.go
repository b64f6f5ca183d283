// Package queue hands values on to one goroutine, in order, without waking it for
// each: to take a processor out of its sleep costs the one who does it more than
// all the rest. So what is told is heard up to a pause later, or when there is much of it.
// Where nothing is told for a pause, nothing runs at all until there is something again.
package queue

import (
	"errors"
	"sync"
	"time"
)

// Queue has values told from one goroutine.
type Queue[T any] struct {
	mu     sync.Mutex
	room   *sync.Cond // there is some, or the teller has failed
	values []T
	failed error
	closed bool
	idle   bool // nobody looks until told to

	pause time.Duration
	full  chan struct{} // holds a token when the teller should look at once
	begin chan struct{}
	done  chan struct{}
}

const (
	urgent = 1 << 12 // so many values are told at once
	most   = 1 << 16 // so many may wait before who brings more has to wait as well
)

// New returns a queue of which tell hears when Begin is called, at most pause after a value
// was put. After its first error it hears of nothing more.
func New[T any](pause time.Duration, tell func(T) error) *Queue[T] {
	q := &Queue[T]{pause: pause, full: make(chan struct{}, 1), begin: make(chan struct{}), done: make(chan struct{})}
	q.room = sync.NewCond(&q.mu)
	go q.run(tell)
	return q
}

// Begin lets the values be told. It is called once.
func (q *Queue[T]) Begin() { close(q.begin) }

// Put adds a value. It waits if there are very many.
func (q *Queue[T]) Put(v T) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.values) >= most && q.failed == nil {
		q.room.Wait()
	}
	if q.failed != nil || q.closed {
		return
	}
	q.values = append(q.values, v)
	if q.idle || len(q.values) == urgent {
		q.idle = false
		q.look()
	}
}

func (q *Queue[T]) look() {
	select {
	case q.full <- struct{}{}:
	default:
	}
}

// run tells until the queue is closed.
func (q *Queue[T]) run(tell func(T) error) {
	defer close(q.done)
	<-q.begin
	timer := time.NewTimer(q.pause)
	defer timer.Stop()
	var values []T
	for closed := false; !closed; {
		values, closed = q.take(values)
		q.tell(tell, values)
		if closed {
			return // nothing is put any more
		}
		var next <-chan time.Time
		if len(values) > 0 {
			timer.Reset(q.pause)
			next = timer.C
		}
		select {
		case <-next:
		case <-q.full:
		}
	}
}

// take takes all, and leaves the old slice to be filled again. The queue is idle when
// there is nothing.
func (q *Queue[T]) take(old []T) ([]T, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	values := q.values
	clear(old)
	q.values = old[:0]
	q.idle = len(values) == 0
	q.room.Broadcast()
	return values, q.closed
}

func (q *Queue[T]) tell(tell func(T) error, values []T) {
	for _, v := range values {
		if err := tell(v); err != nil {
			q.fail(err)
			return
		}
	}
}

func (q *Queue[T]) fail(err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.failed == nil {
		q.failed = err
	}
	q.values = nil
	q.room.Broadcast()
}

var errDropped = errors.New("dropped")

// Drop ends a queue that has not begun; of its values nobody hears.
func (q *Queue[T]) Drop() {
	q.fail(errDropped)
	q.Begin()
	_ = q.Close()
}

// Close has all told that was put, and returns the teller's first error.
func (q *Queue[T]) Close() error {
	q.mu.Lock()
	q.closed = true
	q.mu.Unlock()
	q.look()
	<-q.done
	return q.failed
}
