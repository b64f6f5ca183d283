package queue

import (
	"runtime"
	"sync"
	"time"
)

// Backlog is work that is done one job after the other, in the order in which it came: a little later, by
// a thread of its own, or by whoever cannot go on before it is done (Settle).
// A processor that has nothing else to do is used, and whoever brings a job neither waits nor wakes anybody: the
// thread looks by itself as long as something comes, and is woken only after a time without.
type Backlog struct {
	mu     sync.Mutex // of the jobs; nothing is called with it
	jobs   []func()
	first  int    // the first one that is left
	added  uint64 // jobs, in all
	idle   bool   // nobody looks until told to
	closed bool

	doing sync.Mutex // is held while a job is done
	done  uint64     // jobs, in all

	wake chan struct{} // holds a token when there is something to look at
	over chan struct{}
}

const (
	behind  = 300 * time.Microsecond // between two looks
	patient = 60                     // looks for nothing, before the thread waits to be woken
	tooMany = 1 << 14                // jobs may wait
)

// NewBacklog returns one that has nothing to do. Close ends it.
func NewBacklog() *Backlog {
	b := &Backlog{wake: make(chan struct{}, 1), over: make(chan struct{})}
	go b.run()
	return b
}

// Add adds a job. It tells whether too many wait: then who can should Settle.
func (b *Backlog) Add(job func()) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.jobs = append(b.jobs, job)
	b.added++
	b.rouse()
	return len(b.jobs)-b.first > tooMany
}

func (b *Backlog) rouse() {
	if b.idle {
		b.idle = false
		b.wake <- struct{}{}
	}
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

// run looks for jobs on a thread of its own, which sleeps by itself: Go's scheduler starts other threads for a
// goroutine that is woken, and these look for work where programs of the run could be.
func (b *Backlog) run() {
	runtime.LockOSThread()
	defer close(b.over)
	var last uint64
	var thread dozer
	for vain := 0; !b.ends(); {
		b.Settle()
		now := b.came()
		if vain++; now != last {
			vain, last = 0, now
		}
		if vain < patient {
			thread.doze(behind)
		} else if b.rests(last) {
			<-b.wake
		}
	}
}

func (b *Backlog) ends() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.closed
}

// came is how many jobs there were.
func (b *Backlog) came() uint64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.added
}

// rests tells whether nothing came since. Then the next one wakes who looks.
func (b *Backlog) rests(since uint64) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.idle = b.added == since && !b.closed
	return b.idle
}

// Close does what is left, and ends the thread. Nothing is added any more.
func (b *Backlog) Close() {
	b.mu.Lock()
	b.closed = true
	b.rouse()
	b.mu.Unlock()
	<-b.over
	b.Settle()
}
