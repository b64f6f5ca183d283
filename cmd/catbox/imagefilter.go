package main

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/image"
	"github.com/catbox-go/catbox/internal/abi"
	"github.com/catbox-go/catbox/internal/seccomp"
	"github.com/catbox-go/catbox/internal/sys"
)

// callFilter is what the image's isolators let through of system calls, beside what
// the run's own filter does: the stricter counts (seccomp(2)). Each list is
// the errno of what is refused, or "kill", a colon, and names with commas.
type callFilter struct{ retain, remove []string }

// kill stands for the end of the process by SIGSYS.
const kill = "kill"

// callList writes an isolator's set as a list.
func callList(s *image.Seccomp) (string, error) {
	if !s.Retain && slices.Contains(s.Calls, "execve") {
		return "", errors.New("without execve the command itself cannot be started")
	}
	refused := either(s.Errno, kill)
	if _, err := verdict(refused); err != nil {
		return "", err
	}
	return refused + ":" + strings.Join(s.Calls, ","), nil
}

// verdict is what refused calls are answered with.
func verdict(refused string) (seccomp.Verdict, error) {
	if refused == kill {
		return seccomp.Kill, nil
	}
	for n := unix.Errno(1); n < 4096; n++ { // MAX_ERRNO
		if unix.ErrnoName(n) == refused {
			return seccomp.Errno(n), nil
		}
	}
	if refused == "ENOTSUP" { // errno(3): the same as EOPNOTSUPP
		return seccomp.Errno(unix.ENOTSUP), nil
	}
	return 0, fmt.Errorf("%q is no error number of this system", refused)
}

// exec executes the program with the filter on it.
func (f *callFilter) exec(path string, args, env []string) error {
	prog, err := f.program()
	switch {
	case err != nil:
		return err
	case prog == nil:
		return syscall.Exec(path, args, env)
	}
	runtime.LockOSThread()
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return os.NewSyscallError("prctl PR_SET_NO_NEW_PRIVS", err)
	}
	return sys.FilterAndExec(prog, path, args, env)
}

// program is nil if there are no lists. Of several lists the first that is about a
// call decides.
func (f *callFilter) program() ([]unix.SockFilter, error) {
	if len(f.retain)+len(f.remove) == 0 {
		return nil, nil
	}
	var rules []seccomp.Rule
	for _, kind := range []struct {
		lists []string
		rules func([]string, seccomp.Verdict) []seccomp.Rule
	}{{f.remove, seccomp.Remove}, {f.retain, seccomp.Retain}} {
		for _, list := range kind.lists {
			refused, names, _ := strings.Cut(list, ":")
			do, err := verdict(refused)
			if err != nil {
				return nil, err
			}
			rules = append(rules, kind.rules(strings.Split(names, ","), do)...)
		}
	}
	return seccomp.Compile(abi.Native(), rules)
}
