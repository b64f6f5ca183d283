package policy

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// String returns p as text, a line each for the network, the action, and every
// rule and destination in order:
//
//	network isolated
//	on-violation deny
//	allow read|exec /usr
//	allow write ~^/tmp/cc[^/]*$
//	deny write /src/.git
//	hide "/home/me/my keys"
//	hide-name /usr/bin/cc
//	connect 192.0.2.0/24:443
//
// A path with a space, a control character or a byte that is not UTF-8 is
// quoted as in Go. [Parse] reads the text back; that of a policy with an error
// has a line that Parse refuses.
func (p Policy) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "network %v\n", p.network)
	fmt.Fprintf(&b, "on-violation %v\n", p.action)
	for _, r := range p.rules {
		fmt.Fprintf(&b, "%v\n", r)
	}
	for _, d := range p.destinations {
		fmt.Fprintf(&b, "connect %s\n", quoteIfNeeded(d.String()))
	}
	if p.err != nil {
		fmt.Fprintf(&b, "error %q\n", p.err)
	}
	return b.String()
}

// String returns the rule's line in the text of a policy.
func (r Rule) String() string {
	path := quoteIfNeeded(r.Pattern.String())
	switch {
	case r.Name:
		return "hide-name " + path
	case r.Effect == EffectHide:
		return "hide " + path
	}
	return fmt.Sprintf("%v %v %s", r.Effect, r.Access, path)
}

// Parse reads what [Policy.String] writes. Empty lines and lines that begin
// with "#" are skipped, and words may be separated by several spaces and tabs.
// What is not given is as in the zero Policy. An error names the line.
func Parse(text string) (Policy, error) {
	p := parser{seen: map[string]bool{}}
	n := 0
	for line := range strings.SplitSeq(text, "\n") {
		n++
		if err := p.line(line); err != nil {
			return Policy{}, fmt.Errorf("line %d: %w", n, err)
		}
	}
	return p.policy.withRules(p.rules), nil
}

type parser struct {
	policy Policy
	rules  []Rule
	seen   map[string]bool // the settings that were given
}

func (p *parser) line(line string) error {
	words, err := splitWords(line)
	if err != nil || len(words) == 0 {
		return err
	}
	switch key, args := words[0], words[1:]; key {
	case "allow":
		return p.accessRule(EffectAllow, args)
	case "deny":
		return p.accessRule(EffectDeny, args)
	case "hide":
		return p.hide(key, args, func(s string) (Rule, error) { return newRule(EffectHide, allAccess, s) })
	case "hide-name":
		return p.hide(key, args, newNameRule)
	case "connect":
		return p.connect(args)
	case "network", "on-violation":
		return p.setting(key, args)
	default:
		return fmt.Errorf("%q: want allow, deny, hide, hide-name, connect, network or on-violation", key)
	}
}

func (p *parser) accessRule(e Effect, args []string) error {
	if len(args) != 2 {
		return fmt.Errorf("%v: want an access and one path, in quotes if it has spaces", e)
	}
	a, err := ParseAccess(args[0])
	if err != nil {
		return fmt.Errorf("%v: %w", e, err)
	}
	return p.rule(newRule(e, a, args[1]))
}

func (p *parser) hide(key string, args []string, rule func(string) (Rule, error)) error {
	if len(args) != 1 {
		return fmt.Errorf("%s: want one path, in quotes if it has spaces", key)
	}
	return p.rule(rule(args[0]))
}

func (p *parser) rule(r Rule, err error) error {
	p.rules = append(p.rules, r)
	return err
}

func (p *parser) connect(args []string) error {
	if len(args) != 1 {
		return errors.New("connect: want one destination, in quotes if it has spaces")
	}
	d, err := ParseDestination(args[0])
	if err != nil {
		return err
	}
	p.policy = p.policy.AllowConnect(d)
	return nil
}

func (p *parser) setting(key string, args []string) (err error) {
	if len(args) != 1 {
		return fmt.Errorf("%s: want one word", key)
	}
	if p.seen[key] {
		return fmt.Errorf("%s: given twice", key)
	}
	p.seen[key] = true
	if key == "network" {
		p.policy.network, err = ParseNetwork(args[0])
	} else {
		p.policy.action, err = ParseAction(args[0])
	}
	return err
}

// splitWords splits a line at spaces and tabs; a word that begins with a quote
// goes to the closing quote.
func splitWords(line string) ([]string, error) {
	var words []string
	rest := strings.TrimLeft(line, " \t")
	if strings.HasPrefix(rest, "#") {
		return nil, nil
	}
	for rest != "" {
		word, after, err := nextWord(rest)
		if err != nil {
			return nil, err
		}
		words = append(words, word)
		rest = strings.TrimLeft(after, " \t")
	}
	return words, nil
}

func nextWord(s string) (word, rest string, err error) {
	if s[0] == '"' {
		return quotedWord(s)
	}
	word = s
	if i := strings.IndexAny(s, " \t"); i >= 0 {
		word, rest = s[:i], s[i:]
	}
	if needsQuotes(word) {
		return "", "", fmt.Errorf("an unprintable character or a byte that is not UTF-8: want %s", strconv.Quote(word))
	}
	return word, rest, nil
}

func quotedWord(s string) (word, rest string, err error) {
	quoted, err := strconv.QuotedPrefix(s)
	if err != nil {
		return "", "", fmt.Errorf("%q: want a closing quote, and escapes as in Go", s)
	}
	rest = s[len(quoted):]
	if rest != "" && rest[0] != ' ' && rest[0] != '\t' {
		return "", "", fmt.Errorf("%q follows the closing quote: want a space", rest)
	}
	word, err = strconv.Unquote(quoted)
	return word, rest, err
}

// quoteIfNeeded returns s as one word of a line.
func quoteIfNeeded(s string) string {
	if s == "" || s[0] == '"' || needsQuotes(s) {
		return strconv.Quote(s)
	}
	return s
}

// needsQuotes reports whether s has a character that would end the word or
// that a terminal does not show as it is.
func needsQuotes(s string) bool {
	for _, r := range s {
		if r == ' ' || !strconv.IsPrint(r) {
			return true
		}
	}
	return !utf8.ValidString(s)
}
