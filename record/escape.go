package record

import (
	"encoding/json"
	"fmt"
	"slices"
	"unicode/utf8"
)

// escapes turns names into what JSON can hold, and back. Bytes that are not
// UTF-8 become \xHH in a text member, with a backslash itself doubled there, and
// the member's name goes to "escaped"; in a list, that is done to each element.
type escapes struct {
	members []string
	err     error
}

func (e *escapes) text(member, s string) string {
	if utf8.ValidString(s) {
		return s
	}
	e.members = append(e.members, member)
	return escapeBytes(s)
}

func (e *escapes) list(member string, list []string) []string {
	if !slices.ContainsFunc(list, func(s string) bool { return !utf8.ValidString(s) }) {
		return list
	}
	e.members = append(e.members, member)
	escaped := make([]string, len(list))
	for i, s := range list {
		escaped[i] = escapeBytes(s)
	}
	return escaped
}

// plainText undoes text; the first error is kept.
func (e *escapes) plainText(member, s string) string {
	if !slices.Contains(e.members, member) {
		return s
	}
	plain, err := unescapeBytes(s)
	if err != nil && e.err == nil {
		e.err = fmt.Errorf("member %q: %w", member, err)
	}
	return plain
}

func (e *escapes) plainList(member string, list []string) []string {
	if !slices.Contains(e.members, member) {
		return list
	}
	plain := make([]string, len(list))
	for i, s := range list {
		plain[i] = e.plainText(member, s)
	}
	return plain
}

// wire writes one object without a newline in it, nor anything else that a
// terminal could take as an order.
func wire(object any) ([]byte, error) {
	data, err := json.Marshal(object)
	return printable(data), err
}

// EscapeText returns s as a JSON member holds it, and whether that differs from
// s: then the member's name belongs in "escaped".
func EscapeText(s string) (text string, escaped bool) {
	if utf8.ValidString(s) {
		return s, false
	}
	return escapeBytes(s), true
}

// PrintableJSON returns JSON in which a terminal finds nothing to act on.
func PrintableJSON(data []byte) []byte { return printable(data) }
