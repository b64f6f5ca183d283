package features

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// noProgram is longer than PATH_MAX: to execute it fails with an errno that no earlier step of the child can give.
var noProgram = strings.Repeat("/", unix.PathMax+1)

// fork makes a child with the attributes and lets its exec fail, after everything else was done: clone, id mappings,
// unshare, private mounts. It returns what failed before. The package syscall collects the child.
func fork(attr *syscall.SysProcAttr) error {
	_, err := syscall.ForkExec(noProgram, []string{probeName}, &syscall.ProcAttr{Sys: attr})
	if errors.Is(err, unix.ENAMETOOLONG) {
		return nil
	}
	return err
}

// inUserNamespace asks for a child that is root in a user namespace of its own, and for more namespaces.
func inUserNamespace(flags uintptr) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{
		Cloneflags:  unix.CLONE_NEWUSER | flags,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Geteuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getegid(), Size: 1}},
	}
}

// withMounts also asks for a mount namespace, by unshare(2), after which the package syscall makes all mounts private:
// both need power in the user namespace, which CLONE_NEWNS with CLONE_NEWUSER does not.
func withMounts(attr *syscall.SysProcAttr) *syscall.SysProcAttr {
	attr.Unshareflags = unix.CLONE_NEWNS
	return attr
}

// canFork tells failures of fork itself from those of what was asked for.
func canFork() error {
	if err := fork(nil); err != nil {
		return fmt.Errorf("fork: %w", err)
	}
	return nil
}
