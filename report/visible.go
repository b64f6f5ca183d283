package report

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Visible returns a name as it is if every byte of it prints, and otherwise with
// Go's escapes for what does not, and a backslash doubled: what is shown says
// which bytes it was, is one line, and gives a terminal no order.
func Visible(s string) string {
	if prints(s) {
		return s
	}
	var b strings.Builder
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\x%02x`, s[0])
		case r == '\\':
			b.WriteString(`\\`)
		case strconv.IsPrint(r):
			b.WriteString(s[:n])
		default:
			quoted := strconv.QuoteRune(r)
			b.WriteString(quoted[1 : len(quoted)-1])
		}
		s = s[n:]
	}
	return b.String()
}

// prints tells that s needs no escape. It is called for every path.
func prints(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < ' ' || s[i] == '\\' || s[i] >= 0x7f {
			return printsRunes(s)
		}
	}
	return true
}

func printsRunes(s string) bool {
	for i, r := range s {
		if r == '\\' || !strconv.IsPrint(r) || r == utf8.RuneError && !strings.HasPrefix(s[i:], "\uFFFD") {
			return false
		}
	}
	return true
}

// VisibleArgs is a command line as a person reads it: arguments with a space or
// anything that a shell would act on are in single quotes.
func VisibleArgs(args []string) string {
	out := make([]string, len(args))
	for i, a := range args {
		out[i] = VisibleArg(a)
	}
	return strings.Join(out, " ")
}

// VisibleArg is one argument of a command line.
func VisibleArg(a string) string {
	shown := Visible(a)
	if a == "" || strings.ContainsAny(a, " \t\n'\"`$&|;<>()*?[]{}~#!\\") {
		return "'" + strings.ReplaceAll(shown, "'", `'\''`) + "'"
	}
	return shown
}

func itoa(n int) string { return strconv.Itoa(n) }

// Thousands is a number as a person reads it: 1,234,567.
func Thousands(n int) string {
	s := itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return strings.Replace(s, "-,", "-", 1)
}

// Plural is a count with its noun: 1 file, 2,000 files.
func Plural(n int, noun string) string {
	switch {
	case n == 1:
		return "1 " + noun
	case strings.HasSuffix(noun, "s"):
		noun += "es"
	default:
		noun += "s"
	}
	return Thousands(n) + " " + noun
}

// Duration is a time as a person reads it: 1 h 2 min, 3 min 4 s, 5.67 s, 89 ms.
func Duration(d time.Duration) string {
	if d < 0 {
		return "-" + Duration(-d)
	}
	switch s := d.Seconds(); {
	case d >= time.Hour:
		return fmt.Sprintf("%d h %d min", int(d.Hours()), int(d.Minutes())%60)
	case d >= time.Minute:
		return fmt.Sprintf("%d min %d s", int(d.Minutes()), int(s)%60)
	case d >= 10*time.Second:
		return fmt.Sprintf("%.1f s", s)
	case d >= time.Second:
		return fmt.Sprintf("%.2f s", s)
	case d >= time.Millisecond:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	case d == 0:
		return "0 s"
	}
	return fmt.Sprintf("%d µs", d.Microseconds())
}
