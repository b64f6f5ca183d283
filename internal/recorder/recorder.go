package recorder

import (
	"slices"
	"sync"
	"time"

	"github.com/catbox-go/catbox/internal/queue"
	"github.com/catbox-go/catbox/internal/target"
	"github.com/catbox-go/catbox/record"
)

// Recorder tells a sink what happens in a run. Its methods may be called from
// several goroutines.
//
// Who is who is known at once. What is told of it, and what was done with files, is worked out
// a little later, in the order in which the methods were called: the program that did it has gone on by
// then. Settle is for who must not let that happen.
type Recorder struct {
	mu        sync.Mutex
	threads   map[int]*process // by thread id
	processes int64            // in all
	todo      *queue.Backlog

	// What was worked out so far: of the jobs of todo alone.
	images int64
	made   map[string]bool // what the run made
	cache  cache           // of anybody
	out    *queue.Queue[record.Event]
	totals Totals
}

// Totals are counts of what was told so far.
type Totals struct {
	Processes int64 // in all
	Living    int   // now
	Accesses  int64 // events of the kind
	Made      int   // files that the run made
}

// process is one of the run. What it is made with does not change; the rest is the Recorder's to lock.
type process struct {
	id      int64
	image   *image
	dir     string // the text of its directory, with a slash at the end; "" if not known
	roaming bool   // it is not kept
	failed  int    // calls of execve(2) that failed since the last that did not
}

// image is what a process runs. The program and its environment do not change; the rest is worked
// out with what is told.
type image struct {
	record.Image
	env []string // in full

	told bool
	seen map[Use]seen
	uses map[use]*counted
	nets map[record.Network]*since
	asks map[string]*asked // by the call's name
}

// pause is how long after it happened the sink hears of something.
const pause = 20 * time.Millisecond

// New begins to record. The sink gets what is told in order, from one goroutine.
func New(sink record.Sink) *Recorder {
	return &Recorder{
		threads: map[int]*process{}, todo: queue.NewBacklog(), made: map[string]bool{}, out: queue.New(pause, sink.Event),
		cache: cache{found: map[Lookup]target.Found{}, changed: map[string]bool{}},
	}
}

// Settle returns when all is worked out that was told to the recorder before. Whoever lets a program change
// files calls it before: what others looked at is what was there then.
func (r *Recorder) Settle() { r.todo.Settle() }

// Tell passes an event on that the recorder has no part in.
func (r *Recorder) Tell(e record.Event) { r.todo.Add(func() { r.out.Put(e) }) }

// Release lets the sink hear what was told, and what will be. Until then everything
// is kept, as it is not certain that the command comes to run.
func (r *Recorder) Release() { r.out.Begin() }

// Drop forgets what was told before Release.
func (r *Recorder) Drop() {
	r.todo.Close()
	r.out.Drop()
}

// Blind notes that something could not be seen in the process, 0 if it is not known which.
func (r *Recorder) Blind(tid int, what, by string) {
	b := record.Blind{Time: time.Now(), What: what, By: by, Count: 1}
	if p := r.process(tid); p != nil {
		b.Process = p.id
	}
	r.Tell(b)
}

// process is that of a thread, nil if it is not known.
func (r *Recorder) process(tid int) *process {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.threads[tid]
}

// Totals are for showing how far a run is.
func (r *Recorder) Totals() (t Totals) {
	r.todo.Do(func() {
		t = r.totals
		t.Made = len(r.made)
	})
	return t
}

// Close tells what is left, with end as the last, and returns the sink's error.
func (r *Recorder) Close(end record.End) error {
	r.todo.Do(func() {
		for _, p := range r.left() {
			r.flush(p.image)
		}
		r.out.Put(end)
	})
	r.todo.Close()
	return r.out.Close()
}

// left are the processes that have not ended.
func (r *Recorder) left() []*process {
	r.mu.Lock()
	defer r.mu.Unlock()
	var left []*process
	for _, p := range r.threads {
		if !slices.Contains(left, p) {
			left = append(left, p)
		}
	}
	slices.SortFunc(left, func(a, b *process) int { return int(a.id - b.id) })
	return left
}
