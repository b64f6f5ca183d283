package features

import "syscall"

var userNamespaces = Feature{
	Name:    "user namespaces",
	Purpose: "isolate without root: a namespace in which this user may mount",
	probe:   probeUserNamespaces,
	hints:   userNamespaceHints,
}

var userNamespaceHints = []hint{
	{sysctl: "kernel.apparmor_restrict_unprivileged_userns", holds: "1",
		say: "install an AppArmor profile for catbox with the rule \"userns,\", or sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"},
	{sysctl: "kernel.unprivileged_userns_clone", holds: "0", say: "sysctl -w kernel.unprivileged_userns_clone=1"},
	{sysctl: "user.max_user_namespaces", holds: "0", say: "sysctl -w user.max_user_namespaces=15000"},
	{cause: syscall.ENOSPC, say: "too many user namespaces exist or they are nested too deep: raise sysctl user.max_user_namespaces"},
	{cause: syscall.EINVAL, say: "the kernel needs CONFIG_USER_NS"},
	{container: true, say: containerHint},
	{cause: syscall.EPERM, say: "a seccomp filter, a security module or a chroot forbids it: user_namespaces(7), ERRORS of clone(2)"},
}

// UserNamespaces makes a user namespace, maps this user to root in it, and uses the power that this gives: a mount
// namespace in it and a change of mount propagation. Ubuntu's AppArmor restriction lets the namespace be made and then
// refuses that.
func UserNamespaces() error { return userNamespaces.Probe() }

var mountNamespaces = Feature{
	Name:    "mount namespaces",
	Purpose: "a view of the file system of its own",
	probe:   probeMountNamespaces,
	hints:   append([]hint{{sysctl: "user.max_mnt_namespaces", holds: "0", say: "sysctl -w user.max_mnt_namespaces=15000"}}, userNamespaceHints...),
}

// MountNamespaces makes a mount namespace in a user namespace, and sees that open_tree, move_mount and mount_setattr
// (Linux 5.12) reach the kernel. [ReadOnlyMounts] does what a run does with them, at the price of a program start.
func MountNamespaces() error { return mountNamespaces.Probe() }

var pidNamespaces = namespaceFeature("pid namespaces", "processes outside are not there; none outlives the run", "user.max_pid_namespaces", probePIDNamespaces)

// PIDNamespaces makes a pid namespace in a user namespace.
func PIDNamespaces() error { return pidNamespaces.Probe() }

var ipcNamespaces = namespaceFeature("ipc namespaces", "no shared memory or message queue reaches out", "user.max_ipc_namespaces", probeIPCNamespaces)

// IPCNamespaces makes an ipc namespace in a user namespace.
func IPCNamespaces() error { return ipcNamespaces.Probe() }

var utsNamespaces = namespaceFeature("uts namespaces", "a host name that is the same everywhere", "user.max_uts_namespaces", probeUTSNamespaces)

// UTSNamespaces makes a uts namespace in a user namespace.
func UTSNamespaces() error { return utsNamespaces.Probe() }

var netNamespaces = namespaceFeature("network namespaces", "no network", "user.max_net_namespaces", probeNetNamespaces)

// NetNamespaces makes a network namespace in a user namespace.
func NetNamespaces() error { return netNamespaces.Probe() }

var cgroupNamespaces = namespaceFeature("cgroup namespaces", "the place in the cgroup tree is not seen", "user.max_cgroup_namespaces", probeCgroupNamespaces)

// CgroupNamespaces makes a cgroup namespace in a user namespace.
func CgroupNamespaces() error { return cgroupNamespaces.Probe() }

// allNamespaces is no feature of its own: see [Tier].
var allNamespaces = Feature{Name: "namespaces together", probe: probeAllNamespaces}

func namespaceFeature(name, purpose, limit string, probe func() error) Feature {
	return Feature{Name: name, Purpose: purpose, probe: probe, limit: limit, more: userNamespaceHints}
}
