package queue

import (
	"sync"
	"time"
)

// Backlog is work that is done one job after the other, in the order in which it came: a little later, by
// a goroutine that nobody wakes for each, or by whoever cannot go on before it is done (Settle).
// A processor that has nothing else to do is used, and whoever brings a job does not wait.
type Backlog struct {
	mu    sync.Mutex // of the jobs; nothing is called with it
	jobs  []func()
	first int    // the first one that is left
	added uint64 // jobs, in all
	idle  bool   // nobody looks until told to

	doing sync.Mutex // is held while a job is done
	done  uint64     // jobs, in all

	wake  chan struct{} // holds a token when there is something to look at
	close chan struct{}
	over  chan struct{}
}

const (
	behind  = time.Millisecond // how long a job waits, if it is alone
	several = 16               // jobs are done at once
	tooMany = 1 << 14          // jobs may wait
)

// NewBacklog returns one that has nothing to do. Close ends it.
func NewBacklog() *Backlog {
	b := &Backlog{wake: make(chan struct{}, 1), close: make(chan struct{}), over: make(chan struct{})}
	go b.run()
	return b
}

// Add adds a job. It tells whether too many wait: then who can should Settle.
func (b *Backlog) Add(job func()) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.jobs = append(b.jobs, job)
	b.added++
	n := len(b.jobs) - b.first
	if b.idle || n == several {
		b.idle = false
		select {
		case b.wake <- struct{}{}:
		default:
		}
	}
	return n > tooMany
}

// Do does a job after all that came before it.
func (b *Backlog) Do(job func()) {
	b.Add(job)
	b.Settle()
}

// Settle returns when all that came before has been done. A job must not call it.
func (b *Backlog) Settle() {
	b.mu.Lock()
	all := b.added
	b.mu.Unlock()
	for b.step(all) {
	}
}

// step does a job, if not so many were done already; false: they are.
func (b *Backlog) step(all uint64) bool {
	b.doing.Lock()
	defer b.doing.Unlock()
	if b.done >= all {
		return false
	}
	b.next()()
	b.done++
	return b.done < all
}

// next takes the first job, which is there.
func (b *Backlog) next() func() {
	b.mu.Lock()
	defer b.mu.Unlock()
	job := b.jobs[b.first]
	b.jobs[b.first] = nil
	if b.first++; b.first == len(b.jobs) {
		b.jobs, b.first = b.jobs[:0], 0
	}
	return job
}

// rests tells whether nothing came since the last look; then somebody has to wake who looks.
func (b *Backlog) rests(last uint64) (uint64, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.idle = b.added == last
	return b.added, b.idle
}

func (b *Backlog) run() {
	defer close(b.over)
	timer := time.NewTimer(behind)
	defer timer.Stop()
	for last := uint64(0); ; {
		b.Settle()
		var next <-chan time.Time
		var rests bool
		if last, rests = b.rests(last); !rests {
			timer.Reset(behind)
			next = timer.C
		}
		select {
		case <-next:
		case <-b.wake:
		case <-b.close:
			return
		}
	}
}

// Close does what is left, and ends the goroutine. Nothing is added any more.
func (b *Backlog) Close() {
	close(b.close)
	<-b.over
	b.Settle()
}
