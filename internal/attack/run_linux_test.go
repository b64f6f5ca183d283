package attack

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/catbox-go/catbox/features"
)

// TestCatalogue prints the matrix. It passes if nothing escaped, broke or hung.
func TestCatalogue(t *testing.T) {
	rows, wanted := regexp.MustCompile(*onlyRows), regexp.MustCompile(*onlyModes)
	matrix := map[string]map[mode]result{}
	counts := map[verdict]int{}
	all := catalogue()
	for _, r := range all {
		if !rows.MatchString(r.id) {
			continue
		}
		matrix[r.id] = map[mode]result{}
		for _, m := range modes {
			if !wanted.MatchString(string(m)) {
				continue
			}
			res := r.result(m)
			matrix[r.id][m] = res
			counts[res.verdict]++
			report(t, r, m, res)
		}
	}
	fmt.Printf("summary:")
	for _, v := range worst {
		fmt.Printf(" %d %s", counts[v], v)
	}
	fmt.Printf(" (uid %d)\n", os.Geteuid())
	if *tableFile != "" {
		if err := os.WriteFile(*tableFile, []byte(markdown(all, matrix)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// result is that of all programs of a row.
func (r row) result(m mode) (res result) {
	if r.modes != nil && !slices.Contains(r.modes, m) {
		return result{verdict: notApplicable}
	}
	if err := offered(m); err != nil {
		return result{notApplicable, []string{err.Error()}}
	}
	if r.run != nil {
		return r.run(m)
	}
	for _, program := range r.programs {
		one := r.try(m, program)
		res.add(one.verdict, "")
		res.notes = append(res.notes, one.notes...)
	}
	return res
}

// offered tells whether the host has what the mode needs.
func offered(m mode) error {
	if err := features.UserNamespaces(); err != nil {
		return fmt.Errorf("no user namespaces here: %w", err)
	}
	return nil
}

func report(t *testing.T, r row, m mode, res result) {
	t.Helper()
	fmt.Printf("%-5s %-14s %-8s %s\n", r.id, m, res.verdict, r.title)
	for _, note := range res.notes {
		fmt.Println("      " + note)
	}
	if slices.Contains([]verdict{escaped, broken, hung}, res.verdict) {
		t.Errorf("%s %s: %s: %s", r.id, m, res.verdict, strings.Join(res.notes, "\n"))
	}
}

// markdown is the matrix for docs/security.md.
func markdown(rows []row, matrix map[string]map[mode]result) string {
	var b strings.Builder
	b.WriteString("| row | what is tried | ways |")
	for _, m := range modes {
		fmt.Fprintf(&b, " %s |", m)
	}
	b.WriteString("\n|---|---|---|" + strings.Repeat("---|", len(modes)) + "\n")
	for _, r := range rows {
		if matrix[r.id] == nil {
			continue
		}
		fmt.Fprintf(&b, "| %s | %s | %d |", r.id, r.title, max(len(r.programs), 1))
		for _, m := range modes {
			fmt.Fprintf(&b, " %s |", strings.ToLower(string(matrix[r.id][m].verdict)))
		}
		b.WriteString("\n")
	}
	return b.String()
}

// TestEveryProgramIsTried finds programs that no row has.
func TestEveryProgramIsTried(t *testing.T) {
	tried := map[string]bool{}
	for _, r := range catalogue() {
		for _, p := range r.programs {
			tried[p] = true
			if !r.i386 && programs[p] == nil {
				t.Errorf("row %s: no program %s", r.id, p)
			}
		}
	}
	for p := range programs {
		if !tried[p] && !slices.Contains(parts, p) {
			t.Errorf("program %s is in no row", p)
		}
	}
}

// parts are programs that others, or rows of their own, start.
var parts = []string{"idle", "nop", "daemon", "daemons", "stubborn", "stay", "restless", "bad-input", "violations", "forge", "fork-bomb",
	"kernel-memory", "race-mkdir-part", "open-fifo", "socket-inet", "socket-inet6"}
