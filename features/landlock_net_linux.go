package features

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

func probeLandlockBindTCP() error {
	return deniesTCP(unix.LANDLOCK_ACCESS_NET_BIND_TCP, func(fd int) error {
		return unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}})
	})
}

func probeLandlockConnectTCP() error {
	return deniesTCP(unix.LANDLOCK_ACCESS_NET_CONNECT_TCP, func(fd int) error {
		return unix.Connect(fd, &unix.SockaddrInet4{Port: 1, Addr: [4]byte{127, 0, 0, 1}}) // most likely nobody is there
	})
}

func deniesTCP(access uint64, act func(fd int) error) error {
	return denies(unix.LandlockRulesetAttr{Handled_access_net: access}, unix.EACCES, func() error {
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.IPPROTO_TCP)
		if err != nil {
			return fmt.Errorf("socket: %w", err)
		}
		defer unix.Close(fd)
		return act(fd)
	})
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
	attr := unix.LandlockRulesetAttr{Scoped: unix.LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET}
	return denies(attr, unix.EPERM, func() error { return connectUnix(addr) })
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
	err := denies(unix.LandlockRulesetAttr{Scoped: unix.LANDLOCK_SCOPE_SIGNAL}, unix.EPERM, func() error {
		return unix.Kill(parent, 0)
	})
	if errors.Is(err, unix.ESRCH) {
		return fmt.Errorf("the parent is gone: %w", unix.EINTR)
	}
	return err
}
