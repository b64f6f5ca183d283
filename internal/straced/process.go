package straced

import "strings"

// process is one of the run.
type process struct {
	id      int // from 1
	program string
}

// thread is one of a process. Its directory is that of others too, as a rule.
type thread struct {
	*process
	dir *string
}

// birth is the result of a clone(2).
type birth struct {
	parent   int
	isThread bool // of the same process
	sharesFS bool // and of the same directory
}

// births lists for each thread id who made it, as often as it was used.
type births map[int][]birth

// family follows forks. A child may be heard of before the call that made it
// returns, and after its parent has ended.
type family struct {
	births
	threads map[int]*thread
	begun   map[int]int // how many had the id
	told    map[int]int // how many calls have returned it
	last    int
	first   thread
}

func newFamily(calls []Call, dir string) *family {
	f := &family{births: births{}, threads: map[int]*thread{}, begun: map[int]int{}, told: map[int]int{}, first: thread{&process{}, &dir}}
	for _, c := range calls {
		if c.forks() {
			flags := strings.Join(c.Args, ",")
			f.births[int(c.Result)] = append(f.births[int(c.Result)], birth{c.Thread, has(flags, "CLONE_THREAD"), has(flags, "CLONE_FS")})
		}
	}
	return f
}

func (c *Call) forks() bool {
	switch c.Name {
	case "fork", "vfork", "clone", "clone3":
		return c.Result > 0
	}
	return false
}

// of is the thread with the id.
func (f *family) of(id int) *thread {
	if t := f.threads[id]; t != nil {
		return t
	}
	return f.begin(id)
}

func (f *family) begin(id int) *thread {
	n := f.begun[id]
	f.begun[id]++
	from, b := f.first, birth{}
	if n < len(f.births[id]) {
		b = f.births[id][n]
		from = *f.of(b.parent)
	}
	t := &thread{from.process, from.dir}
	if !b.isThread {
		f.last++
		t.process = &process{id: f.last, program: from.program}
	}
	if !b.sharesFS {
		t.leave()
	}
	f.threads[id] = t
	return t
}

// leave gives the thread a directory of its own.
func (t *thread) leave() {
	dir := *t.dir
	t.dir = &dir
}

// returned serves a call that made a thread.
func (f *family) returned(thread int) {
	if f.told[thread]++; f.begun[thread] < f.told[thread] {
		f.begin(thread)
	}
}
