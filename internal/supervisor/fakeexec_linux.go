package supervisor

import (
	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/sys"
	"github.com/catbox-go/catbox/internal/target"
)

// fakeExec gives a process what a program makes of it: set-user-ID and
// set-group-ID that are noted, and what execve(2) does to ids and capabilities.
// The kernel executes the program, or says what is wrong with it.
func (r *receiver) fakeExec(h *held) (a Answer, done bool) {
	f, c := r.s.Fake, r.creds(h)
	if c == rootCreds && f.State.Len() == 0 {
		return Answer{}, false
	}
	arg := h.row.Paths()[0]
	path, errno := h.path(arg.Path)
	if errno != 0 {
		// The kernel says what is wrong. Or it can read what this user cannot: the
		// init is not dumpable, and without a user namespace its memory is closed.
		return Answer{}, false
	}
	l := h.lookup(arg, path)
	if errno := r.searchable(h, l); errno != 0 {
		return Refuse(errno), true
	}
	st, errno := r.s.view.Statx(l, statxMask)
	if errno != 0 {
		return Answer{}, false // the kernel says what is wrong
	}
	file := f.attributes(&st)
	if !c.may(file, mayExec) || file.isDir() {
		return Refuse(unix.EACCES), true
	}
	n := c.executing(file, func() bool { return r.isScript(l) })
	if !n.equal(c) {
		if errno := f.creds.set(h.thread, n); errno != 0 {
			return Refuse(errno), true
		}
	}
	return Answer{}, false
}

// executing are the credentials of a program that is executed (credentials(7),
// capabilities(7)). Scripts do not get those of their file, nor does anybody who
// has asked for no_new_privs.
func (c *creds) executing(file attributes, isScript func() bool) *creds {
	n := *c
	setuid := file.mode&unix.S_ISUID != 0
	setgid := file.mode&(unix.S_ISGID|unix.S_IXGRP) == unix.S_ISGID|unix.S_IXGRP
	fileCaps, caps := file.caps()
	if (setuid || setgid || caps) && (c.noNewPrivs || isScript()) {
		setuid, setgid, caps = false, false, false
	}
	if setuid {
		n.uid.effective = file.uid
	}
	if setgid {
		n.gid.effective = file.gid
	}
	if caps || n.uid.effective != n.uid.real || n.gid.effective != n.gid.real {
		n.ambient = 0
	}
	n.uid.saved, n.uid.fs = n.uid.effective, n.uid.effective
	n.gid.saved, n.gid.fs = n.gid.effective, n.gid.effective
	n.capsExecuting(fileCaps, caps)
	n.secure &^= secureKeepCaps
	return &n
}

// capsExecuting are the capabilities that go with the ids and the file's
// (capabilities(7), Transformation of capabilities during execve()). Root has
// those of its file, if it is root by being set-user-ID only.
func (c *creds) capsExecuting(file capabilities, has bool) {
	if !has {
		file = capabilities{}
	}
	if c.secure&secureNoRoot == 0 && !(has && c.uid.real != 0) {
		if c.uid.real == 0 || c.uid.effective == 0 {
			file.permitted, file.inherited = allCaps, allCaps
		}
		file.effective = file.effective || c.uid.effective == 0
	}
	c.permitted = file.permitted&c.bounding | file.inherited&c.inherited | c.ambient
	c.effective = c.ambient
	if file.effective {
		c.effective = c.permitted
	}
}

// isScript tells whether a file begins with "#!", as far as it can be read.
func (r *receiver) isScript(l target.Lookup) bool {
	fd, errno := r.s.view.OpenPath(l)
	if errno != 0 {
		return false
	}
	defer unix.Close(fd)
	file, err := unix.Open(sys.FDPath(fd), unix.O_RDONLY|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return false
	}
	defer unix.Close(file)
	var head [2]byte
	n, _ := unix.Pread(file, head[:], 0)
	return n == 2 && string(head[:]) == "#!"
}
