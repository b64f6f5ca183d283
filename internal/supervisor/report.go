package supervisor

import (
	"sync"

	"github.com/catbox-go/catbox/record"
)

// reporter numbers violations, keeps them, and tells them in order from one
// goroutine, so that whoever is told cannot hold a call up.
type reporter struct {
	tell func(record.Violation)
	mu   sync.Mutex
	more *sync.Cond
	all  []record.Violation
	done bool
	idle chan struct{}
}

func newReporter(tell func(record.Violation)) *reporter {
	r := &reporter{tell: tell, idle: make(chan struct{})}
	r.more = sync.NewCond(&r.mu)
	go r.run()
	return r
}

// add gives the violation its number and has it told.
func (r *reporter) add(v record.Violation) {
	r.mu.Lock()
	defer r.mu.Unlock()
	v.Seq = len(r.all) + 1
	r.all = append(r.all, v)
	r.more.Signal()
}

func (r *reporter) run() {
	defer close(r.idle)
	for i := 0; ; i++ {
		v, ok := r.get(i)
		if !ok {
			return
		}
		if r.tell != nil {
			r.tell(v)
		}
	}
}

// get waits for violation i; false if there will be none.
func (r *reporter) get(i int) (record.Violation, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i >= len(r.all) && !r.done {
		r.more.Wait()
	}
	if i >= len(r.all) {
		return record.Violation{}, false
	}
	return r.all[i], true
}

// close waits until all are told, and returns them.
func (r *reporter) close() []record.Violation {
	r.mu.Lock()
	r.done = true
	r.more.Signal()
	r.mu.Unlock()
	<-r.idle
	return r.all
}
