package overlay

import (
	"os"
	"path/filepath"
	"testing"
)

func TestWorkIsNewInEachRun(t *testing.T) {
	root, dir := t.TempDir(), filepath.Join(t.TempDir(), "over")
	given := map[string]bool{}
	for range 3 {
		o, err := Create(dir, Options{Root: root})
		must(t, err)
		var now []string
		for range 2 {
			work, err := o.Work()
			must(t, err)
			if left, err := os.ReadDir(work); err != nil || len(left) > 0 {
				t.Errorf("%s: %v, %v", work, left, err)
			}
			shell(t, work, "mkdir -p work/incompat/volatile && touch work/incompat/volatile/dirty && chmod 0 work/incompat") // as the kernel leaves it
			now, given[work] = append(now, work), true
		}
		must(t, o.Close())
		for work := range given {
			if _, err := os.Lstat(work); err != nil {
				delete(given, work)
			}
		}
		if len(given) != len(now) || !given[now[0]] || !given[now[1]] {
			t.Errorf("given in the last run: %v, there: %v", now, given)
		}
	}
	must(t, Discard(dir))
}
