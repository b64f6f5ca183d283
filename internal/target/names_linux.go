package target

import (
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// nameInParent opens the directory above dir and finds dir's name there.
func nameInParent(dir int) (name string, parent int, errno unix.Errno) {
	var st unix.Stat_t
	if err := unix.Fstat(dir, &st); err != nil {
		return "", -1, toErrno(err)
	}
	if st.Mode&unix.S_IFMT != unix.S_IFDIR {
		return "", -1, unix.ENAMETOOLONG // a file's directory cannot be told from the file alone
	}
	parent, err := unix.Openat(dir, "..", unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return "", -1, toErrno(err)
	}
	list, err := unix.Openat(parent, ".", unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		unix.Close(parent)
		return "", -1, toErrno(err)
	}
	f := os.NewFile(uintptr(list), "..")
	defer f.Close()
	entries, _ := f.ReadDir(-1)
	for _, e := range entries {
		var child unix.Stat_t
		if unix.Fstatat(parent, e.Name(), &child, unix.AT_SYMLINK_NOFOLLOW) == nil && child.Dev == st.Dev && child.Ino == st.Ino {
			return e.Name(), parent, 0
		}
	}
	unix.Close(parent)
	return "", -1, unix.ENOENT
}

// self is what the link /proc/self or /proc/thread-self holds for the thread:
// ids in the pid namespace of the /proc that it sees.
func (t Thread) self(name string) (string, unix.Errno) {
	if t == 0 {
		return "", unix.ESRCH
	}
	s, errno := t.Status()
	if errno != 0 {
		return "", errno
	}
	tgid := strconv.Itoa(s.NSTgid)
	if name == "self" {
		return tgid, 0
	}
	return tgid + "/task/" + strconv.Itoa(s.NSPid), 0
}
