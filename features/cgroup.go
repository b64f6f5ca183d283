package features

import (
	"errors"
	"syscall"
)

var (
	errCgroupV1 = errors.New("the controller is on cgroup v1")
	errNoRange  = errors.New("no range for this user")
)

var cgroupHints = []hint{
	{cause: syscall.EBUSY, say: "start catbox in a cgroup of its own: systemd-run --user --scope -p Delegate=yes catbox ..."},
	{cause: errCgroupV1, say: "boot with systemd.unified_cgroup_hierarchy=1, so that the controllers are on cgroup v2"},
	{container: true, say: "podman run --cgroups=split, or docker run --cgroupns=private with a writable /sys/fs/cgroup"},
	{say: "systemd-run --user --scope -p Delegate=yes catbox ...; other controllers: systemctl edit user@.service, Delegate=cpu cpuset io memory pids"},
}

// Where a process is in the tree of cgroups can change, so these two are not remembered.
var (
	cgroupMemory = Feature{Name: "cgroup memory", Purpose: "--limit mem=", probe: probeCgroupMemory, hints: cgroupHints}
	cgroupPids   = Feature{Name: "cgroup pids", Purpose: "--limit procs=", probe: probeCgroupPids, hints: cgroupHints}
)

// CgroupMemory makes a cgroup below the one that this process is in, and sets its memory limit. Where it cannot be had,
// the error says why: cgroup v1, not delegated, no permission, or processes in the way (EBUSY).
// Unlike other answers, this one is not remembered.
func CgroupMemory() error { return cgroupMemory.Probe() }

// CgroupPids is [CgroupMemory] for the number of processes.
func CgroupPids() error { return cgroupPids.Probe() }

var newuidmap = Feature{
	Name:    "newuidmap",
	Purpose: "fake root mode subuid: a range of ids in a user namespace",
	probe:   probeNewuidmap,
	hints: []hint{
		{cause: syscall.ENOENT, say: "install newuidmap and newgidmap (package uidmap or shadow-utils)"},
		{cause: errNoRange, say: "usermod --add-subuids 100000-165535 --add-subgids 100000-165535 USER"},
		{cause: syscall.EPERM, say: "newuidmap must be setuid root or have the capability cap_setuid, on a file system without nosuid, and no_new_privs must not be set"},
	},
}

// Newuidmap maps a range of this user's subordinate ids (subuid(5), subgid(5)) into a user namespace by newuidmap(1)
// and newgidmap(1).
func Newuidmap() error { return newuidmap.Probe() }
