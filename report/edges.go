package report

import (
	"cmp"
	"slices"
	"time"
)

// Edge tells that a process used a file that another one had made.
type Edge struct {
	From, To int
	Path     PathID
	// Made and Used are when.
	Made, Used time.Duration
}

// edges finds, for each use of what the run made, who made it.
func (r *Run) edges(steps []step) {
	for i := range r.Accesses {
		if a := &r.Accesses[i]; (a.Class == Read || a.Class == Execute) && a.Errno == 0 {
			r.edge(a, r.Images[a.Image].Process, a.First)
		}
	}
	for _, s := range steps {
		if s.Class == Rename || s.Class == Link {
			r.edge(s.Access, s.process, s.time)
		}
	}
	slices.SortFunc(r.Edges, func(a, b Edge) int {
		return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To), cmp.Compare(a.Path, b.Path), cmp.Compare(a.Used, b.Used))
	})
	r.Edges = slices.CompactFunc(r.Edges, func(a, b Edge) bool { return a.From == b.From && a.To == b.To && a.Path == b.Path })
}

// edge adds the edge from the last that made the path before it was used. What
// a process made last itself comes from no other.
func (r *Run) edge(a *Access, process int, used time.Duration) {
	f := &r.Files[a.Path]
	if f.Dir || a.Dir {
		return
	}
	for i := len(f.Makers) - 1; i >= 0; i-- {
		m := f.Makers[i]
		if m.Time > used {
			continue
		}
		if m.Process != process {
			r.Edges = append(r.Edges, Edge{m.Process, process, a.Path, m.Time, used})
		}
		return
	}
}
