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
type Recorder struct {
	mu      sync.Mutex
	threads map[int]*process // by thread id
	living  int
	ids     struct{ process, image int64 }
	made    map[string]bool // what the run made
	cache   cache
	out     *queue.Queue[record.Event]
	totals  Totals
}

// Totals are counts of what was told so far.
type Totals struct {
	Processes int64 // in all
	Living    int   // now
	Accesses  int64 // events of the kind
	Made      int   // files that the run made
}

// process is one of the run.
type process struct {
	id      int64
	image   *image
	dir     string // the text of its directory, with a slash at the end; "" if not known
	roaming bool   // it is not kept
	failed  int    // calls of execve(2) that failed since the last that did not
}

// image is what a process runs.
type image struct {
	record.Image
	told bool
	env  []string // in full
	seen map[Use]seen
	uses map[use]*counted
	nets map[record.Network]*since
}

// pause is how long after it happened the sink hears of something.
const pause = 20 * time.Millisecond

// New begins to record. The sink gets what is told in order, from one goroutine.
func New(sink record.Sink) *Recorder {
	return &Recorder{
		threads: map[int]*process{}, made: map[string]bool{}, out: queue.New(pause, sink.Event),
		cache: cache{found: map[Lookup]target.Found{}, changed: map[string]bool{}},
	}
}

// Tell passes an event on that the recorder has no part in.
func (r *Recorder) Tell(e record.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.out.Put(e)
}

// Release lets the sink hear what was told, and what will be. Until then everything
// is kept, as it is not certain that the command comes to run.
func (r *Recorder) Release() { r.out.Begin() }

// Drop forgets what was told before Release.
func (r *Recorder) Drop() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.out.Drop()
}

// Blind notes that something could not be seen in the process, 0 if it is not known which.
func (r *Recorder) Blind(tid int, what, by string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var id int64
	if p := r.threads[tid]; p != nil {
		id = p.id
	}
	r.out.Put(record.Blind{Time: time.Now(), What: what, By: by, Process: id, Count: 1})
}

// Totals are for showing how far a run is.
func (r *Recorder) Totals() Totals {
	r.mu.Lock()
	defer r.mu.Unlock()
	t := r.totals
	t.Living, t.Made = r.living, len(r.made)
	return t
}

// Close tells what is left, with end as the last, and returns the sink's error.
func (r *Recorder) Close(end record.End) error {
	r.mu.Lock()
	var left []*process
	for _, p := range r.threads {
		if !slices.Contains(left, p) {
			left = append(left, p)
		}
	}
	slices.SortFunc(left, func(a, b *process) int { return int(a.id - b.id) })
	for _, p := range left {
		r.flush(p.image)
	}
	r.out.Put(end)
	r.mu.Unlock()
	return r.out.Close()
}
