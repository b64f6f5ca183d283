package supervisor

import (
	"encoding/binary"
	"os"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/internal/abi"
	"github.com/catbox-go/catbox/internal/sys"
	"github.com/catbox-go/catbox/record"
)

// maxSend is how much is sent in one call; of a stream the rest is the
// program's to send, as after any short write. No datagram is as long.
const maxSend = 1 << 20

// outgoing is a message to be sent: a copy of what the program gave.
type outgoing struct {
	addr    sockaddr
	data    []byte
	control []byte
	fds     []int // taken over from the target, to be passed on
	flags   int
}

func (m *outgoing) close() {
	for _, fd := range m.fds {
		unix.Close(fd)
	}
}

// sendto decides about sendto with an address.
func (r *receiver) sendto(h *held) Answer {
	var m outgoing
	var errno unix.Errno
	if m.addr, errno = h.readSockaddr(h.pointer(4), uint32(h.args[5])); errno != 0 {
		return Refuse(errno)
	}
	m.data = make([]byte, min(h.pointer(2), maxSend))
	if errno := h.thread.Read(h.pointer(1), m.data); errno != 0 {
		return Refuse(errno)
	}
	m.flags = int(h.flags(3))
	return h.send(h.fd(0), &m)
}

// send judges the message's destination and sends it.
func (h *held) send(fd int32, m *outgoing) Answer {
	sock, errno := h.socketOf(fd)
	if errno != 0 {
		return Refuse(errno)
	}
	defer sock.close()
	to := plainPeer(nil)
	if len(m.addr.raw) > 0 {
		var a Answer
		var refused bool
		if to, a, refused = sock.peer(m.addr, record.Connect); refused {
			return a
		}
	}
	defer to.close()
	if !h.valid() {
		return Refuse(unix.ESRCH)
	}
	var n int
	err := sock.blocking(func() (err error) {
		// SIGPIPE would be ours; the program gets EPIPE and, below, its signal.
		n, err = sys.SendMessage(sock.fd, to.raw, m.data, m.control, m.flags|unix.MSG_NOSIGNAL)
		return err
	})
	if err != nil {
		if err == unix.EPIPE && m.flags&unix.MSG_NOSIGNAL == 0 && sock.stream() {
			unix.Tgkill(h.process(), int(h.thread), unix.SIGPIPE)
		}
		return done(err)
	}
	return sock.result(Return(int64(n)))
}

func (k *heldSocket) stream() bool {
	typ, err := unix.GetsockoptInt(k.fd, unix.SOL_SOCKET, unix.SO_TYPE)
	return err == nil && typ == unix.SOCK_STREAM
}

// sendmsg decides about sendmsg: the address is in memory, so that every one is sent here.
func (r *receiver) sendmsg(h *held) Answer {
	m, errno := h.readMessage(h.pointer(1))
	if errno != 0 {
		return Refuse(errno)
	}
	defer m.close()
	m.flags = int(h.flags(2))
	return h.send(h.fd(0), m)
}

// sendmmsg sends one message after the other, until one fails.
func (r *receiver) sendmmsg(h *held) Answer {
	l := h.layout()
	count := min(int(h.flags(2)), 1024) // UIO_MAXIOV
	for i := range count {
		at := h.pointer(1) + uint64(i*l.mmsghdr)
		a := r.sendOne(h, at)
		if a.kind != answerReturn {
			if i > 0 {
				return Return(int64(i))
			}
			return a
		}
		length := binary.NativeEndian.AppendUint32(nil, uint32(a.value))
		if errno := h.thread.Write(at+uint64(l.msghdr), length); errno != 0 {
			return Refuse(errno)
		}
	}
	return Return(int64(count))
}

func (r *receiver) sendOne(h *held, at uint64) Answer {
	m, errno := h.readMessage(at)
	if errno != 0 {
		return Refuse(errno)
	}
	defer m.close()
	m.flags = int(h.flags(3))
	a := h.send(h.fd(0), m)
	if a.kind == answerFile { // a socket in place of another: the next call uses it
		a.file.Close()
		return Refuse(unix.EACCES)
	}
	return a
}

// layout is where the members of struct msghdr are, by the size of a pointer.
type layout struct {
	word            int
	msghdr, mmsghdr int
}

func (h *held) layout() layout {
	if h.arch == abi.I386 {
		return layout{4, 28, 32}
	}
	return layout{8, 56, 64}
}

// word reads a pointer or size_t of the target's structures.
func (l layout) read(b []byte, i int) uint64 {
	if l.word == 4 {
		return uint64(native32(b[4*i:]))
	}
	return native64(b[8*i:])
}

// readMessage copies a message: struct msghdr, the address, the data, the control part.
func (h *held) readMessage(at uint64) (*outgoing, unix.Errno) {
	l := h.layout()
	hdr := make([]byte, l.msghdr)
	if errno := h.thread.Read(at, hdr); errno != 0 {
		return nil, errno
	}
	m := &outgoing{}
	name, size := l.read(hdr, 0), native32(hdr[l.word:])
	if name != 0 && size != 0 {
		var errno unix.Errno
		if m.addr, errno = h.readSockaddr(name, min(size, maxSockaddr)); errno != 0 {
			return nil, errno
		}
	}
	if errno := h.readVector(m, l, l.read(hdr, 2), l.read(hdr, 3)); errno != 0 {
		return nil, errno
	}
	return m, h.readControl(m, l, l.read(hdr, 4), l.read(hdr, 5))
}

// readVector gathers the data of an array of struct iovec.
func (h *held) readVector(m *outgoing, l layout, at, count uint64) unix.Errno {
	if count > 1024 {
		return unix.EMSGSIZE
	}
	vector := make([]byte, int(count)*2*l.word)
	if errno := h.thread.Read(at, vector); errno != 0 {
		return errno
	}
	for i := range int(count) {
		base, length := l.read(vector, 2*i), l.read(vector, 2*i+1)
		length = min(length, uint64(maxSend-len(m.data)))
		part := make([]byte, length)
		if errno := h.thread.Read(base, part); errno != 0 {
			return errno
		}
		m.data = append(m.data, part...)
	}
	return 0
}

// maxControl is more than any program has to say beside the data.
const maxControl = 20 << 10

// readControl makes the control part anew: descriptors are taken over from the
// target, as the numbers in it are the target's.
func (h *held) readControl(m *outgoing, l layout, at, size uint64) unix.Errno {
	if at == 0 || size == 0 {
		return 0
	}
	if size > maxControl {
		return unix.ENOBUFS
	}
	raw := make([]byte, size)
	if errno := h.thread.Read(at, raw); errno != 0 {
		return errno
	}
	head := l.word + 8 // cmsg_len, cmsg_level, cmsg_type
	for len(raw) >= head {
		length := l.read(raw, 0)
		if length < uint64(head) || length > uint64(len(raw)) {
			return unix.EINVAL
		}
		level, typ := native32(raw[l.word:]), native32(raw[l.word+4:])
		if errno := h.addControl(m, level, typ, raw[head:length]); errno != 0 {
			m.close()
			m.fds = nil
			return errno
		}
		next := (int(length) + l.word - 1) &^ (l.word - 1)
		raw = raw[min(next, len(raw)):]
	}
	return 0
}

func (h *held) addControl(m *outgoing, level, typ uint32, data []byte) unix.Errno {
	if level == unix.SOL_SOCKET && typ == unix.SCM_CREDENTIALS {
		// The kernel takes them from the sender, which is this process: its
		// own are the only ones that it may name.
		creds := unix.UnixCredentials(&unix.Ucred{Pid: int32(os.Getpid()), Uid: uint32(os.Getuid()), Gid: uint32(os.Getgid())})
		m.control = append(m.control, creds...)
		return 0
	}
	if level != unix.SOL_SOCKET || typ != unix.SCM_RIGHTS {
		m.control = append(m.control, controlMessage(level, typ, data)...)
		return 0
	}
	first := len(m.fds)
	for i := 0; i+4 <= len(data); i += 4 {
		fd, errno := h.takeOver(int32(native32(data[i:])))
		if errno != 0 {
			return errno
		}
		m.fds = append(m.fds, fd)
	}
	m.control = append(m.control, unix.UnixRights(m.fds[first:]...)...)
	return 0
}

func controlMessage(level, typ uint32, data []byte) []byte {
	b := make([]byte, unix.CmsgSpace(len(data)))
	binary.NativeEndian.PutUint64(b, uint64(unix.CmsgLen(len(data))))
	binary.NativeEndian.PutUint32(b[8:], level)
	binary.NativeEndian.PutUint32(b[12:], typ)
	copy(b[unix.CmsgLen(0):], data)
	return b
}
