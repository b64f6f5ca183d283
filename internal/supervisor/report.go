package supervisor

import (
	"sync"
	"time"

	"github.com/catbox-go/catbox/internal/queue"
	"github.com/catbox-go/catbox/record"
)

// reporter numbers violations, keeps them, and has them told in order from one
// goroutine, so that whoever is told cannot hold a call up.
type reporter struct {
	mu    sync.Mutex
	all   []record.Violation
	queue *queue.Queue[record.Violation]
}

// reportPause is how long after it happened a violation is told at the latest.
const reportPause = 5 * time.Millisecond

func newReporter(tell func(record.Violation)) *reporter {
	r := &reporter{queue: queue.New(reportPause, func(v record.Violation) error {
		if tell != nil {
			tell(v)
		}
		return nil
	})}
	r.queue.Begin()
	return r
}

// add gives the violation its number and has it told.
func (r *reporter) add(v record.Violation) {
	r.mu.Lock()
	defer r.mu.Unlock()
	v.Seq = len(r.all) + 1
	r.all = append(r.all, v)
	r.queue.Put(v)
}

// close waits until all are told, and returns them.
func (r *reporter) close() []record.Violation {
	_ = r.queue.Close() // telling does not fail
	return r.all
}
