package supervisor

import (
	"os"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/abi"
	"github.com/catbox-go/catbox/internal/sys"
	"github.com/catbox-go/catbox/internal/target"
	"github.com/catbox-go/catbox/policy"
	"github.com/catbox-go/catbox/record"
)

// Mediation: the supervisor does the call on descriptors that it has pinned and
// decided on. Nothing here continues a call.

// pinned is a call with its paths pinned and judged.
type pinned struct {
	*held
	places []target.Place
	fd     int // the call's own descriptor, taken over from the target; -1 if none
	input  input
	creds  *creds // what the process believes to be, under a fake root
}

// mediateWrite does a call of the class Write.
func (r *receiver) mediateWrite(h *held) Answer {
	r.passLead()
	call := changes[h.row.Change]
	if call.do == nil {
		return Refuse(unix.ENOSYS)
	}
	p := &pinned{held: h, fd: -1}
	defer p.close()
	if call.read != nil {
		if errno, nothing := call.read(p); errno != 0 {
			return Refuse(errno)
		} else if nothing {
			return Return(0)
		}
	}
	if a, refused := p.pin(); refused {
		return a
	}
	var a Answer
	if err := h.asTarget(func() { a = call.do(p) }); err != nil {
		return Refuse(unix.EACCES)
	}
	return a
}

func (p *pinned) close() {
	for i := range p.places {
		p.places[i].Close()
	}
	if p.fd >= 0 {
		unix.Close(p.fd)
	}
}

// pin opens what the call is about, and refuses what the policy does not allow.
func (p *pinned) pin() (Answer, bool) {
	for _, arg := range p.row.Paths() {
		if p.namesDescriptor(arg) {
			return p.pinDescriptor(p.held.fd(arg.Dir))
		}
		if a, refused := p.pinPath(arg); refused {
			return a, true
		}
	}
	if i := p.row.Arg(abi.FD); i >= 0 {
		return p.pinDescriptor(p.held.fd(i))
	}
	if len(p.places) == 2 && p.placesDenied(p.places[0], p.places[1]) {
		return p.violation(act{op: record.Write, canonical: p.places[1].Canonical})
	}
	return Answer{}, false
}

func (p *pinned) pinPath(arg abi.PathArg) (Answer, bool) {
	path, errno := p.path(arg.Path)
	if errno != 0 {
		return Refuse(errno), true
	}
	if path == "" && p.emptyIsDescriptor(arg) {
		return p.pinDescriptor(p.held.fd(arg.Dir))
	}
	if p.creds != nil && p.s.anyWrite && arg.Role != abi.Entry && p.row.Change != abi.HardLink {
		return p.pinFile(arg, path)
	}
	l := p.lookup(arg, path)
	l.Pin = true
	place, errno := p.s.view.Resolve(l)
	if errno != 0 {
		return Refuse(errno), true
	}
	p.places = append(p.places, place)
	if !p.valid() {
		return Refuse(unix.ESRCH), true
	}
	if p.leads(place) {
		return Answer{}, false
	}
	if a, refused := p.judgePlace(arg, path, place); refused {
		return a, true
	}
	if p.unnames() && mountPoint(place) {
		return Refuse(unix.EBUSY), true
	}
	if arg.Role == abi.Entry {
		return Answer{}, false
	}
	return p.usable(place)
}

// unnames tells whether the call takes a name from what has it.
func (h *held) unnames() bool { return h.row.Change == abi.Rename || h.row.Change == abi.Unlink }

// mountPoint tells whether something is mounted at a pinned place of the run. The
// kernel says EBUSY to a process that sees the mount (rename(2)). To the supervisor,
// which does not, it would do the call and take the mount away (since Linux 3.18,
// commit 8ed936b5671b).
func mountPoint(place target.Place) bool {
	var st unix.Statx_t
	return place.File >= 0 && unix.Statx(place.File, "", unix.AT_EMPTY_PATH, 0, &st) == nil && st.Attributes&unix.STATX_ATTR_MOUNT_ROOT != 0
}

// usable refuses what the call cannot act on. It is found out before another
// path is looked at, as the kernel does.
func (p *pinned) usable(place target.Place) (Answer, bool) {
	switch {
	case !place.Exists:
		return Refuse(unix.ENOENT), true
	case place.Slash && !p.s.view.IsDir(place):
		return Refuse(unix.ENOTDIR), true
	}
	return Answer{}, false
}

// leads tells whether the call makes a directory on the way to a path that may
// be written and does not exist yet.
func (p *pinned) leads(place target.Place) bool {
	return p.row.Change == abi.Mkdir && !place.Exists &&
		p.s.Policy.LeadsTo(policy.Write, place.Canonical) && !p.s.Policy.Hidden(place.Canonical)
}

// pinDescriptor takes the target's descriptor over: the very one that it has
// now, whatever it puts under that number later.
func (p *pinned) pinDescriptor(fd int32) (Answer, bool) {
	own, errno := p.takeOver(fd)
	if errno != 0 {
		return Refuse(errno), true
	}
	p.fd = own
	if flags, err := unix.FcntlInt(uintptr(own), unix.F_GETFL, 0); err != nil || flags&unix.O_PATH != 0 {
		return Refuse(unix.EBADF), true // open(2): no such descriptor for calls that change the file
	}
	canonical, errno := p.s.view.PathOf(own)
	if errno != 0 {
		return Refuse(errno), true
	}
	if p.s.mayWrite(canonical) || p.s.givenFD(own) {
		return Answer{}, false
	}
	return p.violation(act{op: record.Write, canonical: canonical})
}

// takeOver duplicates a descriptor of the target.
func (h *held) takeOver(fd int32) (int, unix.Errno) {
	if fd < 0 {
		return -1, unix.EBADF
	}
	pidfd, err := unix.PidfdOpen(int(h.thread), unix.PIDFD_THREAD)
	if err == unix.EINVAL { // before Linux 6.9 only a process has one
		pidfd, err = unix.PidfdOpen(h.process(), 0)
	}
	if err != nil {
		return -1, unix.ESRCH
	}
	defer unix.Close(pidfd)
	if !h.valid() {
		return -1, unix.ESRCH
	}
	own, err := unix.PidfdGetfd(pidfd, int(fd), 0)
	if err != nil {
		errno, _ := err.(unix.Errno)
		return -1, errno
	}
	return own, 0
}

func (s *Supervisor) givenFD(fd int) bool {
	var st unix.Stat_t
	return unix.Fstat(fd, &st) == nil && s.given[FileID{st.Dev, st.Ino}]
}

// asTarget does something with the target's umask, and as root with the
// target's identity and capabilities: in the run, root is not as mighty as
// here, and may have become somebody else.
func (h *held) asTarget(do func()) error {
	status, errno := h.thread.Status()
	if errno != 0 {
		return errno
	}
	unix.Umask(int(status.Umask)) // of this thread alone: see prepareThread
	if os.Getuid() == 0 && (status.FSUID != 0 || status.FSGID != 0) {
		return withIDs(status, func() error { return withCaps(status.Caps, do) })
	}
	return withCaps(status.Caps, do)
}

// withCaps does something without the capabilities that are not among caps:
// else a root without CAP_MKNOD would have a device made for it.
func withCaps(caps uint64, do func()) error {
	own, err := sys.Caps()
	if err != nil {
		return err
	}
	if own&^caps == 0 {
		do()
		return nil
	}
	if err := sys.SetCaps(own&caps, own, 0); err != nil {
		return err
	}
	do()
	return sys.SetCaps(own, own, 0)
}

func withIDs(status target.Status, do func() error) error {
	groups, err := os.Getgroups()
	if err != nil {
		return err
	}
	if err := sys.SetGroups(status.Groups); err != nil {
		return err
	}
	sys.SetFSIDs(status.FSUID, status.FSGID)
	err = do()
	sys.SetFSIDs(uint32(os.Getuid()), uint32(os.Getgid()))
	own := make([]uint32, len(groups))
	for i, g := range groups {
		own[i] = uint32(g)
	}
	if e := sys.SetGroups(own); e != nil {
		return e
	}
	return err
}
