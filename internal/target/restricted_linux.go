package target

import (
	"strings"

	"golang.org/x/sys/unix"
)

// scoped are the restrictions of openat2(2) that are about where a whole path
// leads. The others are about each step of it, and kept on each by the walk.
const scoped = unix.RESOLVE_BENEATH | unix.RESOLVE_IN_ROOT

// resolveCached is RESOLVE_CACHED, which x/sys lacks (linux/openat2.h).
const resolveCached = 0x20

// eachStep are the restrictions that the kernel itself keeps on a step.
const eachStep = unix.RESOLVE_NO_XDEV | resolveCached

// resolveScoped resolves a path that stays at and below base, all of it by the
// kernel at once: whatever is moved meanwhile, it leads nowhere else (EAGAIN
// where the kernel cannot tell). Only what a link holds whose target is not
// there yet is put in its place here, and all resolved again.
func (v *View) resolveScoped(base int, l Lookup) (Place, unix.Errno) {
	for range maxLinks + 1 {
		p, on, errno := v.scopedOnce(base, l)
		if errno != 0 || on == "" {
			return p, errno
		}
		l.Path = on
	}
	return none, unix.ELOOP
}

// scopedOnce returns the place, or the path by which to go on.
func (v *View) scopedOnce(base int, l Lookup) (p Place, on string, errno unix.Errno) {
	dir, name, slash := split(l.Path)
	p = Place{Dir: -1, File: -1, Name: name, Slash: slash}
	if !l.Entry {
		fd, errno := openRestricted(base, l.Path, noFollow(l), l.Resolve)
		if errno == 0 {
			p, errno = v.found(fd, p, l.Pin)
			return p, "", errno
		}
		if errno != unix.ENOENT || name == "." || name == ".." {
			return p, "", errno
		}
	}
	if dir == "" {
		dir = "."
	}
	parent, errno := openRestricted(base, dir, unix.O_DIRECTORY, l.Resolve)
	if errno != 0 {
		return p, "", errno
	}
	file, err := unix.Openat(parent, name, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	switch {
	case err != nil && err != unix.ENOENT:
		unix.Close(parent)
		return p, "", toErrno(err)
	case err != nil || l.Entry:
		p.Exists = err == nil
		return v.scopedName(parent, file, p, l.Pin)
	}
	unix.Close(parent)
	defer unix.Close(file)
	on, errno = scopedOn(file, dir, l)
	return p, on, errno
}

// scopedName fills in the place of a name in the open directory, which it keeps
// or closes.
func (v *View) scopedName(dir, file int, p Place, pin bool) (Place, string, unix.Errno) {
	if !pin {
		if p.Exists {
			unix.Close(file)
		}
		p, errno := v.inDirectory(dir, p)
		return p, "", errno
	}
	parent, errno := v.pathOf(dir)
	p.Dir, p.Canonical = dir, strings.TrimSuffix(parent, "/")+"/"+p.Name
	if p.Exists {
		p.File = file
	}
	return p, "", errno
}

// scopedOn is the path with what a link holds in place of its last component.
// What is there although it was not a moment ago is looked at anew.
func scopedOn(file int, dir string, l Lookup) (string, unix.Errno) {
	if !isLink(file) {
		return l.Path, 0
	}
	buf := make([]byte, unix.PathMax)
	n, err := unix.Readlinkat(file, "", buf)
	switch {
	case err != nil:
		return "", toErrno(err)
	case n == 0:
		return "", unix.ENOENT
	}
	content := string(buf[:n])
	if l.Path[len(l.Path)-1] == '/' {
		content += "/"
	}
	if content[0] == '/' {
		return content, 0 // from the base, or EXDEV: the kernel knows
	}
	return dir + "/" + content, 0
}

func noFollow(l Lookup) uint64 {
	if l.Follow {
		return 0
	}
	return unix.O_NOFOLLOW
}

// openRestricted is openat2(2) as it was asked for. EAGAIN, in the end, is for who
// asked: any rename of the host makes it once, and what is not cached for good.
func openRestricted(base int, name string, flags, resolve uint64) (fd int, errno unix.Errno) {
	how := unix.OpenHow{Flags: unix.O_PATH | unix.O_CLOEXEC | flags, Resolve: resolve}
	for range 16 {
		var err error
		fd, err = unix.Openat2(base, name, &how)
		errno = toErrnoOrNil(err)
		if errno != unix.EINTR && (errno != unix.EAGAIN || resolve&resolveCached != 0) {
			break
		}
	}
	return fd, errno
}

// step opens a component, with the restrictions that the kernel keeps on it.
func (w *walker) step(name string, flags uint64) (int, unix.Errno) {
	if w.l.Resolve&eachStep != 0 {
		return openRestricted(w.cur, name, flags, w.l.Resolve&eachStep)
	}
	fd, err := unix.Openat(w.cur, name, int(flags)|unix.O_PATH|unix.O_CLOEXEC, 0)
	return fd, toErrnoOrNil(err)
}

// forbids tells whether links of a kind are not to be followed (openat2(2)).
func (w *walker) forbids(magic bool) bool {
	return w.l.Resolve&unix.RESOLVE_NO_SYMLINKS != 0 || magic && w.l.Resolve&unix.RESOLVE_NO_MAGICLINKS != 0
}

// toRoot goes to the thread's root, which may be on another mount. To the kernel
// it is, as long as the lookup has not met it: by being absolute, or by a ".."
// (nd_jump_root(), which compares before set_root()).
func (w *walker) toRoot() unix.Errno {
	if w.l.Resolve&unix.RESOLVE_NO_XDEV != 0 && !(w.met && sameMount(w.cur, w.root.fd)) {
		return unix.EXDEV
	}
	root, err := unix.FcntlInt(uintptr(w.root.fd), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return toErrno(err)
	}
	w.enter(root)
	return 0
}

// sameMount tells whether two files are on one mount, as far as that is known (Linux 5.8).
func sameMount(a, b int) bool {
	var s, t unix.Statx_t
	const mask = unix.STATX_MNT_ID
	return unix.Statx(a, "", unix.AT_EMPTY_PATH, mask, &s) == nil && unix.Statx(b, "", unix.AT_EMPTY_PATH, mask, &t) == nil &&
		s.Mask&t.Mask&mask != 0 && s.Mnt_id == t.Mnt_id
}
