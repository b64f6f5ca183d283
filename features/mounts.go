package features

import "syscall"

var tmpfs = Feature{
	Name:    "tmpfs in a user namespace",
	Purpose: "an empty writable place: /tmp, /dev, --tmpfs",
	probe:   probeTmpfs,
	hints:   userNamespaceHints,
}

// Tmpfs mounts a tmpfs in a user namespace and writes a file there.
func Tmpfs() error { return tmpfs.Probe() }

var readOnlyMounts = Feature{
	Name:    "recursive read-only mounts",
	Purpose: "the host's whole tree at /, read-only",
	probe:   probeReadOnlyMounts,
	hints:   append([]hint{{cause: syscall.ENOSYS, say: "needs Linux 5.12 and a seccomp filter that lets mount_setattr, open_tree and move_mount pass"}}, userNamespaceHints...),
}

// ReadOnlyMounts clones the tree at / with everything mounted below it, makes the clone read-only, and finds that no
// file can be made in it.
func ReadOnlyMounts() error { return readOnlyMounts.Probe() }

var overlay = Feature{
	Name:    "overlayfs in a user namespace",
	Purpose: "--overlay and --hide: changes go to a layer of their own, files can be hidden by whiteouts",
	probe:   probeOverlay,
	hints: []hint{
		{cause: syscall.ENODEV, say: "modprobe overlay; the kernel needs CONFIG_OVERLAY_FS"},
		{cause: syscall.EINVAL, say: "overlayfs in a user namespace needs Linux 5.11"},
	},
	more: userNamespaceHints,
}

// Overlay mounts an overlay in a user namespace, hides a file by a whiteout made beforehand, and removes another.
func Overlay() error { return overlay.Probe() }

var fuseOverlay = Feature{
	Name:    "fuse-overlayfs",
	Purpose: "--overlay where the kernel's overlayfs cannot be had",
	probe:   probeFUSEOverlay,
	hints: []hint{
		{cause: syscall.ENOENT, say: "install fuse-overlayfs and fusermount3 (package fuse3); /dev/fuse needs modprobe fuse"},
		{cause: syscall.EACCES, say: "chmod 0666 /dev/fuse, as most distributions have it"},
		{container: true, say: "podman run --device /dev/fuse"},
		{say: "fusermount3 must be setuid root, on a file system without nosuid, and no_new_privs must not be set"},
	},
}

// FUSEOverlay mounts an overlay by fuse-overlayfs(1) and removes a file in it.
func FUSEOverlay() error { return fuseOverlay.Probe() }

var freshProc = Feature{
	Name:    "proc mount",
	Purpose: "a /proc that shows the processes of the run only",
	probe:   probeFreshProc,
	hints: []hint{
		{container: true, cause: syscall.EPERM, say: "parts of this container's /proc are covered, so the kernel allows no fresh one: docker run --security-opt systempaths=unconfined, podman run --security-opt unmask=ALL"},
	},
	more: userNamespaceHints,
}

// FreshProc mounts proc in a pid namespace. The kernel refuses where the /proc outside is partly covered, as containers
// do (mount_too_revealing in fs/namespace.c).
func FreshProc() error { return freshProc.Probe() }

var loopback = Feature{
	Name:    "loopback in a network namespace",
	Purpose: "--net isolated: tests can talk to their own servers",
	probe:   probeLoopback,
	hints:   userNamespaceHints,
}

// Loopback brings lo up in a network namespace and makes a TCP connection over it.
func Loopback() error { return loopback.Probe() }
