package features

import (
	"errors"
	"fmt"
	"slices"
	"syscall"

	"golang.org/x/sys/unix"
)

func probeUserNamespaces() error {
	if fork(withMounts(inUserNamespace(0))) == nil {
		return nil
	}
	if err := canFork(); err != nil {
		return err
	}
	if err := fork(inUserNamespace(0)); err != nil {
		return limited("create and map", err, "user.max_user_namespaces")
	}
	return verdict("mount namespace inside", fork(withMounts(inUserNamespace(0))))
}

func probeMountNamespaces() error {
	if err := needsUserNamespace(); err != nil {
		return err
	}
	if err := fork(withMounts(inUserNamespace(0))); err != nil {
		return limited("create", err, "user.max_mnt_namespaces")
	}
	return mountCallsReachKernel()
}

// mountCallsReachKernel makes the new mount calls with a bad argument, and expects the kernel's complaint about it.
// move_mount looks at privilege first, which this process need not have outside of the namespace.
func mountCallsReachKernel() error {
	_, tree := unix.OpenTree(-1, "x", unix.OPEN_TREE_CLOEXEC)
	set := unix.MountSetattr(-1, "x", ^uint(0), &unix.MountAttr{})
	move := unix.MoveMount(-1, "x", -1, "x", 0)
	return errors.Join(
		complains("open_tree", tree, unix.EBADF),
		complains("mount_setattr", set, unix.EINVAL),
		complains("move_mount", move, unix.EBADF, unix.EPERM))
}

func complains(call string, err error, want ...error) error {
	if slices.Contains(want, err) {
		return nil
	}
	return verdictOrNoEffect(call, err)
}

func probePIDNamespaces() error { return probeNamespace(unix.CLONE_NEWPID, "user.max_pid_namespaces") }
func probeIPCNamespaces() error { return probeNamespace(unix.CLONE_NEWIPC, "user.max_ipc_namespaces") }
func probeUTSNamespaces() error { return probeNamespace(unix.CLONE_NEWUTS, "user.max_uts_namespaces") }
func probeNetNamespaces() error { return probeNamespace(unix.CLONE_NEWNET, "user.max_net_namespaces") }
func probeCgroupNamespaces() error {
	return probeNamespace(unix.CLONE_NEWCGROUP, "user.max_cgroup_namespaces")
}

func probeNamespace(flag uintptr, limit string) error {
	err := fork(inUserNamespace(flag))
	if err == nil {
		return nil
	}
	if err := needsUserNamespace(); err != nil {
		return err
	}
	return limited("create", err, limit)
}

func probeAllNamespaces() error {
	err := fork(withMounts(inUserNamespace(unix.CLONE_NEWPID | unix.CLONE_NEWIPC | unix.CLONE_NEWUTS | unix.CLONE_NEWNET)))
	if err != nil {
		return verdict("create", err)
	}
	return mountCallsReachKernel()
}

// needsUserNamespace blames user namespaces for what cannot be had without them.
func needsUserNamespace() error {
	if err := remember(userNamespaces.Name, userNamespaces.probe); err != nil {
		return fmt.Errorf("needs user namespaces: %w", err)
	}
	return nil
}

// limited is verdict for a namespace whose number is limited: a limit of 0 is a conclusive no, a limit that is reached
// is not.
func limited(step string, err error, limit string) error {
	if errors.Is(err, syscall.ENOSPC) && sysctl(limit) == "0" {
		return refusal{fmt.Errorf("%s: %s is 0: %w", step, limit, err)}
	}
	return verdict(step, err)
}

// verdictOrNoEffect is for an act that must fail, and did not or did so in the wrong way.
func verdictOrNoEffect(step string, err error) error {
	if err == nil {
		return noEffect(step, nil)
	}
	return verdict(step, err)
}
