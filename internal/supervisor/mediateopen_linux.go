package supervisor

import (
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/sys"
	"github.com/catbox-go/catbox/internal/target"
	"github.com/catbox-go/catbox/policy"
)

// mediateOpen opens the file here and hands it over.
func (r *receiver) mediateOpen(h *held, o opening) Answer {
	r.passLead()
	if o.flags&unix.O_PATH != 0 {
		return h.openPath(o)
	}
	if o.onlyReads() && !h.s.Mounts && h.s.Policy.Restricts(policy.Read) {
		return Refuse(unix.ENOSYS) // Landlock holds what may be read, and does not bind the supervisor
	}
	if errno := h.createsDirectory(o); errno != 0 {
		return Refuse(errno)
	}
	// A symbolic link put in the way between the look and the open is followed
	// by looking again, as often as the kernel follows links.
	for range 40 {
		a, again := r.openOnce(h, o)
		if !again {
			return a
		}
	}
	return Refuse(unix.ELOOP)
}

// openPath is for O_PATH: such a descriptor cannot be handed over (ADDFD gives
// EBADF), and is none to read or write by.
func (h *held) openPath(o opening) Answer {
	if o.how {
		return h.unmade()
	}
	return Continue() // wall: none is needed, the flag is in a register
}

// unmade is the answer to an openat2 that cannot be made here. It is left to the
// kernel where there are walls; else its flags, which are in memory, could be
// others by now. Programs take the plain open where there is no openat2.
func (h *held) unmade() Answer {
	if !h.s.mediatesWrites() {
		return Continue() // wall: read-only mounts and Landlock; a fake root is none
	}
	return Refuse(unix.ENOSYS)
}

// onlyReads tells whether it is an open that a plain call would have left to the kernel.
func (o *opening) onlyReads() bool { return o.how && !o.writes() }

// ownOf tells whether what is pinned is what it is whoever opens it: not so
// devices (/dev/tty) and what procfs shows of namespaces and other processes.
func (h *held) ownOf(p target.Place) bool {
	var st unix.Stat_t
	if err := unix.Fstat(p.File, &st); err != nil {
		return false
	}
	kind := st.Mode & unix.S_IFMT
	return kind != unix.S_IFCHR && kind != unix.S_IFBLK && h.ownsProc(p)
}

// createsDirectory gives the error for O_CREAT with a slash at the path's end,
// which the kernel gives without looking whether there is anything of the name.
func (h *held) createsDirectory(o opening) unix.Errno {
	if o.flags&unix.O_CREAT == 0 || !strings.HasSuffix(o.path, "/") {
		return 0
	}
	l := h.openLookup(o)
	l.Entry, l.Pin = true, true
	place, errno := h.s.view.Resolve(l)
	if errno != 0 {
		return errno
	}
	defer place.Close()
	if place.Name == "." || place.Name == ".." {
		return 0
	}
	return unix.EISDIR
}

func (r *receiver) openOnce(h *held, o opening) (a Answer, again bool) {
	l := h.openLookup(o)
	l.Pin = true
	place, errno := h.s.view.Resolve(l)
	if errno != 0 {
		h.unresolved(o, errno)
		return Refuse(errno), false
	}
	defer place.Close()
	if !h.valid() {
		return Refuse(unix.ESRCH), false
	}
	if a, refused := h.judgeOpen(o, place); refused {
		return a, false
	}
	if o.onlyReads() && place.Exists && !h.ownOf(place) {
		return h.unmade(), false
	}
	if o.fake != nil {
		if errno := o.fake.permits(o.flags, place); errno != 0 {
			return Refuse(errno), false
		}
	}
	var fd int
	var err error
	if e := h.asTarget(func() { fd, err = openPlace(h, o, place) }); e != nil {
		return Refuse(unix.EACCES), false
	}
	switch {
	case err == unix.EEXIST && o.flags&unix.O_EXCL == 0:
		return Answer{}, true
	case err != nil:
		return done(err), false
	}
	f := os.NewFile(uintptr(fd), place.Canonical)
	if o.fake != nil && (!place.Exists || o.temporary()) {
		if errno := o.fake.made(fd, place.Canonical, uint32(o.mode)); errno != 0 {
			f.Close()
			return Refuse(errno), false
		}
	}
	return file(f, o.flags&unix.O_CLOEXEC != 0), false
}

// openPlace opens what is pinned, or creates it in the directory that is.
func openPlace(h *held, o opening, p target.Place) (int, error) {
	flags := int(o.flags) | unix.O_CLOEXEC | unix.O_NOCTTY
	if o.fake != nil {
		o.mode = o.mode&^specialBits | 0600
	}
	if !p.Exists {
		if o.flags&unix.O_CREAT == 0 {
			return -1, unix.ENOENT
		}
		// O_EXCL: there is nothing, so far; what is put there now is looked at anew.
		return unix.Openat(p.Dir, p.Name, flags|unix.O_EXCL, uint32(o.mode))
	}
	var st unix.Stat_t
	if err := unix.Fstat(p.File, &st); err != nil {
		return -1, err
	}
	kind := st.Mode & unix.S_IFMT
	if !h.ownsProc(p) {
		return -1, unix.EACCES
	}
	switch {
	case o.temporary():
		return unix.Open(sys.FDPath(p.File), flags&^unix.O_NOFOLLOW, uint32(o.mode))
	case o.flags&unix.O_CREAT != 0 && o.flags&unix.O_EXCL != 0 && !o.temporary():
		return -1, unix.EEXIST
	case kind == unix.S_IFLNK && o.flags&unix.O_PATH == 0:
		return -1, unix.ELOOP
	case kind == unix.S_IFDIR && o.flags&unix.O_CREAT != 0:
		return -1, unix.EISDIR
	case kind != unix.S_IFDIR && p.Slash:
		return -1, unix.ENOTDIR
	}
	flags &^= unix.O_CREAT | unix.O_EXCL | unix.O_NOFOLLOW
	if a, is := o.fake.device(p.File); is {
		return openDevice(a, flags)
	}
	if kind == unix.S_IFIFO && o.flags&unix.O_NONBLOCK == 0 {
		return openFIFO(h, p.File, flags)
	}
	return unix.Open(sys.FDPath(p.File), flags, 0)
}

// ownsProc is false for a file of procfs that is not of the target's own
// process: procfs asks for the rights of who opens it (ptrace(2)), and the
// supervisor may open the memory of the run's init, which has capabilities.
func (h *held) ownsProc(p target.Place) bool {
	var fs unix.Statfs_t
	if err := unix.Fstatfs(p.File, &fs); err != nil {
		return false
	}
	if fs.Type != unix.PROC_SUPER_MAGIC {
		return true
	}
	status, errno := h.thread.Status()
	return errno == 0 && strings.HasPrefix(p.Canonical, "/proc/"+strconv.Itoa(status.NSTgid)+"/")
}

// openFIFO opens a FIFO that has no other end yet, without blocking here: the
// target may die while it waits, and then nobody waits any more.
func openFIFO(h *held, pinned, flags int) (int, error) {
	if flags&unix.O_ACCMODE == unix.O_RDONLY {
		return openFIFOReader(h, pinned, flags)
	}
	for pause := time.Millisecond; ; pause = min(2*pause, 50*time.Millisecond) {
		fd, err := unix.Open(sys.FDPath(pinned), flags|unix.O_NONBLOCK, 0)
		if err == nil {
			return fd, unix.SetNonblock(fd, false)
		}
		if err != unix.ENXIO { // ENXIO: nobody reads yet
			return -1, err
		}
		if !h.valid() {
			return -1, unix.ESRCH
		}
		time.Sleep(pause)
	}
}

// openFIFOReader waits for a writer by poll: POLLHUP until there was one.
func openFIFOReader(h *held, pinned, flags int) (int, error) {
	fd, err := unix.Open(sys.FDPath(pinned), flags|unix.O_NONBLOCK, 0)
	if err != nil {
		return -1, err
	}
	fds := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
	for h.valid() {
		n, err := unix.Poll(fds, 20)
		if err == nil && n > 0 && fds[0].Revents != 0 {
			return fd, unix.SetNonblock(fd, false)
		}
		if err != nil && err != unix.EINTR {
			break
		}
	}
	unix.Close(fd)
	return -1, unix.ESRCH
}
