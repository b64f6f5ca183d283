package tracer

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// seen is an Observer that keeps what it is told.
type seen struct {
	mu     sync.Mutex
	parent map[int]int
	ended  map[int]Exit
	ends   []int
}

func (s *seen) Forked(parent, child int, _ time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.parent[child] = parent
}
func (s *seen) Cloned(int, int) {}
func (s *seen) ThreadEnded(int) {}
func (s *seen) Ends(pid int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ends = append(s.ends, pid)
}
func (s *seen) Exited(pid int, end Exit) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended[pid] = end
}

// follow runs a script of a shell that is no child of this process, traced from
// its first line on, and returns how it ended.
func follow(t *testing.T, script string) (*seen, int, error) {
	t.Helper()
	s := &seen{parent: map[int]int{}, ended: map[int]Exit{}}
	tracer := New(s, nil)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("sh", "-c", `sh -c "read line <&3; exec 3<&-; $1" & echo $!; wait $!`, "sh", script)
	cmd.ExtraFiles = []*os.File{r}
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	r.Close()
	var pid int
	if _, err := fmt.Fscanln(out, &pid); err != nil {
		t.Fatal(err)
	}
	if err := tracer.Attach(pid); err != nil {
		t.Fatal(err)
	}
	w.WriteString("go\n")
	err = cmd.Wait()
	w.Close()
	tracer.Close()
	return s, pid, err
}

func TestEndsAreTold(t *testing.T) {
	s, pid, err := follow(t, `
		(exit 7)
		sh -c 'kill -KILL $$'
		sh -c 'i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done'
		true | cat
		exit 3`)
	if err == nil || err.Error() != "exit status 3" {
		t.Errorf("the command: %v", err)
	}
	count := map[unix.WaitStatus]int{}
	for child := range s.parent {
		end, ok := s.ended[child]
		if !ok {
			t.Errorf("process %d has no end", child)
		}
		if s.parent[child] != pid {
			t.Errorf("process %d has the parent %d, want %d", child, s.parent[child], pid)
		}
		count[end.Status]++
	}
	if count[7<<8] != 1 || count[9] != 1 || count[0] != 3 {
		t.Errorf("ends: %v", count)
	}
	own, busy := s.ended[pid], time.Duration(0)
	for _, end := range s.ended {
		busy = max(busy, end.User)
	}
	if !slices.Equal(s.ends, []int{pid}) {
		t.Errorf("the ends of %v were foretold, want %d", s.ends, pid)
	}
	if own.Status.ExitStatus() != 3 || own.User >= busy || own.MaxRSS == 0 {
		t.Errorf("own end: %+v; the busiest took %v", own, busy)
	}
}

// A parent's peak is its own and not that of its largest child.
func TestPeakIsOwn(t *testing.T) {
	s, pid, err := follow(t, `python3 -c 'x = bytearray(100 << 20)'; exit 0`)
	if err != nil {
		t.Fatal(err)
	}
	most := int64(0)
	for child := range s.parent {
		most = max(most, s.ended[child].MaxRSS)
	}
	if most < 100<<10 || s.ended[pid].MaxRSS > 50<<10 {
		t.Errorf("peak of the child %d KiB, of the shell %d KiB", most, s.ended[pid].MaxRSS)
	}
}

// Stopping, going on and signals are as without.
func TestSignalsPass(t *testing.T) {
	_, _, err := follow(t, `
		trap 'echo term >&2; got=1' TERM
		sh -c 'kill -STOP $$; exit 5' & child=$!
		while ! grep -q '^State:.[tT]' /proc/$child/status; do sleep 0.01; done
		kill -CONT $child
		wait $child; [ $? = 5 ] || exit 1
		kill -TERM $$; [ "$got" = 1 ] || exit 2
		sleep 100 & sleep 0.2; kill $!; wait $!; [ $? = 143 ] || exit 4`)
	if err != nil {
		t.Error(err)
	}
}

// Programs that fork from any of their threads are followed too.
func TestThreadsFork(t *testing.T) {
	s, _, err := follow(t, `python3 -c '
import subprocess, threading
ts = [threading.Thread(target=lambda: [subprocess.call(["true"]) for _ in range(20)]) for _ in range(8)]
[t.start() for t in ts]; [t.join() for t in ts]'`)
	if err != nil {
		t.Fatal(err)
	}
	if len(s.parent) < 8*20 || len(s.ended) != len(s.parent)+1 {
		t.Errorf("%d forks, %d ends; want 160 or more, and one end more", len(s.parent), len(s.ended))
	}
}
