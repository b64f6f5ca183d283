package features

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

func probeCgroupMemory() error { return probeController("memory", "memory.max") }
func probeCgroupPids() error   { return probeController("pids", "pids.max") }

func probeController(controller, limit string) error {
	place, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return err
	}
	path, err := unifiedPath(string(place), controller)
	if err != nil {
		return err
	}
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return err
	}
	dir, err := unifiedDir(string(mounts), path)
	if err != nil {
		return err
	}
	return delegated(dir, controller, limit)
}

// unifiedPath returns this process's place in the cgroup v2 tree from the text of /proc/self/cgroup (cgroups(7)).
func unifiedPath(text, controller string) (string, error) {
	path := ""
	for line := range strings.Lines(text) {
		field := strings.SplitN(strings.TrimSuffix(line, "\n"), ":", 3)
		if len(field) != 3 {
			continue
		}
		if slices.Contains(strings.Split(field[1], ","), controller) {
			return "", refusal{errCgroupV1}
		}
		if field[0] == "0" && field[1] == "" {
			path = field[2]
		}
	}
	if path == "" {
		return "", refuse("this process is in no cgroup v2")
	}
	return path, nil
}

// unifiedDir returns the directory of a cgroup, from the text of /proc/self/mountinfo (proc_pid_mountinfo(5)).
func unifiedDir(mountinfo, path string) (string, error) {
	lines := bufio.NewScanner(strings.NewReader(mountinfo))
	for lines.Scan() {
		before, after, _ := strings.Cut(lines.Text(), " - ")
		field := strings.Fields(before)
		if len(field) < 5 || !strings.HasPrefix(after, "cgroup2 ") {
			continue
		}
		if below, ok := beneath(path, field[3]); ok {
			return filepath.Join(unescape(field[4]), below), nil
		}
	}
	return "", refuse("cgroup v2 is not mounted")
}

// beneath returns path as seen from root, which is the part of the tree that is mounted.
func beneath(path, root string) (string, bool) {
	if root == "/" {
		return path, true
	}
	below, ok := strings.CutPrefix(path, root)
	return below, ok && (below == "" || below[0] == '/')
}

// unescape undoes the octal escapes of mountinfo.
func unescape(s string) string {
	return strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`).Replace(s)
}

// delegated makes a cgroup below dir and sets a limit in it to no limit, and leaves everything as it was.
func delegated(dir, controller, limit string) error {
	has, err := listed(filepath.Join(dir, "cgroup.controllers"), controller)
	if err != nil {
		return err
	}
	if !has {
		return refuse("not among cgroup.controllers of " + dir + ": not delegated")
	}
	below := filepath.Join(dir, fmt.Sprintf("%s-%s-%d", probeName, controller, os.Getpid()))
	if err := os.Mkdir(below, 0o755); err != nil {
		return verdict("make a cgroup", err)
	}
	defer os.Remove(below)
	return limits(dir, filepath.Join(below, limit), controller)
}

// limits writes to the file limit, which is there once dir passes the controller on.
func limits(dir, limit, controller string) error {
	enabled := filepath.Join(dir, "cgroup.subtree_control")
	has, err := listed(enabled, controller)
	if err != nil {
		return err
	}
	if !has {
		if err := write(enabled, "+"+controller); err != nil {
			return verdict(inTheWay(err), err)
		}
		defer write(enabled, "-"+controller)
	}
	return verdict("set a limit", write(limit, "max"))
}

// inTheWay says what EBUSY means here: a cgroup has processes or controllers, not both (cgroups(7), "no internal processes").
func inTheWay(err error) string {
	if errors.Is(err, unix.EBUSY) {
		return "processes are in the way in this cgroup"
	}
	return "enable the controller"
}

func listed(file, word string) (bool, error) {
	text, err := os.ReadFile(file)
	return slices.Contains(strings.Fields(string(text)), word), err
}

// write writes to a file that exists; cgroup files take one write each.
func write(file, text string) error {
	f, err := os.OpenFile(file, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Close())
}
