package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// matrix runs the whole catalogue, if a page is asked for, and returns its table.
func (tree tree) matrix() (string, error) {
	if *doc == "" {
		return "", nil
	}
	table := filepath.Join(tree.dir, "table.md")
	out, err := tree.test("whole.test", "-attack.table", table)
	if err != nil {
		return "", fmt.Errorf("the catalogue: %w: %s", err, strings.Join(red.FindAllString(out, -1), "; "))
	}
	data, err := os.ReadFile(table)
	return string(data) + "\n" + summary.FindString(out) + "\n", err
}

var summary = regexp.MustCompile(`(?m)^summary: .*$`)

const introduction = `<!-- written by: go run ./internal/attack/mutate -doc docs/attacks.md -->

# Attacks

Each row is a door at which hostile programs try one or more ways. A way counts
only if it works unconfined, and if the same act works confined where the policy
allows it. "blocked" means that all of a row's ways failed, as seen from outside.
The modes are:

- explain: namespaces, and a policy that mounts and Landlock hold to the path.
- mediate: namespaces, and a policy with an expression, so that the supervisor
  does every writing call itself.
- tier2, tier2-mediate: the same on a host that gives no namespaces.
- fake and the others of this name: the same four with a fake root. There an
  attack has also succeeded if something of a file outside is noted, or if the
  program is told of a success that it has not without.

"n/a" is a row without meaning in the mode, or for the user or kernel of this
run; "invalid" is one that this host does not allow unconfined either. Of the
races, the table tells only that none was won. The programs are in
internal/attack.

`

const guardsText = `
## Guards taken out

A test that is always green proves nothing. So each guard of the sandbox is taken
out of the source, and the row named beside it has to turn red.

`

func page(matrix string, t *tally) string {
	var b strings.Builder
	b.WriteString(introduction + matrix + guardsText)
	fmt.Fprintf(&b, "Guards: %d, noticed: %d.\n\n| guard | row that turns red |\n|---|---|\n", t.count(), t.killed)
	for _, n := range t.noticed {
		fmt.Fprintf(&b, "| %s | %s |\n", n[0], strings.ToLower(n[1]))
	}
	if len(t.survivors) > 0 {
		b.WriteString("\nBehind these stands another wall, so that no row can turn red:\n\n")
	}
	for _, s := range t.survivors {
		fmt.Fprintf(&b, "- %s\n", s)
	}
	for _, s := range t.unexpected {
		fmt.Fprintf(&b, "- NOT NOTICED: %s\n", s)
	}
	return b.String()
}
