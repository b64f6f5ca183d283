package supervisor

import (
	"os"

	"golang.org/x/sys/unix"
)

// heldSocket is the socket that a held call is about, taken over.
type heldSocket struct {
	*held
	number  int32 // the descriptor in the target
	fd      int   // our own
	replace bool  // our own is a new socket, which the target gets in place of its
}

// socketOf takes the target's socket over: the very one, whatever the target
// puts under that number meanwhile.
func (h *held) socketOf(fd int32) (*heldSocket, unix.Errno) {
	own, errno := h.takeOver(fd)
	if errno != 0 {
		return nil, errno
	}
	var st unix.Stat_t
	if err := unix.Fstat(own, &st); err != nil || st.Mode&unix.S_IFMT != unix.S_IFSOCK {
		unix.Close(own)
		return nil, unix.ENOTSOCK
	}
	return &heldSocket{held: h, number: fd, fd: own}, 0
}

func (k *heldSocket) close() { unix.Close(k.fd) }

// blocking does a call that may wait for another process. When the run ends,
// the socket is shut down, so that nobody waits on.
func (k *heldSocket) blocking(do func() error) error {
	if !k.s.waiting.add(k.fd) {
		return unix.ECONNABORTED
	}
	defer k.s.waiting.remove(k.fd)
	return do()
}

// result is the answer to the call; a new socket goes to the target with it.
func (k *heldSocket) result(a Answer) Answer {
	if !k.replace {
		return a
	}
	if a.kind == answerRefuse && a.errno != unix.EINPROGRESS {
		return a
	}
	own, err := unix.FcntlInt(uintptr(k.fd), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return Refuse(unix.EMFILE)
	}
	given := file(os.NewFile(uintptr(own), "socket"), k.closeOnExec())
	given.number, given.errno, given.value = int(k.number), a.errno, a.value
	return given
}

// foreign tells whether the socket belongs to another network namespace than
// the run's: a socket that was made here.
func (k *heldSocket) foreign() bool {
	if !k.s.Loopback {
		return false
	}
	if k.replace {
		return true
	}
	cookie, err := unix.GetsockoptUint64(k.fd, unix.SOL_SOCKET, unix.SO_NETNS_COOKIE)
	return err != nil || cookie != k.s.Netns
}

// moveOutside makes a socket of the same kind in the supervisor's own network
// namespace; it takes the place of the target's when the call succeeds.
func (k *heldSocket) moveOutside() unix.Errno {
	var kind [3]int
	for i, option := range []int{unix.SO_DOMAIN, unix.SO_TYPE, unix.SO_PROTOCOL} {
		v, err := unix.GetsockoptInt(k.fd, unix.SOL_SOCKET, option)
		if err != nil {
			return unix.ENOTSOCK
		}
		kind[i] = v
	}
	if kind[1] != unix.SOCK_STREAM && kind[1] != unix.SOCK_DGRAM {
		return unix.EACCES
	}
	flags, err := unix.FcntlInt(uintptr(k.fd), unix.F_GETFL, 0)
	if err != nil {
		return unix.EBADF
	}
	fd, err := unix.Socket(kind[0], kind[1]|unix.SOCK_CLOEXEC|flags&unix.O_NONBLOCK, kind[2])
	if err != nil {
		return unix.EACCES
	}
	copySocketOptions(fd, k.fd)
	unix.Close(k.fd)
	k.fd, k.replace = fd, true
	return 0
}

// copiedOptions are those that programs set before they connect.
var copiedOptions = [][2]int{
	{unix.SOL_SOCKET, unix.SO_KEEPALIVE}, {unix.SOL_SOCKET, unix.SO_REUSEADDR}, {unix.SOL_SOCKET, unix.SO_BROADCAST},
	{unix.IPPROTO_TCP, unix.TCP_NODELAY}, {unix.IPPROTO_TCP, unix.TCP_KEEPIDLE}, {unix.IPPROTO_TCP, unix.TCP_KEEPINTVL},
	{unix.IPPROTO_TCP, unix.TCP_KEEPCNT}, {unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT}, {unix.IPPROTO_IPV6, unix.IPV6_V6ONLY},
	{unix.IPPROTO_IP, unix.IP_RECVERR}, {unix.IPPROTO_IPV6, unix.IPV6_RECVERR},
}

func copySocketOptions(to, from int) {
	for _, o := range copiedOptions {
		if v, err := unix.GetsockoptInt(from, o[0], o[1]); err == nil {
			// An option of another kind of socket is refused: it was not set either.
			_ = unix.SetsockoptInt(to, o[0], o[1], v)
		}
	}
}

// closeOnExec tells whether the target's descriptor has FD_CLOEXEC.
func (k *heldSocket) closeOnExec() bool { return k.thread.CloseOnExec(int(k.number)) }
