package relation

import "strings"

// RPM reads what a Requires or BuildRequires of rpm names: "a >= 1, b c" is three, and a boolean
// dependency such as (a or b), (a and b), (a with b), (a if b) as many as have to
// be there in any case: what is after "if" and "unless" is left out.
func RPM(text string) []Clause {
	var clauses []Clause
	var plain []string
	for _, word := range outside(text) {
		if strings.HasPrefix(word, "(") {
			clauses = append(clauses, boolean(words(word))...)
			continue
		}
		plain = append(plain, word)
	}
	return append(boolean(plain), clauses...)
}

// outside splits at the blanks and commas that are not in parentheses.
func outside(text string) []string {
	depth := 0
	return strings.FieldsFunc(text, func(c rune) bool {
		switch c {
		case '(':
			depth++
		case ')':
			depth--
		}
		return depth == 0 && blank(c)
	})
}

func blank(c rune) bool { return strings.ContainsRune(", \t\n", c) }

func boolean(words []string) []Clause {
	var clauses []Clause
	alternative := false
	for i := 0; i < len(words); i++ {
		switch word := words[i]; {
		case word == "or":
			alternative = true
		case conjunctions[word]:
		case conditions[word]:
			return clauses
		case operators[word] != "":
			if i++; i < len(words) {
				setVersion(clauses, operators[word], words[i])
			}
		default:
			clauses, alternative = addName(clauses, word, alternative), false
		}
	}
	return clauses
}

var (
	conjunctions = map[string]bool{"and": true, "with": true, "": true}
	conditions   = map[string]bool{"if": true, "unless": true, "without": true, "else": true}
	// operators are Debian's by rpm's.
	operators = map[string]string{"<": "<<", "<=": "<=", "=": "=", "==": "=", ">=": ">=", ">": ">>"}
)

// words splits at blanks and commas, and takes off the parentheses that do not belong to a
// name, as in "(perl(Carp))".
func words(text string) []string {
	words := strings.FieldsFunc(text, blank)
	for i, word := range words {
		word = strings.TrimLeft(word, "(")
		for strings.Count(word, ")") > strings.Count(word, "(") && strings.HasSuffix(word, ")") {
			word = word[:len(word)-1]
		}
		words[i] = word
	}
	return words
}

func addName(clauses []Clause, name string, alternative bool) []Clause {
	last := len(clauses) - 1
	if alternative && last >= 0 {
		clauses[last] = append(clauses[last], Relation{Name: name})
		return clauses
	}
	return append(clauses, Clause{{Name: name}})
}

func setVersion(clauses []Clause, operator, version string) {
	if len(clauses) == 0 {
		return
	}
	c := clauses[len(clauses)-1]
	c[len(c)-1].Operator, c[len(c)-1].Version = operator, version
}
