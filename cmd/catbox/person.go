package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/catbox-go/catbox/record"
)

// maxLines is how many different violations a person is shown as they happen.
const maxLines = 50

// person tells a person about violations: each once, with how often it came
// again at the end. What it remembers is bounded, whatever the command does.
type person struct {
	w     io.Writer
	live  bool // a line for each; else only the summary
	shown []*shown
	index map[folded]*shown
	more  int // violations that were not shown at all
}

// folded is what makes two violations the same to a person.
type folded struct {
	operation          record.Operation
	canonical, program string
}

type shown struct {
	record.Violation
	again int
}

func newPerson(w io.Writer, live bool) *person {
	return &person{w: w, live: live, index: map[folded]*shown{}}
}

func (p *person) violation(v record.Violation) {
	if p == nil || !p.live {
		return
	}
	key := folded{v.Operation, object(v), v.Program}
	if known := p.index[key]; known != nil {
		known.again++
		return
	}
	if len(p.shown) == maxLines {
		p.more++
		return
	}
	p.index[key] = &shown{Violation: v}
	p.shown = append(p.shown, p.index[key])
	sayTo(p.w, "%s", v)
}

// summary says what came again, and how much there was of what.
func (p *person) summary(violations []record.Violation) {
	if p == nil || len(violations) == 0 {
		return
	}
	for _, s := range p.shown {
		if s.again > 0 {
			sayTo(p.w, "%s %s", withoutPID(s.Violation), count(s.again, "more time"))
		}
	}
	if p.more > 0 {
		sayTo(p.w, "and %s (see --violations)", count(p.more, "more violation"))
	}
	sayTo(p.w, "%s: %s", count(len(violations), "violation"), byOperation(violations))
}

func object(v record.Violation) string {
	if v.Canonical == "" {
		return v.Path
	}
	return v.Canonical
}

// withoutPID is the violation's line without the process, which was another each time.
func withoutPID(v record.Violation) string {
	return strings.TrimSuffix(v.String(), fmt.Sprintf(", pid %d)", v.PID)) + ")"
}

// byOperation counts: 2 write, 1 connect.
func byOperation(violations []record.Violation) string {
	counts := map[record.Operation]int{}
	var order []record.Operation
	for _, v := range violations {
		if counts[v.Operation] == 0 {
			order = append(order, v.Operation)
		}
		counts[v.Operation]++
	}
	parts := make([]string, 0, len(order))
	for _, operation := range order {
		parts = append(parts, fmt.Sprintf("%d %s", counts[operation], operation))
	}
	return strings.Join(parts, ", ")
}
