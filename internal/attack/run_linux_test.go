//go:build amd64

package attack

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/catbox-go/catbox/features"
	"github.com/catbox-go/catbox/internal/testenv"
)

// TestCatalogue prints the matrix. It passes if nothing escaped, broke or hung.
func TestCatalogue(t *testing.T) {
	rows, wanted := regexp.MustCompile(*onlyRows), regexp.MustCompile(*onlyModes)
	all := matrix{}
	t.Run("rows", func(t *testing.T) { // comes to its end when the parallel ones have
		for _, r := range catalogue() {
			for _, m := range modes {
				if rows.MatchString(r.id) && wanted.MatchString(string(m)) {
					t.Run(r.id+" "+string(m), func(t *testing.T) { all.cell(t, r, m) })
				}
			}
		}
	})
	fmt.Println(all.summary())
	if *tableFile != "" {
		if err := os.WriteFile(*tableFile, []byte(all.markdown()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// matrix has the results by row and mode.
type matrix map[string]map[mode]result

var matrixMu sync.Mutex

// cell is one row in one mode. What neither races nor disturbs runs beside others.
func (x matrix) cell(t *testing.T, r row, m mode) {
	if !r.race && !r.task.Storm && !r.task.Starve && r.run == nil {
		t.Parallel()
	}
	res := r.result(m)
	matrixMu.Lock()
	if x[r.id] == nil {
		x[r.id] = map[mode]result{}
	}
	x[r.id][m] = res
	matrixMu.Unlock()
	report(t, r, m, res)
}

func (x matrix) summary() string {
	counts := map[verdict]int{}
	for _, results := range x {
		for _, res := range results {
			counts[res.verdict]++
		}
	}
	var b strings.Builder
	b.WriteString("summary:")
	for _, v := range worst {
		fmt.Fprintf(&b, " %d %s", counts[v], v)
	}
	fmt.Fprintf(&b, " (uid %d)", os.Geteuid())
	return b.String()
}

// result is that of all programs of a row.
func (r row) result(m mode) (res result) {
	if r.modes != nil && !slices.Contains(r.modes, m) && !slices.Contains(r.modes, m.plain()) {
		return result{verdict: notApplicable}
	}
	if m.fakes() && r.noFake != "" || !m.fakes() && r.onlyFake != "" {
		return result{notApplicable, []string{r.noFake + r.onlyFake}}
	}
	if r.needs != nil && r.needs() != "" {
		return result{notApplicable, []string{r.needs()}}
	}
	if err := features.UserNamespaces(); err != nil {
		return result{invalid, []string{fmt.Sprint("no user namespaces here: ", err)}}
	}
	if r.run != nil {
		return r.run(m)
	}
	ways := regexp.MustCompile(*onlyWays)
	for _, program := range r.programs {
		if !ways.MatchString(program) {
			continue
		}
		one := r.try(m, program)
		res.add(one.verdict, "")
		res.notes = append(res.notes, one.notes...)
	}
	return res
}

func report(t *testing.T, r row, m mode, res result) {
	t.Helper()
	line := fmt.Sprintf("%-5s %-14s %-8s %s\n", r.id, m, res.verdict, r.title)
	for _, note := range res.notes {
		line += "      " + note + "\n"
	}
	fmt.Print(line) // at once, as others print beside it
	switch res.verdict {
	case escaped, broken, hung:
		t.Errorf("%s %s: %s: %s", r.id, m, res.verdict, strings.Join(res.notes, "\n"))
	case invalid: // nothing is shown by it: this host cannot do it unconfined either
		testenv.Skip(t, strings.Join(res.notes, "\n"))
	}
}

// markdown is the matrix as a table.
func (x matrix) markdown() string {
	var b strings.Builder
	b.WriteString("| row | what is tried | ways |")
	for _, m := range modes {
		fmt.Fprintf(&b, " %s |", m)
	}
	b.WriteString("\n|---|---|---|" + strings.Repeat("---|", len(modes)) + "\n")
	for _, r := range catalogue() {
		if x[r.id] == nil {
			continue
		}
		fmt.Fprintf(&b, "| %s | %s | %d |", r.id, r.title, max(len(r.programs), 1))
		for _, m := range modes {
			fmt.Fprintf(&b, " %s |", strings.ToLower(string(x[r.id][m].verdict)))
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
