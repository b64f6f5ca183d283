package report

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/catbox-go/catbox/record"
)

// Load reads a record. Owners may be nil: then no path has a package.
func Load(each Each, owners Owners) (*Run, error) {
	l := loader{run: &Run{Paths: newPaths()}, process: map[int64]int{}, image: map[int64]int{}}
	if err := each(l.event); err != nil {
		return nil, err
	}
	if !l.started {
		return nil, errors.New("the record has no start event")
	}
	l.finish(owners)
	return l.run, nil
}

// loader takes events. What they refer to by number was told before, and so no
// reference leads in a circle.
type loader struct {
	run            *Run
	started        bool
	last           time.Duration
	process, image map[int64]int
}

func (l *loader) event(e record.Event) error {
	if start, ok := e.(record.Start); ok && !l.started {
		l.run.Start, l.started = start, true
		return nil
	}
	if !l.started {
		return fmt.Errorf("the record begins with %s and not with start", e.Kind())
	}
	switch e := e.(type) {
	case record.Process:
		return l.addProcess(e)
	case record.Image:
		return l.addImage(e)
	case record.Access:
		return l.addAccess(e)
	case record.Exit:
		return l.addExit(e)
	case record.Call:
		return l.addCall(e)
	case record.Network:
		return l.addNetwork(e)
	case record.Violation:
		l.since(e.Time)
		l.run.Violations = append(l.run.Violations, e)
	case record.Blind:
		l.since(e.Time)
		l.run.Blind = append(l.run.Blind, e)
	case record.End:
		l.since(e.Time)
		l.run.End = &e
	}
	return nil
}

// since returns the time as one since the start, and notes the latest.
func (l *loader) since(t time.Time) time.Duration {
	d := max(t.Sub(l.run.Start.Time), 0)
	l.last = max(l.last, d)
	return d
}

func (l *loader) addProcess(e record.Process) error {
	if _, twice := l.process[e.ID]; twice {
		return fmt.Errorf("process %d was told twice", e.ID)
	}
	p := Process{Parent: index(l.process, e.Parent), PID: e.PID, Began: l.since(e.Time)}
	l.process[e.ID] = len(l.run.Processes)
	l.run.Processes = append(l.run.Processes, p)
	return nil
}

// index returns what the number stands for, -1 if it was not told of.
func index(known map[int64]int, id int64) int {
	if i, ok := known[id]; ok {
		return i
	}
	return -1
}

func (l *loader) addImage(e record.Image) error {
	process := index(l.process, e.Process)
	if process < 0 {
		return fmt.Errorf("image %d is of process %d, which was not told before", e.ID, e.Process)
	}
	if _, twice := l.image[e.ID]; twice {
		return fmt.Errorf("image %d was told twice", e.ID)
	}
	i := Image{Image: e, Process: process, Previous: index(l.image, e.Previous), Began: l.since(e.Time), Path: l.run.Paths.add(e.Path)}
	l.image[e.ID] = len(l.run.Images)
	p := &l.run.Processes[process]
	p.Images = append(p.Images, len(l.run.Images))
	l.run.Images = append(l.run.Images, i)
	return nil
}

func (l *loader) addAccess(e record.Access) error {
	image := index(l.image, e.Image)
	if image < 0 {
		return fmt.Errorf("access to %s is of image %d, which was not told before", record.Quote(e.Path), e.Image)
	}
	class, known := classOf(e.Class)
	if !known {
		return nil // of a newer version
	}
	a := Access{
		Image: int32(image), Class: class, Path: l.run.Paths.add(e.Path), To: NoPath, Errno: e.Errno,
		Dir: e.Dir, Made: e.Made, Mark: markOf(e.Mark), Count: max(e.Count, 1), First: l.since(e.First), Last: l.since(e.Last),
	}
	a.Last = max(a.First, a.Last)
	if e.To != "" {
		a.To = l.run.Paths.add(e.To)
	}
	l.run.Accesses = append(l.run.Accesses, a)
	return nil
}

func (l *loader) addExit(e record.Exit) error {
	process := index(l.process, e.Process)
	if process < 0 {
		return fmt.Errorf("exit of process %d, which was not told before", e.Process)
	}
	p := &l.run.Processes[process]
	p.Exit, p.Ended = &e, max(p.Began, l.since(e.Time))
	return nil
}

func (l *loader) addCall(e record.Call) error {
	image := index(l.image, e.Image)
	if image < 0 {
		return fmt.Errorf("call of %s is of image %d, which was not told before", record.Quote(e.Name), e.Image)
	}
	l.since(e.Last)
	l.run.Calls = append(l.run.Calls, Call{
		Image: image, Name: e.Name, Mark: markOf(e.Mark), Count: max(e.Count, 1), First: l.since(e.First),
	})
	return nil
}

func (l *loader) addNetwork(e record.Network) error {
	image := index(l.image, e.Image)
	if image < 0 {
		return fmt.Errorf("network access is of image %d, which was not told before", e.Image)
	}
	l.run.Networks = append(l.run.Networks, Network{Network: e, Image: image, Began: l.since(e.First)})
	return nil
}

// finish works out what follows from the events.
func (l *loader) finish(owners Owners) {
	r := l.run
	r.Length = l.last
	if r.End != nil {
		r.Length = max(r.End.Time.Sub(r.Start.Time), 0)
	}
	r.tree()
	r.lanes()
	r.Accesses = merged(r.Accesses)
	r.Calls = mergedCalls(r.Calls)
	r.index()
	r.replay()
	r.packages(owners)
}

// tree completes the processes: their ends, their children, and how long they
// were there alone.
func (r *Run) tree() {
	for i := range r.Processes {
		p := &r.Processes[i]
		if p.Exit == nil {
			p.Ended = max(p.Began, r.Length)
		}
		if p.Parent >= 0 {
			parent := &r.Processes[p.Parent]
			parent.Children = append(parent.Children, i)
		}
	}
	for i := range r.Processes {
		p := &r.Processes[i]
		slices.SortStableFunc(p.Children, func(a, b int) int { return cmp.Compare(r.Processes[a].Began, r.Processes[b].Began) })
		p.Own = r.alone(p)
	}
}

// alone is the part of a process's time in which it had no child.
func (r *Run) alone(p *Process) time.Duration {
	own, reached := p.Length(), p.Began
	for _, c := range p.Children {
		child := &r.Processes[c]
		from, to := max(child.Began, reached), min(child.Ended, p.Ended)
		if to > from {
			own -= to - from
			reached = to
		}
	}
	return own
}

// merged sorts accesses and adds up those of the same image, class, paths and errno.
func merged(all []Access) []Access {
	slices.SortFunc(all, func(a, b Access) int {
		if a.Image != b.Image {
			return cmp.Compare(a.Image, b.Image)
		}
		if a.Path != b.Path {
			return cmp.Compare(a.Path, b.Path)
		}
		return cmp.Or(cmp.Compare(a.Class, b.Class), cmp.Compare(a.To, b.To), cmp.Compare(a.Errno, b.Errno), cmp.Compare(a.First, b.First))
	})
	out := all[:0]
	for _, a := range all {
		if n := len(out); n > 0 && out[n-1].same(&a) {
			out[n-1].merge(&a)
			continue
		}
		out = append(out, a)
	}
	return out
}

// mergedCalls does the same with calls, of which a program has a few.
func mergedCalls(all []Call) []Call {
	slices.SortStableFunc(all, func(a, b Call) int { return cmp.Compare(a.Image, b.Image) })
	var out []Call
	begin := 0 // of the image's
	for _, c := range all {
		if n := len(out); n == 0 || out[n-1].Image != c.Image {
			begin = n
		}
		at := slices.IndexFunc(out[begin:], func(o Call) bool { return o.Name == c.Name })
		if at < 0 {
			out = append(out, c)
			continue
		}
		o := &out[begin+at]
		o.Count, o.First = o.Count+c.Count, min(o.First, c.First)
	}
	return out
}

func (a *Access) same(b *Access) bool {
	return a.Image == b.Image && a.Path == b.Path && a.Class == b.Class && a.To == b.To && a.Errno == b.Errno
}

func (a *Access) merge(b *Access) {
	a.Count += b.Count
	a.First, a.Last = min(a.First, b.First), max(a.Last, b.Last)
	a.Dir = a.Dir || b.Dir
	a.Made = a.Made && b.Made // one use of what was there before is enough
	a.Mark = max(a.Mark, b.Mark)
}

// index lists the accesses of each path, in a few allocations for any number of them.
func (r *Run) index() {
	r.first = make([]int32, r.Paths.Len()+1)
	for i := range r.Accesses {
		r.first[r.Accesses[i].Path+1]++
	}
	for i := 1; i < len(r.first); i++ {
		r.first[i] += r.first[i-1]
	}
	next := slices.Clone(r.first)
	r.byPath = make([]int32, len(r.Accesses))
	for i := range r.Accesses {
		path := r.Accesses[i].Path
		r.byPath[next[path]] = int32(i)
		next[path]++
	}
}
