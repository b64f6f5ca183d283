package features

import (
	"fmt"

	"golang.org/x/sys/unix"
)

var localhost = [4]byte{127, 0, 0, 1}

func probeLandlockBindTCP() error {
	return denial{
		attr: unix.LandlockRulesetAttr{Handled_access_net: unix.LANDLOCK_ACCESS_NET_BIND_TCP},
		want: unix.EACCES,
		act: func() error {
			return withTCP(func(fd int) error { return unix.Bind(fd, &unix.SockaddrInet4{Addr: localhost}) })
		},
	}.probe()
}

func probeLandlockConnectTCP() error {
	return denial{
		attr:    unix.LandlockRulesetAttr{Handled_access_net: unix.LANDLOCK_ACCESS_NET_CONNECT_TCP},
		want:    unix.EACCES,
		without: []unix.Errno{unix.ECONNREFUSED, unix.EINPROGRESS, unix.ENETUNREACH}, // nobody is there, or lo is down
		act: func() error {
			return withTCP(func(fd int) error { return unix.Connect(fd, &unix.SockaddrInet4{Port: 1, Addr: localhost}) })
		},
	}.probe()
}

func withTCP(act func(fd int) error) error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.IPPROTO_TCP)
	if err != nil {
		return fmt.Errorf("socket: %w", err)
	}
	defer unix.Close(fd)
	return act(fd)
}

// A socket belongs to the domain of the thread that made it, so another thread of this process is outside enough.
func probeLandlockScopeUnix() error {
	server, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("socket: %w", err)
	}
	defer unix.Close(server)
	addr, err := abstractServer(server)
	if err != nil {
		return err
	}
	return denial{
		attr: unix.LandlockRulesetAttr{Scoped: unix.LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET},
		want: unix.EPERM,
		act:  func() error { return connectUnix(addr) },
	}.probe()
}

// abstractServer binds to an abstract name that the kernel chooses (unix(7), Autobind feature).
func abstractServer(fd int) (unix.Sockaddr, error) {
	if err := unix.Bind(fd, &unix.SockaddrUnix{}); err != nil {
		return nil, fmt.Errorf("bind: %w", err)
	}
	if err := unix.Listen(fd, 8); err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	return unix.Getsockname(fd)
}

func connectUnix(addr unix.Sockaddr) error {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return fmt.Errorf("socket: %w", err)
	}
	defer unix.Close(fd)
	return unix.Connect(fd, addr)
}

func probeLandlockScopeSignal() error { return inChild("scope-signal", nil) }

// childScopeSignal asks whether it may signal its parent, the process that probes: threads of one process always may.
func childScopeSignal() error {
	parent := unix.Getppid()
	return denial{
		attr: unix.LandlockRulesetAttr{Scoped: unix.LANDLOCK_SCOPE_SIGNAL},
		want: unix.EPERM,
		act:  func() error { return unix.Kill(parent, 0) },
	}.probe()
}
