//go:build linux

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// memory is the peak resident set of a supervisor in KiB: of its largest
// process, and of all its processes together (pages they share count twice).
type memory struct {
	largest, sum int64
}

// watcher samples VmHWM, which only grows, so the last sample is the peak.
//
// The rusage of wait4(2) can't be used: its ru_maxrss is the maximum over the
// process and all children that it has waited for, hence the compiler's.
type watcher struct {
	root   int
	exe    string
	peak   map[int]int64
	quit   chan struct{}
	ended  chan struct{}
	sample time.Duration
}

// watch follows the process and those of its descendants that run the same
// program, until stop.
func watch(pid int) *watcher {
	w := &watcher{root: pid, peak: map[int]int64{}, sample: 20 * time.Millisecond,
		quit: make(chan struct{}), ended: make(chan struct{})}
	go w.loop()
	return w
}

func (w *watcher) loop() {
	defer close(w.ended)
	tick := time.NewTicker(w.sample)
	defer tick.Stop()
	for {
		select {
		case <-w.quit:
			return
		case <-tick.C:
			w.look()
		}
	}
}

// stop ends the sampling. A nil watcher has seen nothing.
func (w *watcher) stop() memory {
	if w == nil {
		return memory{}
	}
	close(w.quit)
	<-w.ended
	var m memory
	for _, kb := range w.peak {
		m.largest = max(m.largest, kb)
		m.sum += kb
	}
	return m
}

func (w *watcher) look() {
	w.exe = readLink(w.root, "exe")
	w.add(w.root)
}

// add notes pid and goes on to its children. A process between fork and exec
// still looks like its parent, so one that runs something else by now is
// forgotten.
func (w *watcher) add(pid int) {
	kb, ok := highWater(pid)
	if !ok {
		return
	}
	if pid != w.root && (w.exe == "" || readLink(pid, "exe") != w.exe) {
		delete(w.peak, pid)
		return
	}
	w.peak[pid] = kb
	for _, child := range children(pid) {
		w.add(child)
	}
}

func readLink(pid int, name string) string {
	target, err := os.Readlink(fmt.Sprintf("/proc/%d/%s", pid, name))
	if err != nil {
		return ""
	}
	return target
}

// highWater is VmHWM of proc_pid_status(5); a zombie has none.
func highWater(pid int) (kb int64, ok bool) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, false
	}
	for line := range strings.Lines(string(data)) {
		if rest, found := strings.CutPrefix(line, "VmHWM:"); found {
			kb, err = strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			return kb, err == nil
		}
	}
	return 0, false
}

// children are listed by the thread that made them, proc_tid_children(5).
func children(pid int) []int {
	var pids []int
	files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			continue // the thread is gone
		}
		for _, field := range strings.Fields(string(data)) {
			if n, err := strconv.Atoi(field); err == nil {
				pids = append(pids, n)
			}
		}
	}
	return pids
}
