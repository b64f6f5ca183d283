package features

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// leaksMain runs every probe and prints what is different afterwards.
func leaksMain([]string) {
	if r, w, err := os.Pipe(); err == nil { // the runtime opens its epoll descriptor with the first pipe
		r.Close()
		w.Close()
	}
	for start := time.Now(); len(restrictedThreads()) > 0 && time.Since(start) < 2*time.Second; {
		time.Sleep(5 * time.Millisecond) // a new thread has its signals blocked for a moment
	}
	before := traces()
	Report()
	deadline := time.Now().Add(2 * time.Second) // threads take a moment to end
	after := traces()
	for after != before && time.Now().Before(deadline) {
		time.Sleep(5 * time.Millisecond)
		after = traces()
	}
	if after != before {
		fmt.Printf("before %s\nafter %s\n", before, after)
	}
	fmt.Println("compared", strings.Count(before, "\n") > 5)
}

// traces is what a probe could leave behind.
func traces() string {
	var b bytes.Buffer
	fds, _ := filepath.Glob("/proc/self/fd/*")
	for _, fd := range fds {
		if link, err := os.Readlink(fd); err == nil { // but the one that Glob itself used
			fmt.Fprintln(&b, fd, link)
		}
	}
	mounts, _ := os.ReadFile("/proc/self/mountinfo")
	b.Write(mounts)
	temporary, _ := filepath.Glob(filepath.Join(os.TempDir(), probeName+"*"))
	cgroups, _ := filepath.Glob("/sys/fs/cgroup/{,*/}" + probeName + "*")
	fmt.Fprintln(&b, temporary, cgroups, restrictedThreads(), processes())
	return b.String()
}

// restrictedThreads lists the threads that a probe has changed.
func restrictedThreads() []string {
	var all []string
	statuses, _ := filepath.Glob("/proc/self/task/*/status")
	for _, file := range statuses {
		status, err := os.ReadFile(file)
		if err == nil && (statusField(status, "NoNewPrivs:") != "0" || statusField(status, "Seccomp:") != "0" || statusField(status, "SigBlk:") != "0000000000000000") {
			all = append(all, file)
		}
	}
	return all
}

// processes lists the children of all threads.
func processes() string {
	var all []byte
	lists, _ := filepath.Glob("/proc/self/task/*/children")
	for _, file := range lists {
		children, _ := os.ReadFile(file)
		all = append(all, children...)
	}
	return string(all)
}

func TestProbesLeaveNothingBehind(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir()) // others may probe in the common one
	lines := play(t, "leaks")
	if len(lines) != 1 || lines[0] != "compared true" {
		t.Error(strings.Join(lines, "\n"))
	}
}
