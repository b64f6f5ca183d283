package fakeroot

import "golang.org/x/sys/unix"

// IDOf is the identity of the inode with a status, which has to have been asked
// for its birth time.
func IDOf(st *unix.Statx_t) ID {
	id := ID{Dev: unix.Mkdev(st.Dev_major, st.Dev_minor), Ino: st.Ino}
	if st.Mask&unix.STATX_BTIME != 0 {
		id.Birth = st.Btime.Sec*1e9 + int64(st.Btime.Nsec)
	}
	return id
}

// At returns the inode that an entry's path leads to, for [State.Clean]. What
// cannot be looked at is not gone.
func At(e Entry) (ID, bool) {
	var st unix.Statx_t
	switch err := unix.Statx(unix.AT_FDCWD, e.Path, unix.AT_SYMLINK_NOFOLLOW, unix.STATX_INO|unix.STATX_BTIME, &st); err {
	case nil:
		return IDOf(&st), true
	case unix.ENOENT, unix.ENOTDIR:
		return ID{}, false
	}
	return e.ID, true
}

// ToPath moves an entry to the inode that its path leads to, if there is one.
func ToPath(e *Entry) {
	if id, there := At(*e); there && e.Path != "" {
		e.ID = id
	}
}
