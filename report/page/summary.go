package page

import (
	"fmt"
	"strings"
	"time"

	"github.com/catbox-go/catbox/report"
)

// summary is what is read in ten seconds. It is in the page as HTML.
type summary struct {
	Command, Result, Dir, System, Version, When, Length string
	Good                                                bool
	Cards                                               []card
	Notices                                             []notice
	Views                                               []view
}

// card is a number with what it means. Tone is good, bad or empty.
type card struct {
	Value, Label, Note, View, Tone string
}

// notice is something that the reader should not miss.
type notice struct {
	Text, View, Tone string
}

// view is one of the page's views.
type view struct{ ID, Name string }

// views are those beside the summary, in the order of the navigation.
var views = []view{
	{"timeline", "Timeline"}, {"slow", "What was slow"}, {"files", "Files"}, {"packages", "Packages"},
	{"graph", "Graph"}, {"violations", "Violations"}, {"differs", "What may differ"}, {"processes", "Processes"},
}

func summarize(r *report.Run) summary {
	s := summary{
		Command: cut(r.Command()), Result: r.Result(), Good: r.Succeeded(),
		Dir: r.Place(), System: report.Visible(r.Start.System), Version: report.Visible(r.Start.Version),
		When: r.Start.Time.UTC().Format("2 January 2006, 15:04:05 UTC"), Length: report.Duration(r.Length), Views: views,
	}
	s.Cards = cards(r)
	s.Notices = notices(r)
	return s
}

func cards(r *report.Run) []card {
	counts := r.Counts()
	p := r.Parallel(1)
	list := []card{
		{report.Thousands(len(r.Processes)), "processes", report.Plural(programs(r), "program"), "timeline", ""},
		{fmt.Sprintf("%.1f", p.Mean), "at once on average", fmt.Sprintf("at most %d", p.Most), "timeline", ""},
		{report.Duration(p.CPU), "processor time", report.Duration(r.Length) + " on the clock", "slow", ""},
		{report.Thousands(counts[report.Input]), "input files", report.Thousands(counts[report.Missing]) + " looked for in vain", "files", ""},
		{report.Thousands(counts[report.Output]), "output files", report.Thousands(counts[report.Temporary]) + " temporary", "files", ""},
	}
	if r.OwnersKnown {
		list = append(list, card{report.Thousands(len(r.Packages)), "packages used", used(r) + " surely", "packages", ""})
	}
	list = append(list, violationCard(r))
	return append(list, blindCard(r))
}

func programs(r *report.Run) int {
	names := map[string]bool{}
	for i := range r.Processes {
		names[r.Program(i)] = true
	}
	return len(names)
}

func used(r *report.Run) string {
	n := 0
	for _, p := range r.Packages {
		if p.Sure <= report.Executed {
			n++
		}
	}
	return report.Thousands(n)
}

func violationCard(r *report.Run) card {
	c := card{"0", "violations", "nothing was refused", "violations", "good"}
	if n := len(r.Violations); n > 0 {
		c = card{report.Thousands(n), noun(n, "violation"), "of the policy", "violations", "bad"}
	}
	return c
}

// noun is the noun of a count that stands elsewhere.
func noun(n int, name string) string {
	_, word, _ := strings.Cut(report.Plural(n, name), " ")
	return word
}

func blindCard(r *report.Run) card {
	if len(r.Blind) == 0 {
		return card{"complete", "record", "nothing was missed", "violations", "good"}
	}
	return card{report.Thousands(len(r.Blind)), noun(len(r.Blind), "blind spot"), "the record may lack something", "violations", "bad"}
}

// notices are what is out of the ordinary.
func notices(r *report.Run) []notice {
	var list []notice
	if r.End == nil {
		list = append(list, notice{"The record has no end: the run was killed, or went on when this was made.", "timeline", "bad"})
	}
	if n := len(r.Violations); n > 0 {
		list = append(list, notice{"First violation: " + r.Violations[0].String(), "violations", "bad"})
	}
	if n := len(r.Blind); n > 0 {
		list = append(list, notice{"Not seen: " + report.Visible(r.Blind[0].What) + " (" + report.Visible(r.Blind[0].By) + ")", "violations", "bad"})
	}
	if text := marked(r); text != "" {
		list = append(list, notice{text, "differs", ""})
	}
	if slow := r.Slow(1); len(slow.Longest) > 0 {
		list = append(list, slowest(r, slow.Longest[0]))
	}
	return list
}

// slowest names the process that took longest itself.
func slowest(r *report.Run, process int) notice {
	p := &r.Processes[process]
	share := 0
	if r.Length > 0 {
		share = int(100 * p.Own / max(r.Length, time.Nanosecond))
	}
	return notice{fmt.Sprintf("Longest by itself: %s, %s (%d %% of the run).", report.Visible(r.Program(process)), report.Duration(p.Own), share), "slow", ""}
}

// marked names what was asked for that another build may see otherwise.
func marked(r *report.Run) string {
	all := r.Marked()
	if len(all) == 0 {
		return ""
	}
	const most = 4
	var names []string
	for _, m := range all[:min(most, len(all))] {
		names = append(names, r.Name(&m)+" ("+m.Mark.String()+")")
	}
	if more := len(all) - most; more > 0 {
		names = append(names, fmt.Sprintf("and %d more", more))
	}
	return "Another build may come out different: it was asked for " + strings.Join(names, ", ") + "."
}
