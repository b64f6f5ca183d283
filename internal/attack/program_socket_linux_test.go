//go:build amd64

package attack

import (
	"errors"
	"os"
	"path/filepath"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// socketPrograms talk to those outside. The listeners of the tests count.
var socketPrograms = map[string]program{
	"unix-connect": func(t target) error { return unixTo(unix.SOCK_STREAM, t.Unix, unix.Connect) },
	"unix-relative": func(t target) error {
		must(os.Chdir(filepath.Dir(t.Unix)))
		return unixTo(unix.SOCK_STREAM, filepath.Base(t.Unix), unix.Connect)
	},
	"unix-symlink": func(t target) error {
		must(os.Symlink(t.Unix, t.scratch("sock")))
		return unixTo(unix.SOCK_STREAM, t.scratch("sock"), unix.Connect)
	},
	"unix-dgram-connect": func(t target) error {
		fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM, 0)
		must(err)
		if err := unix.Connect(fd, &unix.SockaddrUnix{Name: t.Dgram}); err != nil {
			return err
		}
		_, err = unix.Write(fd, []byte("x"))
		return err
	},
	"unix-sendto": func(t target) error {
		fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM, 0)
		must(err)
		return unix.Sendto(fd, []byte("x"), 0, &unix.SockaddrUnix{Name: t.Dgram})
	},
	"unix-sendmsg": func(t target) error {
		fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM, 0)
		must(err)
		return unix.Sendmsg(fd, []byte("x"), nil, &unix.SockaddrUnix{Name: t.Dgram}, 0)
	},
	"unix-sendmmsg": func(t target) error { return sendmmsg(t.Dgram) },
	"unix-send-file": func(t target) error { // to an accomplice, who has it when the run is over
		fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM, 0)
		must(err)
		out, err := unix.Open(t.scratch("output"), unix.O_CREAT|unix.O_RDWR, 0o644)
		must(err)
		return unix.Sendmsg(fd, []byte("x"), unix.UnixRights(out), &unix.SockaddrUnix{Name: t.Dgram}, 0)
	},
	"unix-abstract": func(t target) error { return abstract(t) },

	"tcp-connect": func(t target) error {
		return tcp(t, 0, func(fd, port int) error { return unix.Connect(fd, loopback(port)) })
	},
	"tcp-fastopen": func(t target) error {
		return tcp(t, 0, func(fd, port int) error { return unix.Sendto(fd, []byte("x"), unix.MSG_FASTOPEN, loopback(port)) })
	},
	"tcp-fastopen-sendmsg": func(t target) error {
		return tcp(t, 0, func(fd, port int) error { return unix.Sendmsg(fd, []byte("x"), nil, loopback(port), unix.MSG_FASTOPEN) })
	},
	"tcp-fastopen-connect": func(t target) error {
		return tcp(t, 0, func(fd, port int) error {
			if err := unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_FASTOPEN_CONNECT, 1); err != nil {
				return err
			}
			if err := unix.Connect(fd, loopback(port)); err != nil {
				return err
			}
			_, err := unix.Write(fd, []byte("x"))
			return err
		})
	},
	"tcp-mptcp": func(t target) error {
		return tcp(t, 262, func(fd, port int) error { return unix.Connect(fd, loopback(port)) })
	},
	"udp-send": func(t target) error {
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM, 0)
		if err != nil {
			return err
		}
		return unix.Sendto(fd, []byte("x"), 0, loopback(t.Port))
	},
}

func unixTo(typ int, path string, do func(int, unix.Sockaddr) error) error {
	fd, err := unix.Socket(unix.AF_UNIX, typ, 0)
	if err != nil {
		return err
	}
	err = do(fd, &unix.SockaddrUnix{Name: path})
	time.Sleep(5 * time.Millisecond)
	unix.Close(fd)
	return err
}

func abstract(t target) error {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM, 0)
	must(err)
	if t.Benign {
		own, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM, 0)
		must(err)
		if err := unix.Bind(own, &unix.SockaddrUnix{Name: "@attack-own"}); err != nil {
			return err
		}
		return unix.Sendto(fd, []byte("x"), 0, &unix.SockaddrUnix{Name: "@attack-own"})
	}
	return unix.Sendto(fd, []byte("x"), 0, &unix.SockaddrUnix{Name: "@attack-" + itoa(t.Key)})
}

// rawUnix is struct sockaddr_un.
type rawUnix struct {
	family uint16
	path   [108]byte
}

func sendmmsg(path string) error {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM, 0)
	must(err)
	addr := &rawUnix{family: unix.AF_UNIX}
	copy(addr.path[:], path)
	data := []byte("x")
	vector := &unix.Iovec{Base: &data[0], Len: 1}
	type mmsghdr struct {
		hdr    unix.Msghdr
		length uint32
		_      [4]byte
	}
	var m [2]mmsghdr
	for i := range m {
		m[i].hdr = unix.Msghdr{Name: (*byte)(unsafe.Pointer(addr)), Namelen: uint32(2 + len(path) + 1), Iov: vector, Iovlen: 1}
	}
	n, err := call(unix.SYS_SENDMMSG, fd, unsafe.Pointer(&m[0]), 2, 0)
	if err == nil && n != 2 {
		err = errors.New("not both were sent")
	}
	return err
}

func loopback(port int) unix.Sockaddr {
	return &unix.SockaddrInet4{Port: port, Addr: [4]byte{127, 0, 0, 1}}
}

// tcp connects to the listener outside, or for the benign twin to its own.
func tcp(t target, protocol int, do func(fd, port int) error) error {
	port := t.Port
	if t.Benign {
		var err error
		if port, err = listenTCP(); err != nil {
			return err
		}
		protocol = 0
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, protocol)
	if err != nil {
		return err
	}
	err = do(fd, port)
	time.Sleep(5 * time.Millisecond)
	return err
}

func listenTCP() (int, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
	if err != nil {
		return 0, err
	}
	if err := errors.Join(unix.Bind(fd, loopback(0)), unix.Listen(fd, 5)); err != nil {
		return 0, err
	}
	addr, err := unix.Getsockname(fd)
	if err != nil {
		return 0, err
	}
	return addr.(*unix.SockaddrInet4).Port, nil
}

// raceConnect: the path in a socket's address changes after the look at it.
func raceConnect(t target) error {
	good := t.scratch("own.sock")
	own, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	must(err)
	must(unix.Bind(own, &unix.SockaddrUnix{Name: good}))
	must(unix.Listen(own, 128))
	go func() {
		for {
			if fd, _, err := unix.Accept(own); err == nil {
				unix.Close(fd)
			}
		}
	}()
	var a, b rawUnix
	a.family, b.family = unix.AF_UNIX, unix.AF_UNIX
	copy(a.path[:], good)
	copy(b.path[:], t.Unix)
	shared := a
	isBad := false
	exchange := func(round int) {
		pause(round % 97)
		shared, isBad = b, true
		pause(round % 61)
		shared, isBad = a, false
	}
	contest(exchange, func() bool { return isBad }, func() {
		fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK, 0)
		if err == nil {
			_, _ = call(unix.SYS_CONNECT, fd, unsafe.Pointer(&shared), 2+max(len(good), len(t.Unix))+1)
			unix.Close(fd)
		}
	})
	return nil
}
