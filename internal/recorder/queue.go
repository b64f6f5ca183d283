package recorder

import (
	"errors"
	"sync"
	"time"

	"github.com/catbox-go/catbox/record"
)

// queue has events told from one goroutine, in order. Whoever brings one wakes
// nobody: that would cost the run more than all the rest, as it takes a
// processor out of its sleep. So the sink hears of what happened up to a pause later.
type queue struct {
	mu     sync.Mutex
	room   *sync.Cond // or the sink has failed
	events []record.Event
	failed error
	closed bool

	full  chan struct{} // holds a token when the sink should look at once
	begin chan struct{}
	done  chan struct{}
}

const (
	pause  = 20 * time.Millisecond
	urgent = 1 << 12 // events, of which the sink hears at once
	queued = 1 << 16 // events that may wait before who brings more has to wait as well
)

func newQueue(sink record.Sink) *queue {
	q := &queue{full: make(chan struct{}, 1), begin: make(chan struct{}), done: make(chan struct{})}
	q.room = sync.NewCond(&q.mu)
	go q.run(sink)
	return q
}

func (q *queue) put(e record.Event) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.events) >= queued && q.failed == nil {
		q.room.Wait()
	}
	if q.failed != nil || q.closed {
		return
	}
	if q.events = append(q.events, e); len(q.events) == urgent {
		q.look()
	}
}

func (q *queue) look() {
	select {
	case q.full <- struct{}{}:
	default:
	}
}

// run tells until the queue is closed or the sink fails.
func (q *queue) run(sink record.Sink) {
	defer close(q.done)
	<-q.begin
	timer := time.NewTimer(pause)
	defer timer.Stop()
	var events []record.Event
	for {
		var closed bool
		if events, closed = q.take(events); len(events) > 0 {
			q.tell(sink, events)
		} else if closed {
			return
		}
		if closed {
			continue
		}
		timer.Reset(pause)
		select {
		case <-timer.C:
		case <-q.full:
		}
	}
}

// take takes all, and leaves the old slice to be filled again.
func (q *queue) take(old []record.Event) ([]record.Event, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	events := q.events
	clear(old)
	q.events = old[:0]
	q.room.Broadcast()
	return events, q.closed
}

func (q *queue) tell(sink record.Sink, events []record.Event) {
	for _, e := range events {
		if err := sink.Event(e); err != nil {
			q.fail(err)
			return
		}
	}
}

func (q *queue) fail(err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.failed == nil {
		q.failed = err
	}
	q.events = nil
	q.room.Broadcast()
}

func (q *queue) release() { close(q.begin) }

// errDropped is for a sink that hears of nothing.
var errDropped = errors.New("the command did not run")

func (q *queue) drop() {
	q.fail(errDropped)
	close(q.begin)
	_ = q.close()
}

func (q *queue) close() error {
	q.mu.Lock()
	q.closed = true
	q.mu.Unlock()
	q.look()
	<-q.done
	return q.failed
}
