package report

import "github.com/catbox-go/catbox/record"

// jsonFile is nil for what is only on the way to something else.
func (r *Run) jsonFile(i int) any {
	f := &r.Files[i]
	if f.Role == 0 {
		return nil
	}
	var e escaped
	out := struct {
		Path     string   `json:"path"`
		Roles    []string `json:"roles"`
		Use      string   `json:"use,omitempty"`
		Dir      bool     `json:"directory,omitempty"`
		Package  string   `json:"package,omitempty"`
		Accesses int      `json:"accesses"`
		Makers   []int    `json:"made_by,omitempty"`
		escaped
	}{Path: e.text("path", r.Paths.Path(PathID(i))), Roles: f.Role.Names(), Dir: f.Dir}
	if f.Role&Input != 0 {
		out.Use = f.Use.String()
	}
	if f.Owner >= 0 {
		out.Package = e.text("package", r.Packages[f.Owner].Name)
	}
	for _, a := range r.Of(PathID(i)) {
		out.Accesses += r.Accesses[a].Count
	}
	for _, m := range f.Makers {
		out.Makers = append(out.Makers, m.Process)
	}
	out.escaped = e
	return out
}

func (r *Run) jsonEdge(i int) any {
	edge := r.Edges[i]
	var e escaped
	out := struct {
		From int     `json:"from"`
		To   int     `json:"to"`
		Path string  `json:"path"`
		Made float64 `json:"made"`
		Used float64 `json:"used"`
		escaped
	}{From: edge.From, To: edge.To, Path: e.text("path", r.Paths.Path(edge.Path)), Made: seconds(edge.Made), Used: seconds(edge.Used)}
	out.escaped = e
	return out
}

func (r *Run) jsonPackage(i int) any {
	p := &r.Packages[i]
	var e escaped
	out := struct {
		Name     string `json:"name"`
		Sure     string `json:"sure"`
		Files    int    `json:"files"`
		Accesses int    `json:"accesses"`
		Users    int    `json:"processes"`
		Why      string `json:"why"`
		Chain    string `json:"chain"`
		escaped
	}{Name: e.text("name", p.Name), Sure: p.Sure.String(), Files: p.Files, Accesses: p.Count, Users: p.Users, Why: e.text("why", r.Paths.Path(p.Why)), Chain: r.ChainText(p.By)}
	out.escaped = e
	return out
}

func (r *Run) jsonMarked(m *Marked) any {
	var e escaped
	out := struct {
		Mark     string `json:"mark"`
		Path     string `json:"path,omitempty"`
		Call     string `json:"call,omitempty"`
		Accesses int    `json:"accesses"`
		Users    int    `json:"processes"`
		Chain    string `json:"chain"`
		escaped
	}{Mark: m.Mark.String(), Call: e.text("call", m.Call), Accesses: m.Count, Users: m.Users, Chain: r.ChainText(m.By)}
	if m.Path != NoPath {
		out.Path = e.text("path", r.Paths.Path(m.Path))
	}
	out.escaped = e
	return out
}

func (r *Run) jsonNetwork(i int) any {
	n := &r.Networks[i]
	var e escaped
	out := struct {
		Process     int              `json:"process"`
		Operation   record.Operation `json:"operation"`
		Destination string           `json:"destination"`
		Errno       string           `json:"errno,omitempty"`
		Count       int              `json:"count"`
		Began       float64          `json:"began"`
		escaped
	}{Process: r.Images[n.Image].Process, Operation: n.Operation, Destination: e.text("destination", n.Destination), Errno: record.ErrnoName(n.Errno), Count: n.Count, Began: seconds(n.Began)}
	out.escaped = e
	return out
}

func (r *Run) jsonBlind(i int) any {
	b := &r.Blind[i]
	var e escaped
	out := struct {
		What  string `json:"what"`
		By    string `json:"by"`
		Count int    `json:"count"`
		escaped
	}{What: e.text("what", b.What), By: e.text("by", b.By), Count: b.Count}
	out.escaped = e
	return out
}

// jsonTotal has the name as a person reads it.
type jsonTotal struct {
	Name  string  `json:"name"`
	Count int     `json:"count"`
	Own   float64 `json:"own_seconds,omitempty"`
	CPU   float64 `json:"cpu_seconds,omitempty"`
}

func jsonTotals(all []Total) []jsonTotal {
	out := []jsonTotal{}
	for _, t := range all {
		out = append(out, jsonTotal{t.Name, t.Count, seconds(t.Own), seconds(t.CPU)})
	}
	return out
}

func (r *Run) jsonSlow() any {
	const most = 100
	s := r.Slow(most)
	return struct {
		Longest  []int       `json:"longest"`
		Busiest  []int       `json:"busiest"`
		Programs []jsonTotal `json:"programs"`
		Repeated []jsonTotal `json:"repeated"`
		Searches []jsonTotal `json:"path_searches"`
		Absent   []jsonTotal `json:"absent_directories"`
		Paths    []jsonTotal `json:"absent_paths"`
	}{s.Longest, s.Busiest, jsonTotals(s.Programs), jsonTotals(s.Repeated), jsonTotals(s.Searches), jsonTotals(s.Absent), jsonTotals(s.AbsentPaths)}
}
