package report

import (
	"fmt"
	"io"

	"github.com/emicklei/dot"
)

// mostNodes is how many processes a graph shows one by one; a layout of more
// takes minutes and cannot be read.
const mostNodes = 200

// DOT writes who used what others made as a graph for dot(1): each process, or
// if there are many, each program.
func DOT(w io.Writer, r *Run) error {
	g := dot.NewGraph(dot.Directed)
	g.Attr("rankdir", "LR")
	g.NodeInitializer(func(n dot.Node) { n.Attr("shape", "box") })
	label := r.nodeLabels()
	arrows := map[[2]string]dot.Edge{}
	files := map[[2]string]int{}
	for _, e := range r.Edges {
		from, to := label[e.From], label[e.To]
		if from == to {
			continue
		}
		key := [2]string{from, to}
		if files[key]++; files[key] == 1 {
			arrows[key] = g.Edge(g.Node(from), g.Node(to), Visible(base(r.Paths.Path(e.Path))))
		} else {
			arrows[key].Attr("label", Plural(files[key], "file"))
		}
	}
	_, err := io.WriteString(w, g.String())
	return err
}

// nodeLabels are the nodes of the processes that have edges.
func (r *Run) nodeLabels() map[int]string {
	label := map[int]string{}
	for _, e := range r.Edges {
		label[e.From], label[e.To] = "", ""
	}
	each := len(label) <= mostNodes
	count := map[string]int{}
	for i := range label {
		label[i] = Visible(r.Program(i))
		count[label[i]]++
	}
	for i, name := range label {
		switch {
		case each:
			label[i] = fmt.Sprintf("%s %d", name, r.Processes[i].PID)
		case count[name] > 1:
			label[i] = fmt.Sprintf("%s ×%s", name, Thousands(count[name]))
		}
	}
	return label
}
