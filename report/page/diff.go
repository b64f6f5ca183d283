package page

import (
	"bufio"
	"html/template"
	"io"

	"github.com/catbox-go/catbox/report"
)

// rows is how many rows a table of a difference has; the JSON has all.
const rows = 1000

// part is a list that only one of two runs has, or that has other values there.
type part struct {
	Title, ID string
	Count     int
	OnlyA     []string
	OnlyB     []string
	Changes   []report.Change
	More      int // rows that are not shown
}

// WriteDiff writes how two runs differ as a page without a script.
func WriteDiff(w io.Writer, d *report.Difference) error {
	out := bufio.NewWriter(w)
	style := asset("style.css")
	groups := d.Groups()
	data := struct {
		Policy                string
		Style                 template.CSS
		A, B                  summary
		Same, Packages        bool
		Parts                 []part
		Groups                []report.Group
		Commands              []report.Repeat
		Times                 []report.Timing
		Changed               int
		MoreGroups, MoreTimes int
		MoreCommands          int
	}{
		Policy: "default-src 'none'; style-src " + hash(style) + "; img-src data:; base-uri 'none'; form-action 'none'", Style: template.CSS(style),
		A: summarize(d.A), B: summarize(d.B), Same: d.Same(), Packages: d.A.OwnersKnown && d.B.OwnersKnown, Parts: parted(d),
		Groups: groups[:min(rows, len(groups))], MoreGroups: max(len(groups)-rows, 0), Changed: len(d.Changed),
		Commands: d.Commands[:min(rows, len(d.Commands))], MoreCommands: max(len(d.Commands)-rows, 0),
		Times: d.Times[:min(rows, len(d.Times))], MoreTimes: max(len(d.Times)-rows, 0),
	}
	if err := layout().ExecuteTemplate(out, "diff.html", data); err != nil {
		return err
	}
	return out.Flush()
}

func parted(d *report.Difference) []part {
	all := []part{
		changed("The runs", "facts", d.Facts), changed("Environment", "environment", d.Environment),
		sided("Inputs", "inputs", d.Inputs), sided("Outputs", "outputs", d.Outputs), sided("Packages", "packages", d.Packages),
		sided("Marked calls", "calls", d.Calls),
		changed("Exit statuses", "statuses", d.Statuses),
	}
	for i := range all {
		all[i].Count = len(all[i].Changes) + len(all[i].OnlyA) + len(all[i].OnlyB) + all[i].More
	}
	return all
}

func changed(title, id string, all []report.Change) part {
	return part{Title: title, ID: id, Changes: all[:min(rows, len(all))], More: max(len(all)-rows, 0)}
}

func sided(title, id string, s report.Sides) part {
	p := part{Title: title, ID: id, More: max(len(s.OnlyA)-rows, 0) + max(len(s.OnlyB)-rows, 0)}
	for _, name := range s.OnlyA[:min(rows, len(s.OnlyA))] {
		p.OnlyA = append(p.OnlyA, report.Visible(name))
	}
	for _, name := range s.OnlyB[:min(rows, len(s.OnlyB))] {
		p.OnlyB = append(p.OnlyB, report.Visible(name))
	}
	return p
}
