package features

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

func probeNewuidmap() error {
	if err := needsUserNamespace(); err != nil {
		return err
	}
	for _, p := range []string{"newuidmap", "newgidmap"} {
		if _, err := exec.LookPath(p); err != nil {
			return refusal{fmt.Errorf("%s: %w", p, unix.ENOENT)}
		}
	}
	uids, _, err := SubordinateUIDs()
	if err != nil {
		return err
	}
	gids, _, err := SubordinateGIDs()
	if err != nil {
		return err
	}
	return mapRanges(strconv.Itoa(uids), strconv.Itoa(gids))
}

// SubordinateUIDs returns this user's first range in /etc/subuid: the first id and how many.
func SubordinateUIDs() (first, count int, err error) { return subordinate("/etc/subuid") }

// SubordinateGIDs is SubordinateUIDs of /etc/subgid.
func SubordinateGIDs() (first, count int, err error) { return subordinate("/etc/subgid") }

// mapRanges starts a child in a user namespace without mappings, and has the programs make them.
func mapRanges(uids, gids string) error {
	runtime.LockOSThread() // see inChild
	defer runtime.UnlockOSThread()
	c, err := startChild("wait", &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWUSER})
	if err != nil {
		return err
	}
	pid := strconv.Itoa(c.cmd.Process.Pid)
	err = mapRange("newuidmap", pid, os.Geteuid(), uids)
	if err == nil {
		err = mapRange("newgidmap", pid, os.Getegid(), gids)
	}
	return c.end(err)
}

func mapRange(program, pid string, id int, first string) error {
	out, err := exec.Command(program, pid, "0", strconv.Itoa(id), "1", "1", first, "1").CombinedOutput()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return refusal{fmt.Errorf("%s: %s: %w", program, strings.TrimSpace(string(out)), unix.EPERM)}
	}
	return verdict(program, err)
}

// subordinate returns this user's first range in a file like /etc/subuid, where a user is a name or a number (subuid(5)).
func subordinate(file string) (first, count int, err error) {
	text, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return 0, 0, err
	}
	users := userNames(os.Geteuid())
	for line := range strings.Lines(string(text)) {
		field := strings.Split(strings.TrimSpace(line), ":")
		if len(field) != 3 || !users[field[0]] {
			continue
		}
		first, e1 := strconv.Atoi(field[1])
		count, e2 := strconv.Atoi(field[2])
		if e1 == nil && e2 == nil && count > 0 {
			return first, count, nil
		}
	}
	return 0, 0, refusal{fmt.Errorf("%s: %w", file, errNoRange)}
}

// userNames returns the number of a user and its names in /etc/passwd.
func userNames(uid int) map[string]bool {
	number := strconv.Itoa(uid)
	names := map[string]bool{number: true}
	passwd, _ := os.ReadFile("/etc/passwd") // without it, only the number counts
	for line := range strings.Lines(string(passwd)) {
		if field := strings.Split(line, ":"); len(field) > 2 && field[2] == number {
			names[field[0]] = true
		}
	}
	return names
}
