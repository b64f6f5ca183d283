// Package cgroup puts a run into a control group of its own, version 2, where
// one is delegated to the caller (cgroups(7)).
package cgroup

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Limits of a group; 0 is no limit.
type Limits struct {
	Memory    uint64 // bytes: memory.max, and no swap
	Processes uint64 // pids.max
}

// Group is a control group that was made for a run. A nil Group is none.
type Group struct {
	path string
	dir  *os.File
}

// Dir is the group's directory, to start a process in (CLONE_INTO_CGROUP).
func (g *Group) Dir() *os.File {
	if g == nil {
		return nil
	}
	return g.dir
}

// New makes a group with the limits. The error says what is missing.
func New(l Limits) (*Group, error) {
	parent, err := delegated(l.controllers())
	if err != nil {
		return nil, err
	}
	path, err := os.MkdirTemp(parent, "catbox-")
	if err != nil {
		return nil, err
	}
	g := &Group{path: path}
	if g.dir, err = os.Open(path); err == nil {
		err = l.set(path)
	}
	if err != nil {
		g.Close()
		return nil, err
	}
	return g, nil
}

func (l Limits) controllers() []string {
	var names []string
	if l.Memory > 0 {
		names = append(names, "memory")
	}
	if l.Processes > 0 {
		names = append(names, "pids")
	}
	return names
}

func (l Limits) set(path string) error {
	if l.Memory > 0 {
		if err := write(path, "memory.max", strconv.FormatUint(l.Memory, 10)); err != nil {
			return err
		}
		// Not every kernel accounts for swap.
		if err := write(path, "memory.swap.max", "0"); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	if l.Processes > 0 {
		// The init of the run is one more.
		return write(path, "pids.max", strconv.FormatUint(l.Processes+initThreads, 10))
	}
	return nil
}

// initThreads is room for the threads of the run's first process, which is ours.
const initThreads = 12

func write(dir, file, value string) error {
	return os.WriteFile(filepath.Join(dir, file), []byte(value), 0)
}

// Close ends what is left in the group and removes it.
func (g *Group) Close() {
	if g == nil {
		return
	}
	_ = write(g.path, "cgroup.kill", "1") // Linux 5.14; the run has ended by now
	if g.dir != nil {
		g.dir.Close()
	}
	for range 100 {
		if err := os.Remove(g.path); err == nil || errors.Is(err, os.ErrNotExist) {
			return
		}
		unix.Nanosleep(&unix.Timespec{Nsec: 10e6}, nil)
	}
}

// ErrNotDelegated is the reason why there is no group.
var ErrNotDelegated = errors.New("no control group is delegated to this user")

// delegated finds a directory in which we may make a group that has the controllers.
func delegated(controllers []string) (string, error) {
	mount, err := mountPoint()
	if err != nil {
		return "", err
	}
	own, err := ownGroup()
	if err != nil {
		return "", err
	}
	// Our own group has us in it, and a group with processes cannot hand its
	// controllers down; the one above it may be ours too.
	own = filepath.Join(mount, own)
	for _, dir := range []string{own, filepath.Dir(own)} {
		if err = usable(dir, controllers); err == nil {
			return dir, nil
		}
	}
	return "", err
}

// usable tells whether a group below dir would have the controllers.
func usable(dir string, controllers []string) error {
	if unix.Access(dir, unix.W_OK) != nil || unix.Access(filepath.Join(dir, "cgroup.procs"), unix.W_OK) != nil {
		return fmt.Errorf("%w: %s cannot be written", ErrNotDelegated, dir)
	}
	handed, err := os.ReadFile(filepath.Join(dir, "cgroup.subtree_control"))
	if err != nil {
		return err
	}
	for _, c := range controllers {
		if slices.Contains(strings.Fields(string(handed)), c) {
			continue
		}
		if err := write(dir, "cgroup.subtree_control", "+"+c); err != nil {
			return fmt.Errorf("%w: controller %s in %s: %w", ErrNotDelegated, c, dir, err)
		}
	}
	return nil
}

func mountPoint() (string, error) {
	data, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(string(data)) {
		fields := strings.Fields(line)
		if i := slices.Index(fields, "-"); i > 4 && i+1 < len(fields) && fields[i+1] == "cgroup2" {
			return fields[4], nil
		}
	}
	return "", fmt.Errorf("%w: cgroup v2 is not mounted", ErrNotDelegated)
}

func ownGroup() (string, error) {
	data, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(string(data)) {
		if path, ok := strings.CutPrefix(strings.TrimSpace(line), "0::"); ok {
			return path, nil
		}
	}
	return "", fmt.Errorf("%w: this process is in no cgroup v2", ErrNotDelegated)
}
