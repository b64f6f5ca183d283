package store

import (
	"sync"
	"time"

	"github.com/catbox-go/catbox/record"
)

const (
	// A batch is what comes in batchTime, or batchSize bytes: some thousands of accesses.
	batchTime = 250 * time.Millisecond
	batchSize = 1 << 20
	// queueSize is how many bytes may wait for the writer until a sender does.
	queueSize = 8 << 20
)

// queue is between the one who tells events and the writer. It drops nothing:
// who sends to a full one waits.
type queue struct {
	mu     sync.Mutex
	events []record.Event
	size   int
	closed bool
	err    error // of the writer, which takes no more then

	// Each holds at most one token, and is looked at in a loop.
	some, batch, room chan struct{}
}

func newQueue() *queue {
	return &queue{some: make(chan struct{}, 1), batch: make(chan struct{}, 1), room: make(chan struct{}, 1)}
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// put waits until there is room. It returns the writer's error.
func (q *queue) put(e record.Event) error {
	q.mu.Lock()
	for q.size >= queueSize && q.err == nil {
		q.mu.Unlock()
		<-q.room
		q.mu.Lock()
	}
	defer q.mu.Unlock()
	if q.err != nil {
		return q.err
	}
	q.events = append(q.events, e)
	q.size += sizeOf(e)
	signal(q.some)
	if q.size >= batchSize {
		signal(q.batch)
	}
	return nil
}

// take waits for a batch; after the last, open is false.
func (q *queue) take() (events []record.Event, open bool) {
	<-q.some
	timer := time.NewTimer(batchTime)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-q.batch:
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	events, q.events, q.size = q.events, nil, 0
	signal(q.room)
	if q.closed {
		return events, false
	}
	return events, true
}

// close lets the writer take what is there, at once.
func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	signal(q.some)
	signal(q.batch)
}

func (q *queue) fail(err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.err = err
	signal(q.room)
}

func (q *queue) failure() error {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.err
}

// sizeOf is about how many bytes the event takes.
func sizeOf(e record.Event) int {
	const base = 224
	switch e := e.(type) {
	case record.Access:
		return base + len(e.Path) + len(e.To)
	case record.Image:
		return base + len(e.Path) + sizeOfAll(e.Args) + sizeOfAll(e.Env) + sizeOfAll(e.EnvUnset) + sizeOfAll(e.Interpreters)
	case record.Start:
		return base + sizeOfAll(e.Args)
	case record.Violation:
		return base + len(e.Path) + len(e.Canonical)
	case record.Network:
		return base + len(e.Destination)
	}
	return base
}

func sizeOfAll(list []string) int {
	n := 16 * len(list)
	for _, s := range list {
		n += len(s)
	}
	return n
}
