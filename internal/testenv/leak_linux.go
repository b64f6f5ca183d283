package testenv

import (
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
)

// settle is how long what a test used may take to go away: a thread ends some
// time after the goroutine that was locked to it.
const settle = 5 * time.Second

// left is what a process can leave behind. Threads are counted and not
// compared by number, as the Go runtime starts its own when it likes.
type left struct {
	Descriptors []string // what each is open on
	Children    []string
	Mounts      []string
}

// Leaks fails the test, at its end, if it left anything behind that was not
// there when Leaks was called. It must not run beside other tests (t.Parallel).
func Leaks(t testing.TB) {
	t.Helper()
	leaks(t, settle)
}

func leaks(t testing.TB, settle time.Duration) {
	t.Helper()
	before, threads := take(t), threads(t)
	goroutines := goleak.IgnoreCurrent()
	t.Cleanup(func() {
		if t.Failed() {
			return // what failed may well have left something
		}
		if err := goleak.Find(goroutines); err != nil {
			t.Error(err)
		}
		checkThreads(t, threads, settle)
		checkLeft(t, before, settle)
	})
}

func checkLeft(t testing.TB, before left, settle time.Duration) {
	t.Helper()
	var diff string
	for end := time.Now().Add(settle); ; time.Sleep(10 * time.Millisecond) {
		if diff = cmp.Diff(before, take(t)); diff == "" {
			return
		}
		if time.Now().After(end) {
			t.Errorf("left behind (-before +after):\n%s", diff)
			return
		}
	}
}

// spareThreads is what the Go runtime may have started for itself meanwhile
// and keeps: one for each processor, and some that wait in system calls.
const spareThreads = 16

func checkThreads(t testing.TB, before int, settle time.Duration) {
	t.Helper()
	for end := time.Now().Add(settle); ; time.Sleep(10 * time.Millisecond) {
		after := threads(t)
		if after <= before+spareThreads {
			return
		}
		if time.Now().After(end) {
			t.Errorf("left behind: %d threads, before %d", after, before)
			return
		}
	}
}

func threads(t testing.TB) int { return len(names(t, "/proc/self/task")) }

func take(t testing.TB) left {
	t.Helper()
	return left{Descriptors: descriptors(t), Children: children(t), Mounts: mounts(t)}
}

// descriptors lists what is open, but for what the Go runtime opens once for
// itself: its event poll and the like.
func descriptors(t testing.TB) []string {
	t.Helper()
	var open []string
	for _, n := range names(t, "/proc/self/fd") {
		what, err := os.Readlink("/proc/self/fd/" + n)
		if err != nil || strings.HasPrefix(what, "anon_inode:[event") { // [eventpoll], [eventfd]
			continue
		}
		open = append(open, n+" "+what)
	}
	slices.Sort(open)
	return open
}

// children lists the child processes of every thread (proc_pid_task_children(5)).
func children(t testing.TB) []string {
	t.Helper()
	var all []string
	for _, tid := range names(t, "/proc/self/task") {
		data, err := os.ReadFile("/proc/self/task/" + tid + "/children")
		if err != nil {
			continue // the thread ended
		}
		all = append(all, strings.Fields(string(data))...)
	}
	slices.Sort(all)
	return all
}

func mounts(t testing.TB) []string {
	t.Helper()
	data, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(string(data), "\n")
}

// names lists a directory of procfs without keeping it open.
func names(t testing.TB, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, e := range entries {
		if _, err := strconv.Atoi(e.Name()); err == nil {
			all = append(all, e.Name())
		}
	}
	return all
}
