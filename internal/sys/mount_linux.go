package sys

import (
	"golang.org/x/sys/unix"
)

// OpenTree opens a path, or with unix.OPEN_TREE_CLONE a copy of the mount
// there that is not attached anywhere (open_tree(2), Linux 5.2).
func OpenTree(dirfd int, path string, flags uint) (int, error) {
	fd, err := unix.OpenTree(dirfd, path, flags)
	return fd, wrap("open_tree", err)
}

// MoveMount attaches what fromfd holds at topath (move_mount(2)).
func MoveMount(fromfd int, topath string) error {
	return wrap("move_mount", unix.MoveMount(fromfd, "", unix.AT_FDCWD, topath, unix.MOVE_MOUNT_F_EMPTY_PATH))
}

// MoveMountFD attaches what fromfd holds on the file that tofd is open on.
func MoveMountFD(fromfd, tofd int) error {
	return wrap("move_mount", unix.MoveMount(fromfd, "", tofd, "", unix.MOVE_MOUNT_F_EMPTY_PATH|unix.MOVE_MOUNT_T_EMPTY_PATH))
}

// MountSetattr sets and clears attributes of a mount, and of all below it with
// unix.AT_RECURSIVE in flags (mount_setattr(2), Linux 5.12).
func MountSetattr(dirfd int, path string, flags uint, set, clear uint64) error {
	attr := unix.MountAttr{Attr_set: set, Attr_clr: clear}
	return wrap("mount_setattr", unix.MountSetattr(dirfd, path, flags, &attr))
}

// NewMount makes a mount of a file system of the given type that is not
// attached anywhere; options are key and value, a value of "" being a flag
// (fsopen(2), fsconfig(2), fsmount(2)). attr holds MOUNT_ATTR_ bits.
func NewMount(fstype string, attr int, options ...[2]string) (int, error) {
	fs, err := unix.Fsopen(fstype, unix.FSOPEN_CLOEXEC)
	if err != nil {
		return -1, wrap("fsopen", err)
	}
	defer unix.Close(fs)
	for _, o := range options {
		if o[1] == "" {
			err = unix.FsconfigSetFlag(fs, o[0])
		} else {
			err = unix.FsconfigSetString(fs, o[0], o[1])
		}
		if err != nil {
			return -1, wrap("fsconfig", err)
		}
	}
	if err := unix.FsconfigCreate(fs); err != nil {
		return -1, wrap("fsconfig", err)
	}
	fd, err := unix.Fsmount(fs, unix.FSMOUNT_CLOEXEC, attr)
	return fd, wrap("fsmount", err)
}
