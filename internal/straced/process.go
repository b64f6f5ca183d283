package straced

import "strings"

// process is one of the run, shared by its threads.
type process struct {
	id      int // from 1
	dir     string
	program string
}

// birth is the result of a clone(2).
type birth struct {
	parent int
	thread bool
}

// births lists for each thread id who made it, as often as it was used.
type births map[int][]birth

// family follows forks. A child may be heard of before the call that made it
// returns, and after its parent has ended.
type family struct {
	births
	threads map[int]*process
	begun   map[int]int // how many had the id
	told    map[int]int // how many calls have returned it
	last    int
	first   *process
}

func newFamily(calls []Call, dir string) *family {
	f := &family{births: births{}, threads: map[int]*process{}, begun: map[int]int{}, told: map[int]int{}, first: &process{dir: dir}}
	for _, c := range calls {
		if c.forks() {
			f.births[int(c.Result)] = append(f.births[int(c.Result)], birth{c.Thread, has(strings.Join(c.Args, ","), "CLONE_THREAD")})
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

// of is the process of the thread.
func (f *family) of(thread int) *process {
	if p := f.threads[thread]; p != nil {
		return p
	}
	return f.begin(thread)
}

func (f *family) begin(thread int) *process {
	n := f.begun[thread]
	f.begun[thread]++
	p, isThread := f.first, false
	if n < len(f.births[thread]) {
		b := f.births[thread][n]
		p, isThread = f.of(b.parent), b.thread
	}
	if !isThread {
		f.last++
		p = &process{id: f.last, dir: p.dir, program: p.program}
	}
	f.threads[thread] = p
	return p
}

// returned serves a call that made a thread.
func (f *family) returned(thread int) {
	if f.told[thread]++; f.begun[thread] < f.told[thread] {
		f.begin(thread)
	}
}
