package main

import (
	"bufio"
	"strings"
	"unicode/utf8"
)

// tableRows are as many as are looked at for the widths of the columns.
const tableRows = 500

// tableWriter is for a terminal: columns below each other, numbers to the right.
type tableWriter struct {
	w      *bufio.Writer
	names  []string
	rows   [][]any // those that wait for the widths
	widths []int   // nil until they are known
}

func (t *tableWriter) columns(names []string) error {
	t.names = names
	return nil
}

func (t *tableWriter) row(values []any) error {
	if t.widths != nil {
		return t.print(values)
	}
	t.rows = append(t.rows, values)
	if len(t.rows) < tableRows {
		return nil
	}
	return t.begin()
}

func (t *tableWriter) flush() error {
	if t.widths == nil && t.names != nil {
		if err := t.begin(); err != nil {
			return err
		}
	}
	return t.w.Flush()
}

// begin prints the heading, and the rows that waited.
func (t *tableWriter) begin() error {
	t.widths = make([]int, len(t.names))
	heading, rule := make([]any, len(t.names)), make([]any, len(t.names))
	for i, name := range t.names {
		heading[i] = name
		t.widths[i] = utf8.RuneCountInString(cell(name))
		for _, row := range t.rows {
			t.widths[i] = max(t.widths[i], utf8.RuneCountInString(cell(row[i])))
		}
		rule[i] = strings.Repeat("-", t.widths[i])
	}
	for _, row := range append([][]any{heading, rule}, t.rows...) {
		if err := t.print(row); err != nil {
			return err
		}
	}
	t.rows = nil
	return nil
}

func (t *tableWriter) print(values []any) error {
	var line strings.Builder
	for i, v := range values {
		if i > 0 {
			line.WriteString("  ")
		}
		text := cell(v)
		space := strings.Repeat(" ", max(0, t.widths[i]-utf8.RuneCountInString(text)))
		if isNumber(v) {
			text = space + text
		} else {
			text += space
		}
		line.WriteString(text)
	}
	_, err := t.w.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	return err
}

func isNumber(value any) bool {
	switch value.(type) {
	case int64, float64:
		return true
	}
	return false
}
