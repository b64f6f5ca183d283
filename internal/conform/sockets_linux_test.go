package conform

import (
	"encoding/binary"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

func init() {
	programs["unix sockets"] = unixSocketsProgram
	programs["abstract"] = func(r *recorder) { r.abstract() }
	programs["internet"] = internetProgram
}

// sockaddrUn is the address of a unix socket, as long as given.
func sockaddrUn(path string, length int) shown {
	b := make([]byte, 200)
	binary.NativeEndian.PutUint16(b, unix.AF_UNIX)
	copy(b[2:], path)
	return shown{fmt.Sprintf("unix(%q, %d)", path, length), b[:max(length, 1)]}
}

func unixSocketsProgram(r *recorder) {
	for _, typ := range []int{unix.SOCK_STREAM, unix.SOCK_DGRAM, unix.SOCK_SEQPACKET} {
		for _, path := range []string{"sock", "./dir/sock", "dirlink/sock", "missing/sock", "file", "dangling", "sock/", ".", "/proc/self/cwd/sock", strings.Repeat("s", 107), strings.Repeat("s", 108)} {
			r.enterCell()
			fd := socket(typ)
			length := min(2+len(path)+1, 110)
			addr := sockaddrUn(path, length)
			_, errno := invoke("bind", fd, addr, length)
			r.note(text("bind", typ, addr), errnoText(errno))
			if errno == 0 {
				name, _ := unix.Getsockname(fd)
				r.plain(text("getsockname", typ, path), name.(*unix.SockaddrUnix).Name)
				r.exchange(fd, typ, addr, length)
			}
			unix.Close(fd)
		}
	}
	r.enterCell()
	for _, length := range []int{0, 1, 2, 3, 109, 110, 111, 128, 129, -1} {
		for _, name := range []string{"bind", "connect"} {
			fd := socket(unix.SOCK_DGRAM)
			addr := sockaddrUn("nobody", length)
			_, errno := invoke(name, fd, addr, length)
			r.plain(text(name, addr, length), errnoText(errno))
			unix.Close(fd)
		}
		_ = unix.Unlink("nobody")
	}
	for _, name := range []string{"bind", "connect"} {
		for _, p := range badPointers() {
			fd := socket(unix.SOCK_STREAM)
			_, errno := invoke(name, fd, p, 110)
			if !strings.HasPrefix(p.name, "after") {
				r.plain(text(name, p), errnoText(errno))
			}
			unix.Close(fd)
		}
		for _, fd := range []int{-1, 900, 1} {
			_, errno := invoke(name, fd, sockaddrUn("x", 10), 10)
			r.plain(text(name, fd), errnoText(errno))
		}
	}
	for _, path := range []string{"missing", "file", "dir", "dangling", "loop", "fifo", ""} {
		fd := socket(unix.SOCK_STREAM)
		_, errno := invoke("connect", fd, sockaddrUn(path, len(path)+3), len(path)+3)
		r.plain("connect "+path, errnoText(errno))
		unix.Close(fd)
	}
	r.clean = nil
	r.pair()
}

func socket(typ int) int {
	fd, err := unix.Socket(unix.AF_UNIX, typ|unix.SOCK_CLOEXEC, 0)
	must(err)
	return fd
}

// exchange connects to a bound socket and sends over it, in every way.
func (r *recorder) exchange(server, typ int, addr shown, length int) {
	client := socket(typ)
	defer unix.Close(client)
	if typ == unix.SOCK_DGRAM {
		for _, c := range []call{{"sendto", []any{client, shown{"word", []byte("word")}, 4, 0, addr, length}}, {"sendto", []any{client, shown{"word", []byte("word")}, 4, unix.MSG_DONTWAIT, addr, 1}}} {
			n, errno := invoke(c.name, c.args...)
			r.plain(text(c.name, c.args[1:]...), result(n, errno))
		}
		r.received(server)
	} else {
		must(unix.Listen(server, 1))
	}
	_, errno := invoke("connect", client, addr, length)
	r.plain(text("connect", typ, addr), errnoText(errno))
	if errno != 0 {
		return
	}
	peer := server
	if typ != unix.SOCK_DGRAM {
		var err error
		peer, _, err = unix.Accept4(server, unix.SOCK_CLOEXEC)
		must(err)
		defer unix.Close(peer)
	}
	r.sendWith(client, peer)
	credentials, err := unix.GetsockoptUcred(client, unix.SOL_SOCKET, unix.SO_PEERCRED)
	if err == nil && typ != unix.SOCK_DGRAM {
		r.plain("SO_PEERCRED", fmt.Sprint(int(credentials.Pid) == os.Getpid(), int(credentials.Uid) == os.Getuid()))
	}
	credentials, err = unix.GetsockoptUcred(peer, unix.SOL_SOCKET, unix.SO_PEERCRED)
	if err == nil && typ != unix.SOCK_DGRAM {
		r.plain("SO_PEERCRED of the client", fmt.Sprint(int(credentials.Pid) == os.Getpid(), int(credentials.Uid) == os.Getuid()))
	}
	_, errno = invoke("connect", client, addr, length)
	r.plain("connect again", errnoText(errno))
}

// sendWith passes data and descriptors over a connection.
func (r *recorder) sendWith(from, to int) {
	n, err := unix.SendmsgN(from, []byte("plain"), nil, nil, 0)
	r.plain("sendmsg", fmt.Sprint(n, errText(err)))
	r.received(to)
	f, err := os.Open("file")
	must(err)
	defer f.Close()
	n, err = unix.SendmsgN(from, []byte("rights"), unix.UnixRights(int(f.Fd()), int(f.Fd())), nil, 0)
	r.plain("sendmsg SCM_RIGHTS", fmt.Sprint(n, errText(err)))
	r.received(to)
	_, err = unix.SendmsgN(from, []byte("bad"), unix.UnixRights(900), nil, 0)
	r.plain("sendmsg SCM_RIGHTS of a closed descriptor", errText(err))
	r.sendMany(from, to)
}

// received notes a message and what came with it.
func (r *recorder) received(fd int) {
	buf, oob := make([]byte, 100), make([]byte, 200)
	n, oobn, flags, _, err := unix.Recvmsg(fd, buf, oob, unix.MSG_DONTWAIT|unix.MSG_CMSG_CLOEXEC)
	got := fmt.Sprintf("%q %s flags %#x", buf[:max(n, 0)], errText(err), flags&^unix.MSG_CMSG_CLOEXEC)
	messages, _ := unix.ParseSocketControlMessage(oob[:max(oobn, 0)])
	for _, m := range messages {
		fds, _ := unix.ParseUnixRights(&m)
		for _, fd := range fds {
			got += fmt.Sprintf(" [%s]", describe(fd))
			unix.Close(fd)
		}
	}
	r.plain("recvmsg", got)
}

// sendMany sends by sendmmsg, of which the last message is no good.
func (r *recorder) sendMany(from, to int) {
	var vector []byte
	for _, word := range []string{"one", "two", "three"} {
		data := []byte(word)
		iov := longs("", int64(pointerTo(data)), int64(len(data))).data
		vector = append(vector, longs("", 0, 0, int64(pointerTo(iov)), 1, 0, 0, 0, 0).data...)
	}
	for _, count := range []int{0, 2, 3, 1} {
		n, errno := invoke("sendmmsg", from, shown{"messages", vector}, count, 0)
		lengths := ""
		for i := range 3 {
			lengths += fmt.Sprint(" ", binary.NativeEndian.Uint32(vector[64*i+56:]))
		}
		r.plain(text("sendmmsg", count), result(n, errno)+lengths)
		time.Sleep(time.Millisecond)
		for range count {
			r.received(to)
		}
	}
	for _, p := range badPointers() {
		if p.name != "NULL" && !strings.HasPrefix(p.name, "kernel") {
			continue
		}
		_, errno := invoke("sendmsg", from, p, 0)
		r.plain(text("sendmsg", p), errnoText(errno))
		_, errno = invoke("sendmmsg", from, p, 2, 0)
		r.plain(text("sendmmsg", p), errnoText(errno))
	}
}

func (r *recorder) abstract() {
	r.enterCell()
	name := fmt.Sprintf("\x00conform-%d", os.Getpid())
	server := socket(unix.SOCK_DGRAM)
	addr := sockaddrUn(name, 2+len(name))
	addr.name = "abstract"
	_, errno := invoke("bind", server, addr, 2+len(name))
	r.plain("bind abstract", errnoText(errno))
	client := socket(unix.SOCK_DGRAM)
	_, errno = invoke("connect", client, addr, 2+len(name))
	r.plain("connect abstract", errnoText(errno))
	if errno == 0 {
		r.sendWith(client, server)
	}
	unix.Close(client)
	unix.Close(server)
}

func (r *recorder) pair() {
	for _, typ := range []int{unix.SOCK_STREAM, unix.SOCK_DGRAM, unix.SOCK_SEQPACKET} {
		pair, err := unix.Socketpair(unix.AF_UNIX, typ|unix.SOCK_CLOEXEC, 0)
		must(err)
		r.plain("socketpair", typ)
		r.sendWith(pair[0], pair[1])
		unix.Close(pair[1])
		_, err = unix.SendmsgN(pair[0], []byte("x"), nil, nil, unix.MSG_NOSIGNAL)
		r.plain("nobody there", errText(err))
		unix.Close(pair[0])
	}
}

func internetProgram(r *recorder) {
	for _, network := range []string{"tcp4", "tcp6"} {
		l, err := net.Listen(network, map[string]string{"tcp4": "127.0.0.1:0", "tcp6": "[::1]:0"}[network])
		if err != nil {
			r.plain(network, errText(err))
			continue
		}
		c, err := net.DialTimeout(network, l.Addr().String(), 5*time.Second)
		r.plain(network+" connect", errText(err))
		if err == nil {
			s, err := l.Accept()
			must(err)
			_, err = c.Write([]byte("word"))
			must(err)
			buf := make([]byte, 10)
			n, err := s.Read(buf)
			r.plain(network, fmt.Sprintf("%q %s", buf[:n], errText(err)))
			c.Close()
			s.Close()
		}
		address := l.Addr().String()
		l.Close()
		_, err = net.DialTimeout(network, address, 5*time.Second)
		r.plain(network+" nobody listens", errText(err))
	}
	r.nonblocking()
	r.datagrams()
}

// nonblocking connects without waiting (connect(2): EINPROGRESS).
func (r *recorder) nonblocking() {
	l, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		r.plain("socket", errText(err))
		return
	}
	defer unix.Close(l)
	r.plain("bind", errText(unix.Bind(l, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}})))
	must(unix.Listen(l, 1))
	name, err := unix.Getsockname(l)
	must(err)
	c, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	must(err)
	defer unix.Close(c)
	r.plain("connect without waiting", errText(unix.Connect(c, name)))
	fds := []unix.PollFd{{Fd: int32(c), Events: unix.POLLOUT}}
	n, err := unix.Poll(fds, 5000)
	r.plain("poll", fmt.Sprint(n, errText(err), fds[0].Revents))
	value, err := unix.GetsockoptInt(c, unix.SOL_SOCKET, unix.SO_ERROR)
	r.plain("SO_ERROR", fmt.Sprint(value, errText(err)))
	r.plain("connect again", errText(unix.Connect(c, name)))
	r.plain("and again", errText(unix.Connect(c, name)))
}

func (r *recorder) datagrams() {
	s, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		r.plain("udp", errText(err))
		return
	}
	defer s.Close()
	c, err := net.ListenPacket("udp4", "127.0.0.1:0")
	must(err)
	defer c.Close()
	n, err := c.WriteTo([]byte("datagram"), s.LocalAddr())
	r.plain("sendto", fmt.Sprint(n, errText(err)))
	must(s.SetReadDeadline(time.Now().Add(5 * time.Second)))
	buf := make([]byte, 20)
	n, from, err := s.ReadFrom(buf)
	r.plain("recvfrom", fmt.Sprintf("%q %s %v", buf[:n], errText(err), from != nil && from.String() == c.LocalAddr().String()))
}
