package features

import (
	"fmt"

	"golang.org/x/sys/unix"
)

func probeLoopback() error { return mountChild("loopback", unix.CLONE_NEWNET) }

func childLoopback() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return verdict("socket", err)
	}
	lo, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	lo.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	if err := unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, lo); err != nil {
		return verdict("bring lo up", err)
	}
	return verdict("connect over lo", connectToSelf(fd))
}

// connectToSelf makes the socket a server on some port of lo, and connects to it.
func connectToSelf(server int) error {
	if err := unix.Bind(server, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		return fmt.Errorf("bind: %w", err)
	}
	if err := unix.Listen(server, 1); err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	addr, err := unix.Getsockname(server)
	if err != nil {
		return fmt.Errorf("getsockname: %w", err)
	}
	client, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("socket: %w", err)
	}
	defer unix.Close(client)
	return unix.Connect(client, addr)
}
