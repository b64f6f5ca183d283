package recorder

import (
	"errors"
	"sync/atomic"

	"github.com/catbox-go/catbox/record"
)

// queue has events told from one goroutine, in order.
type queue struct {
	events chan record.Event
	failed atomic.Pointer[error]
	begin  chan struct{}
	done   chan struct{}
}

// queued is how many events may wait before who brings more has to wait as well.
const queued = 1 << 14

func newQueue(sink record.Sink) *queue {
	q := &queue{events: make(chan record.Event, queued), begin: make(chan struct{}), done: make(chan struct{})}
	go q.run(sink)
	return q
}

func (q *queue) put(e record.Event) {
	if q.failed.Load() == nil {
		q.events <- e
	}
}

// run tells until the sink fails. Then it only makes room.
func (q *queue) run(sink record.Sink) {
	defer close(q.done)
	<-q.begin
	for e := range q.events {
		if q.failed.Load() != nil {
			continue
		}
		if err := sink.Event(e); err != nil {
			q.failed.Store(&err)
		}
	}
}

func (q *queue) release() { close(q.begin) }

// errDropped is for a sink that hears of nothing.
var errDropped = errors.New("the command did not run")

func (q *queue) drop() {
	q.failed.Store(&errDropped)
	close(q.begin)
	_ = q.close()
}

func (q *queue) close() error {
	close(q.events)
	<-q.done
	if err := q.failed.Load(); err != nil {
		return *err
	}
	return nil
}
