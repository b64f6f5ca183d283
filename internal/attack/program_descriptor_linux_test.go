//go:build amd64

package attack

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

func itoa(n int) string { return strconv.Itoa(n) }

// descriptorPrograms use what they were given, or should not have been given.
var descriptorPrograms = map[string]program{
	// Standard input is a file of the target that can only be read.
	"stdin-reopen-proc": func(target) error { return scribble(unix.Open("/proc/self/fd/0", unix.O_WRONLY|unix.O_APPEND, 0)) },
	"stdin-reopen-dev":  func(target) error { return scribble(unix.Open("/dev/stdin", unix.O_RDWR, 0)) },
	"stdin-truncate":    func(target) error { return unix.Truncate("/proc/self/fd/0", 1) },
	"stdin-fchmod":      func(target) error { return unix.Fchmod(0, 0o600) },
	"stdin-chmod":       func(target) error { return unix.Chmod("/dev/fd/0", 0o600) },
	"stdin-futimens":    func(target) error { _, err := call(unix.SYS_UTIMENSAT, 0, uintptr(0), timespecs(), 0); return err },
	"stdin-fsetxattr":   func(target) error { return unix.Fsetxattr(0, "user.b", []byte("2"), 0) },
	// Standard input is the target directory.
	"stdin-openat":   func(target) error { return scribble(unix.Openat(0, "f", unix.O_WRONLY, 0)) },
	"stdin-creat":    func(target) error { return scribble(unix.Openat(0, "new", unix.O_CREAT|unix.O_WRONLY, 0o600)) },
	"stdin-unlinkat": func(target) error { return unix.Unlinkat(0, "f", 0) },
	"stdin-fchdir": func(target) error {
		if err := unix.Fchdir(0); err != nil {
			return err
		}
		return scribble(unix.Open("f", unix.O_WRONLY, 0))
	},
	"stdin-mkdirat":  func(target) error { return unix.Mkdirat(0, "new", 0o755) },
	"stdin-fchmodat": func(target) error { return unix.Fchmodat(0, "f", 0o600, 0) },

	"inherited-list": listDescriptors,
	"inherited-use":  useDescriptors,
}

// listDescriptors succeeds if there is a descriptor that was not meant to be. The
// Go runtime's own are anonymous inodes (epoll, eventfd) and the limits of the
// control group.
func listDescriptors(target) error {
	var found []string
	for _, fd := range inherited() {
		link, err := os.Readlink("/proc/self/fd/" + itoa(fd))
		if err == nil && !slices.Contains([]string{"anon_inode:[eventpoll]", "anon_inode:[eventfd]"}, link) && !strings.HasPrefix(link, "/sys/fs/cgroup/") {
			found = append(found, link)
		}
	}
	if len(found) == 0 {
		return errors.New("only 0, 1 and 2 are open")
	}
	fmt.Println(found[:min(len(found), 5)])
	return nil
}

func inherited() []int {
	dir, err := unix.Open("/proc/self/fd", unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	must(err)
	f := os.NewFile(uintptr(dir), "fd")
	defer f.Close()
	names, err := f.Readdirnames(-1)
	must(err)
	var fds []int
	for _, name := range names {
		if fd := atoi(name); fd > 2 && fd != dir {
			fds = append(fds, fd)
		}
	}
	return fds
}

// useDescriptors writes by whatever is open.
func useDescriptors(t target) error {
	worked := errors.New("none could be used")
	for _, fd := range inherited() {
		if scribble(unix.Openat(fd, "f", unix.O_WRONLY, 0)) == nil {
			worked = nil
		}
		if _, err := unix.Pwrite(fd, []byte("hacked"), 0); err == nil {
			worked = nil
		}
	}
	return worked
}
