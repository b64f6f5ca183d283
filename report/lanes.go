package report

import (
	"cmp"
	"slices"
	"time"
)

// lanes gives each process its row. Each subtree is a block whose top row is its
// process; blocks of one parent lie in the highest rows that are free then, so
// that what ran one after another shares rows and what ran beside lies below.
func (r *Run) lanes() {
	blocks := make([]block, len(r.Processes))
	// Children come after their parents, so that from the end each block is complete.
	for i := len(r.Processes) - 1; i >= 0; i-- {
		blocks[i] = r.block(i, blocks)
	}
	var rows []time.Duration
	roots := r.roots()
	for _, i := range roots {
		r.Processes[i].Lane, rows = place(rows, 0, r.Processes[i].Began, blocks[i])
	}
	for i := range r.Processes {
		if p := r.Processes[i].Parent; p >= 0 {
			r.Processes[i].Lane += r.Processes[p].Lane
		}
	}
}

// block is what a subtree takes: how many rows, and until when.
type block struct {
	height int
	end    time.Duration
}

// block places the children of a process, relative to it.
func (r *Run) block(process int, blocks []block) block {
	p := &r.Processes[process]
	rows := []time.Duration{p.Ended}
	b := block{1, p.Ended}
	for _, c := range p.Children {
		r.Processes[c].Lane, rows = place(rows, 1, r.Processes[c].Began, blocks[c])
		b.end = max(b.end, blocks[c].end)
	}
	b.height = len(rows)
	return b
}

// place finds the highest rows, from the given one on, that are free at a time,
// and takes them.
func place(rows []time.Duration, from int, began time.Duration, b block) (int, []time.Duration) {
	row := from
	for i := from; i < len(rows) && i < row+b.height; i++ {
		if rows[i] > began {
			row = i + 1
		}
	}
	for len(rows) < row+b.height {
		rows = append(rows, 0)
	}
	for i := row; i < row+b.height; i++ {
		rows[i] = b.end
	}
	return row, rows
}

// roots are the processes without a parent, by when they began.
func (r *Run) roots() []int {
	var roots []int
	for i := range r.Processes {
		if r.Processes[i].Parent < 0 {
			roots = append(roots, i)
		}
	}
	slices.SortStableFunc(roots, func(a, b int) int { return cmp.Compare(r.Processes[a].Began, r.Processes[b].Began) })
	return roots
}

// Parallel is how much ran at once.
type Parallel struct {
	// Mean is how many processes were there, on average, that waited for no child.
	Mean float64
	// Most is the most processes of that kind at once.
	Most int
	// CPU is the processor time of all.
	CPU time.Duration
	// Over is the mean in each of so many equal parts of the run.
	Over []float64
}

// Parallel counts the processes that were there without a child, in a number of
// parts of the run.
func (r *Run) Parallel(parts int) Parallel {
	p := Parallel{Over: make([]float64, parts)}
	changes := r.changes()
	alive, before := 0, time.Duration(0)
	for _, c := range changes {
		r.spread(p.Over, before, c.time, float64(alive))
		p.Mean += float64(alive) * float64(c.time-before)
		before = c.time
		alive += c.by
		p.Most = max(p.Most, alive)
	}
	if r.Length > 0 {
		p.Mean /= float64(r.Length)
	}
	for i := range r.Processes {
		p.CPU += r.Processes[i].CPU()
	}
	return p
}

// change is a time at which the number of processes without a child changes.
type change struct {
	time time.Duration
	by   int
}

func (r *Run) changes() []change {
	var changes []change
	for i := range r.Processes {
		p := &r.Processes[i]
		reached := p.Began
		for _, c := range p.Children {
			child := &r.Processes[c]
			if child.Began > reached {
				changes = append(changes, change{reached, 1}, change{min(child.Began, p.Ended), -1})
			}
			reached = min(max(reached, child.Ended), p.Ended)
		}
		if p.Ended > reached {
			changes = append(changes, change{reached, 1}, change{p.Ended, -1})
		}
	}
	// At one time, ends come first: one that takes over from another is not beside it.
	slices.SortFunc(changes, func(a, b change) int { return cmp.Or(cmp.Compare(a.time, b.time), cmp.Compare(a.by, b.by)) })
	return changes
}

// spread adds a number that held from one time to another to the parts.
func (r *Run) spread(parts []float64, from, to time.Duration, n float64) {
	if r.Length <= 0 || n == 0 || len(parts) == 0 {
		return
	}
	part := float64(r.Length) / float64(len(parts))
	for i := int(float64(from) / part); i < len(parts); i++ {
		begin, end := float64(i)*part, float64(i+1)*part
		if begin >= float64(to) {
			return
		}
		parts[i] += n * (min(end, float64(to)) - max(begin, float64(from))) / part
	}
}
