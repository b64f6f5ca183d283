package straced

import (
	"strconv"
	"strings"
)

// arguments splits what follows a call's opening parenthesis, up to the closing one.
func arguments(text string) (args []string, rest string, ok bool) {
	depth, start := 0, 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '"':
			i = skipQuoted(text, i)
		case '<':
			i = skipFile(text, i)
		case '(', '[', '{':
			depth++
		case ']', '}':
			depth--
		case ',':
			if depth == 0 {
				args = append(args, strings.TrimSpace(text[start:i]))
				start = i + 1
			}
		case ')':
			if depth--; depth < 0 {
				if last := strings.TrimSpace(text[start:i]); last != "" {
					args = append(args, last)
				}
				return args, text[i+1:], true
			}
		}
	}
	return nil, "", false
}

// skipQuoted returns where a string ends that begins at i.
func skipQuoted(text string, i int) int {
	for i++; i < len(text) && text[i] != '"'; i++ {
		if text[i] == '\\' {
			i++
		}
	}
	return i
}

// skipFile returns where the path of -y ends that begins at i; other uses
// of "<", such as 1<<3, have no path.
func skipFile(text string, i int) int {
	if i == 0 || !strings.ContainsRune("0123456789D", rune(text[i-1])) || strings.HasPrefix(text[i:], "<<") { // AT_FDCWD
		return i
	}
	if end := strings.IndexByte(text[i:], '>'); end >= 0 {
		return i + end
	}
	return i
}

// quoted reads a string argument. false: it is none, as NULL or an address that
// cannot be read.
func quoted(arg string) (string, bool) {
	if arg == "" || arg[0] != '"' {
		return "", false
	}
	end := skipQuoted(arg, 0)
	if end >= len(arg) {
		return "", false
	}
	return unescape(arg[1:end]), true
}

// escapes are those of C that strace uses.
var escapes = map[byte]byte{'n': '\n', 't': '\t', 'r': '\r', 'v': '\v', 'f': '\f', 'a': '\a', 'b': '\b'}

// unescape undoes strace's escapes: those of C, where octal numbers have up to three digits.
func unescape(text string) string {
	if !strings.Contains(text, `\`) {
		return text
	}
	var out []byte
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' || i+1 == len(text) {
			out = append(out, text[i])
			continue
		}
		i++
		c, n := escaped(text[i:])
		out = append(out, c)
		i += n - 1
	}
	return string(out)
}

// escaped reads what follows a backslash, and tells how long it is.
func escaped(text string) (c byte, n int) {
	switch {
	case text[0] == 'x' && len(text) > 2:
		v, _ := strconv.ParseUint(text[1:3], 16, 8)
		return byte(v), 3
	case text[0] >= '0' && text[0] <= '7':
		for n < len(text) && n < 3 && text[n] >= '0' && text[n] <= '7' {
			n++
		}
		v, _ := strconv.ParseUint(text[:n], 8, 16)
		return byte(v), n
	case escapes[text[0]] != 0:
		return escapes[text[0]], 1
	}
	return text[0], 1
}

// descriptor is the path that -y shows of a descriptor; false: it has none, being
// a pipe, or closed.
func descriptor(arg string) (string, bool) {
	_, file, ok := strings.Cut(arg, "<")
	if !ok {
		return "", false
	}
	p := shown(file)
	return p, strings.HasPrefix(p, "/")
}

// has tells whether flags, as strace shows them, have one.
func has(flags, flag string) bool {
	for f := range strings.FieldsFuncSeq(flags, func(r rune) bool { return strings.ContainsRune("|{}=, ", r) }) {
		if f == flag {
			return true
		}
	}
	return false
}
