package main

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"io"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/catbox-go/catbox/record"
)

// rowWriter prints the answer to a query. A value is nil, int64, float64,
// string, or []byte.
type rowWriter interface {
	columns(names []string) error
	row(values []any) error
	flush() error
}

func newRowWriter(format string, w io.Writer) (rowWriter, error) {
	switch {
	case format == "text" && isTerminal(w):
		return &tableWriter{w: bufio.NewWriter(w)}, nil
	case format == "text":
		return &tabWriter{bufio.NewWriter(w)}, nil
	case format == "json":
		return &objectWriter{w: bufio.NewWriter(w)}, nil
	case format == "csv":
		return &csvWriter{csv.NewWriter(w)}, nil
	}
	return nil, usage("--format %s: the formats are text, json and csv", format)
}

// plainValue is a value as text. NULL is empty.
func plainValue(value any) string {
	switch v := value.(type) {
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	case string:
		return v
	case []byte:
		return string(v)
	}
	return ""
}

// cell is a value that can be undone, and without anything that ends a cell or
// a line, or that a terminal takes as an order.
func cell(value any) string {
	s := plainValue(value)
	if !strings.ContainsFunc(s, func(r rune) bool { return r == '\\' || r == utf8.RuneError || !strconv.IsPrint(r) }) {
		return s
	}
	quoted := strconv.Quote(s)
	return strings.ReplaceAll(quoted[1:len(quoted)-1], `\"`, `"`)
}

// tabWriter has a line a row, and tabs between the values.
type tabWriter struct{ w *bufio.Writer }

func (t *tabWriter) columns([]string) error { return nil }

func (t *tabWriter) row(values []any) error {
	for i, v := range values {
		if i > 0 {
			t.w.WriteByte('\t') // an error stays: the last write returns it
		}
		t.w.WriteString(cell(v))
	}
	return t.w.WriteByte('\n')
}

func (t *tabWriter) flush() error { return t.w.Flush() }

// csvWriter is for spreadsheets.
type csvWriter struct{ w *csv.Writer }

func (c *csvWriter) columns(names []string) error { return c.w.Write(names) }

func (c *csvWriter) row(values []any) error {
	fields := make([]string, len(values))
	for i, v := range values {
		fields[i] = plainValue(v)
	}
	return c.w.Write(fields)
}

func (c *csvWriter) flush() error {
	c.w.Flush()
	return c.w.Error()
}

// objectWriter has a JSON object a row, with the members in the order of the columns.
type objectWriter struct {
	w     *bufio.Writer
	names []string
}

func (o *objectWriter) columns(names []string) error {
	o.names = names
	return nil
}

func (o *objectWriter) row(values []any) error {
	separator := byte('{')
	var escaped []string
	member := func(name string, value any) error {
		for _, part := range []any{name, value} {
			data, err := json.Marshal(part)
			if err != nil {
				return err
			}
			o.w.WriteByte(separator)
			o.w.Write(record.PrintableJSON(data)) // an error stays: the last write returns it
			separator = ':'
		}
		separator = ','
		return nil
	}
	for i, v := range values {
		text, is := jsonValue(v)
		if is {
			escaped = append(escaped, o.names[i])
		}
		if err := member(o.names[i], text); err != nil {
			return err
		}
	}
	if escaped != nil {
		if err := member("escaped", escaped); err != nil {
			return err
		}
	}
	_, err := o.w.WriteString("}\n")
	return err
}

func (o *objectWriter) flush() error { return o.w.Flush() }

// jsonValue is a value that JSON can hold, and whether it is escaped.
func jsonValue(value any) (any, bool) {
	switch v := value.(type) {
	case float64:
		if math.IsInf(v, 0) {
			return nil, false
		}
	case []byte:
		return record.EscapeText(string(v))
	case string:
		return record.EscapeText(v)
	}
	return value, false
}
